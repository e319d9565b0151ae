"""Poses: the keypoint layout, tracks, estimators, cleaning, normalisation, drawing."""

from dancenow.pose.track import PoseTrack

__all__ = ["PoseTrack"]
