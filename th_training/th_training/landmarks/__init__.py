"""68 facial landmarks of pictures and videos, and what they measure."""

from th_training.landmarks.measures import inter_ocular, lip_opening
from th_training.landmarks.track import Measured, Track, load_track, save_track
from th_training.landmarks.video import cached_track, landmark_video, track_video

__all__ = [
    "Measured",
    "Track",
    "cached_track",
    "inter_ocular",
    "landmark_video",
    "lip_opening",
    "load_track",
    "save_track",
    "track_video",
]
