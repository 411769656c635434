"""The virtual actor: the default face as a drawn person, to make a corpus and a face model from."""

from .animate import Animation, animate
from .phonemes import arpabet_visemes, espeak_visemes
from .poses import EMOTIONS, VISEMES, pose_sheet
from .render import Actor
from .units import UNITS, Pose, pair, weights

__all__ = [
    "EMOTIONS", "UNITS", "VISEMES", "Actor", "Animation", "Pose", "animate", "arpabet_visemes",
    "espeak_visemes", "pair", "pose_sheet", "weights",
]  # fmt: skip
