"""The natural voice "heart" (woman, American English) of hibari, and the speakers that its spectra make.

hibari's network gives a spectrum per 12.5 ms and F0, from which the sound is made: so pitch, its range and the length of the
vocal tract (the spectra's frequency axis) can be chosen freely, and one voice becomes several speakers.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import alphabets
from .ipa import ipa_visemes, merged
from .prosody import Prosody
from .utterance import Phone, Utterance, joined, to_visemes

_DURATIONS = "/Clip_output_0"  # frames per phoneme id
_LAG = 0.057  # s by which the durations trail the sound (lip closures against forced alignment, 12 sentences)
_SOUND = 0.02  # of the loudest 10 ms: what is fainter at a sentence's end is no speech any more
_JOINTS = 0.12  # s of silence between sentences
_VOICED = 40.0  # Hz; below it the voice's F0 means unvoiced
_CEILING = 420.0  # Hz; no speaker talks higher


@functools.cache
def _voice() -> tuple[Any, Any]:
    import hibari
    from hibari.voices import voice_path

    from .onnx_tensor import session_with

    voice = hibari.Hibari()
    return voice, session_with(voice_path(voice.voice), _DURATIONS)


def say(
    text: str, style: Prosody, *, seed: int, pitch: float = 1.0, tract: float = 1.0, breath: float = 0.0
) -> Utterance:
    """Speak a text.

    Args:
        style: rate, pitch, range and tract.
        pitch: the speaker's F0 as a ratio to the voice's own.
        tract: formant frequencies as a ratio to the voice's own (0.85: a man's longer vocal tract).
        breath: dB of noise added to (or taken from) the voice's own.

    Raises:
        InputError: the text has nothing to speak in it.
    """
    from hibari import dsp

    voice, session = _voice()
    rng = np.random.default_rng(seed)
    rate = dsp.SR
    pieces: list[np.ndarray] = []
    symbols: list[tuple[str, float]] = []
    for phonemes in voice.phonemize(text):
        known = [symbol for symbol in phonemes if symbol in voice.vocab]
        ids = np.array([[0, *(voice.vocab[symbol] for symbol in known), 0]], np.int64)
        *spectra, f0, frames = session.run(None, {"ids": ids, "speed": np.array([style.rate], np.float32)})
        lh, theta, ln, lr, phi = (_warped(part[0], tract * style.tract) for part in spectra)
        f0 = _melody(f0[0], pitch=pitch * style.pitch, spread=style.range)
        samples = dsp.synth(lh, theta, ln + np.float32(breath * np.log(10) / 20), lr, phi, f0, rng)
        seconds = frames.reshape(-1).astype(float)
        seconds *= len(samples) / rate / seconds.sum()
        symbols += _ended(list(zip(["^", *known, "$"], seconds.tolist(), strict=True)), _end_of_sound(samples, rate))
        pieces += [samples, np.zeros(round(_JOINTS * rate), np.float32)]
        symbols.append((".", len(pieces[-1]) / rate))
    samples = joined(pieces, text)
    duration = len(samples) / rate

    def heard(letters: list[tuple[str, float]]) -> list[Phone]:
        return [(start - _LAG, end - _LAG, name) for start, end, name in merged(letters)]

    return Utterance(
        samples,
        rate,
        to_visemes(heard(symbols), ipa_visemes, duration=duration),
        alphabets.translated(heard(alphabets.paired(symbols)), alphabets.ipa, duration=duration),
    )


def _warped(part: np.ndarray, tract: float) -> np.ndarray:
    """Spectra (bins, F) with the frequency axis stretched by `tract`; above its end the highest bin goes on."""
    if tract == 1.0:
        return part
    source = np.minimum(np.arange(len(part)) / tract, len(part) - 1)
    low = np.floor(source).astype(int)
    share = (source - low).astype(np.float32)[:, None]
    high = np.minimum(low + 1, len(part) - 1)
    return part[low] * (1 - share) + part[high] * share


def _melody(f0: np.ndarray, *, pitch: float, spread: float) -> np.ndarray:
    voiced = f0 > _VOICED
    if not voiced.any():
        return f0
    octaves = np.log2(np.maximum(f0, _VOICED))
    centre = np.median(octaves[voiced])
    changed = np.exp2(centre + np.log2(pitch) + spread * (octaves - centre))
    return np.where(voiced, np.clip(changed, 1.2 * _VOICED, _CEILING), f0).astype(np.float32)


def _end_of_sound(samples: np.ndarray, rate: int) -> float:
    """The time (s) after which a sentence is silent."""
    step = rate // 100
    power = np.square(samples[: len(samples) // step * step]).reshape(-1, step).mean(1)
    return float(np.flatnonzero(power >= _SOUND**2 * power.max())[-1] + 1) / 100


def _ended(symbols: list[tuple[str, float]], end: float) -> list[tuple[str, float]]:
    """The last phone's time, of which the voice's durations hold half of the following pause, cut where the sound ends."""
    last = max(i for i, (symbol, _) in enumerate(symbols) if symbol.isalpha())
    before = sum(duration for _, duration in symbols[:last])
    name, duration = symbols[last]
    kept = float(np.clip(end + _LAG - before, min(0.05, duration), duration))
    tail_name, tail = symbols[-1]
    return [*symbols[:last], (name, kept), *symbols[last + 1 : -1], (tail_name, tail + duration - kept)]
