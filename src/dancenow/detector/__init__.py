"""Telling performances of a learned person from filmed ones, by what the pictures show.

The detector of Chan et al., 2019 ("Everybody Dance Now", section on detecting fakes): a network
looks at consecutive frames, and a clip is judged by many of them.
"""

from dancenow.detector.detector import Detector, Verdict, is_detector

__all__ = ["Detector", "Verdict", "is_detector"]
