"""Voices from strangers: the file that the parameter `voice` names."""

from __future__ import annotations

import json

import numpy as np

from fuzz.target import Target
from th_face_predictor.known_voices import KnownVoices, corrected
from th_face_predictor.voice import PLACE
from th_face_predictor.voice_file import parse_voice

KNOWN = KnownVoices(np.r_[np.zeros(12), 20.0, 5.0], np.diag(np.r_[np.full(12, 25.0), 4.0, 0.16]), 4.0)
WHOLE = {
    "format": "talking-head-voice/1",
    "name": "anna",
    "features": "robot",
    "speech_s": 9.25,
    "voiced": 0.75,
    "snr_db": 30.0,
    "place": [9.0, -21.5, *[0.0] * 10, 20.0, 5.0],
    "f0_spread": 0.2,
}


def run(data: bytes) -> str:
    """Read a voice, describe it, and hear with it: whatever it is, features stay numbers."""
    voice = parse_voice(data)
    offset = KNOWN.correction(voice)
    assert len(voice.place) == PLACE
    assert KNOWN.describe(voice).isprintable()
    assert np.isfinite(corrected(np.ones((2, 40), np.float32), offset)).all()
    return "moved" if offset.any() else "known"


VOICE = Target(
    "voice",
    "measured voices (th calibrate)",
    lambda: [json.dumps(WHOLE).encode(), json.dumps(WHOLE | {"place": [0.0] * 12 + [20.0, 5.0]}).encode()],
    run,
    ("th_face_predictor.voice_file", "th_face_predictor.known_voices"),
    (b"NaN", b"Infinity", b"1e999", b"-1", b"null", b"true", b"9" * 40, b'"place"', b"[]", b"{}", b"\\u0000"),
    2048,
)
