"""40-D acoustic features at 60 frames per second (12 MFCC, energy, deltas, F0), offline and streaming."""

from th_audio_features.profiles import PROFILES, Profile
from th_audio_features.stream import FeatureStream, extract

__all__ = ["PROFILES", "FeatureStream", "Profile", "extract"]
