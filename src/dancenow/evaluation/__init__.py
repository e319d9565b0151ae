"""Metrics of pictures, poses and dances."""

from dancenow.evaluation.pictures import PictureScores, picture_scores
from dancenow.evaluation.poses import PoseScores, pose_scores

__all__ = ["PictureScores", "PoseScores", "picture_scores", "pose_scores"]
