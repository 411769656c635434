"""68 facial landmarks of pictures and videos, and what they measure."""

from th_training.landmarks.measures import inter_ocular, lip_opening
from th_training.landmarks.video import Track, cached_track, landmark_video, read_video, track_video

__all__ = ["Track", "cached_track", "inter_ocular", "landmark_video", "lip_opening", "read_video", "track_video"]
