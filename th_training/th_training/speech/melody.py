"""Another melody for a voice that is already sound: pitch-synchronous overlap and add (Moulines and Charpentier, 1990), as Praat does it."""

from __future__ import annotations

import importlib.util

import numpy as np

from .prosody import Prosody

_FLOOR, _CEILING = 60.0, 400.0  # Hz, of the voices' own F0
_LOWEST = 50.0  # Hz, of any voice after it
_STEP = 0.01  # s between looks at F0


def installed() -> bool:
    """True where Praat's library (praat-parselmouth) is installed."""
    return importlib.util.find_spec("parselmouth") is not None


def with_melody(samples: np.ndarray, sample_rate: int, style: Prosody) -> np.ndarray:
    """A voice (N,) with the pitch, its range and the vocal tract of a style, at its own pace: (N,) float32.

    Sound without any voice in it comes back as it is. Needs `installed`.
    """
    from parselmouth import Sound
    from parselmouth.praat import call

    sound = Sound(samples.astype(np.float64), sample_rate)
    pitch = call(sound, "To Pitch", 0.0, _FLOOR, _CEILING)
    median = call(pitch, "Get quantile", 0.0, 0.0, 0.5, "Hertz")
    if not np.isfinite(median):
        return np.asarray(samples, np.float32)
    if style.tract != 1.0:
        sound = call([sound, pitch], "Change gender", style.tract, 0.0, 1.0, 1.0)
    manipulation = call(sound, "To Manipulation", _STEP, _FLOOR, _CEILING)
    tier = call(manipulation, "Extract pitch tier")
    highest = _CEILING * max(style.pitch, 1.0)
    call(tier, "Formula", f"min(max({median * style.pitch} * (self / {median}) ^ {style.range}, {_LOWEST}), {highest})")
    call([manipulation, tier], "Replace pitch tier")
    changed = call(manipulation, "Get resynthesis (overlap-add)").values[0]
    changed = np.pad(changed[: len(samples)], (0, max(0, len(samples) - len(changed))))
    return np.asarray(changed, np.float32)
