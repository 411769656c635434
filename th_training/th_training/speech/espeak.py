"""espeak-ng through its library (libespeak-ng.so.1): sound and phoneme events, in a hundred languages and many voices.

espeak_api.h gives the types. The library keeps one state per process, hence the lock.
"""

from __future__ import annotations

import ctypes
import functools
import threading

import numpy as np

from th_common.errors import DeviceError, InputError
from th_training.actor import phonemes

from . import alphabets
from .prosody import Prosody
from .utterance import Phone, Utterance, to_visemes

_LIBRARY = "libespeak-ng.so.1"
_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT
_PHONEME_EVENTS, _DO_NOT_EXIT = 1 << 0, 1 << 15  # options of espeak_Initialize
_PHONEME = 7  # espeak_EVENT_TYPE
_CHARACTERS, _UTF8 = 1, 1  # espeak_POSITION_TYPE, flags of espeak_Synth
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4  # espeak_PARAMETER
_WORDS_PER_MINUTE = 165
_LAST = 0.08  # s that the last phoneme lasts at most

_lock = threading.Lock()


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@functools.cache
def _library() -> tuple[ctypes.CDLL, int]:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise DeviceError(
            f"espeak-ng is not installed ({error}); on Debian and Ubuntu: apt install espeak-ng"
        ) from error
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS | _DO_NOT_EXIT)
    if rate <= 0:
        raise DeviceError("espeak-ng cannot start: its voices (package espeak-ng-data) are missing")
    return library, rate


def installed() -> bool:
    """True where espeak-ng can speak."""
    try:
        _library()
    except DeviceError:
        return False
    return True


def phones(
    text: str, *, voice: str = "en", rate: float = _WORDS_PER_MINUTE, pitch: float = 50, spread: float = 50
) -> tuple[np.ndarray, int, list[Phone]]:
    """Speak a text: samples (N,) float32, their rate, and the phones in espeak-ng's own mnemonics.

    Args:
        voice: language and variant, as `en+f2`.
        rate: words per minute, 80 to 450; pitch, spread (its range): 0 to 99.

    Raises:
        DeviceError: espeak-ng is not installed, or has no such voice.
        InputError: the text has nothing to speak in it.
    """
    library, sample_rate = _library()
    buffers: list[np.ndarray] = []
    events: list[tuple[float, str]] = []

    def take(samples: ctypes._Pointer, count: int, event: ctypes._Pointer) -> int:
        if samples and count:
            buffers.append(np.ctypeslib.as_array(samples, (count,)).copy())
        i = 0
        while event[i].type:
            if event[i].type == _PHONEME:
                events.append((event[i].audio_position / 1000, event[i].id.string.decode("utf-8", "replace")))
            i += 1
        return 0

    with _lock:
        callback = _Callback(take)
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.encode()):
            raise DeviceError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((_RATE, rate), (_VOLUME, 100), (_PITCH, pitch), (_RANGE, spread)):
            library.espeak_SetParameter(parameter, round(value), 0)
        data = text.encode() + b"\0"
        failed = library.espeak_Synth(data, len(data), 0, _CHARACTERS, 0, _UTF8, None, None)
        library.espeak_Synchronize()
    if failed or not buffers or all(name.startswith("_") for _, name in events):
        raise InputError(f"espeak-ng's voice {voice!r} finds nothing to speak in {text!r}")
    samples = np.concatenate(buffers).astype(np.float32) / 32768
    duration = len(samples) / sample_rate
    ends = [start for start, _ in events[1:]] + [min(events[-1][0] + _LAST, duration)]
    timed = [(start, min(end, duration), name) for (start, name), end in zip(events, ends, strict=True) if start < end]
    return samples, sample_rate, timed


def say(
    text: str, style: Prosody, *, voice: str, rate: float = 1.0, pitch: float = 50, spread: float = 50
) -> Utterance:
    """Speak a text in a style; the arguments are those of the voice at rest (`rate` against 165 words per minute).

    Raises:
        DeviceError, InputError: as `phones` does.
    """
    samples, sample_rate, timed = phones(
        text,
        voice=voice,
        rate=np.clip(_WORDS_PER_MINUTE * rate * style.rate, 90, 300),
        pitch=np.clip(pitch + 50 * np.log2(style.pitch), 0, 99),
        spread=np.clip(spread * style.range, 5, 99),
    )
    duration = len(samples) / sample_rate
    return Utterance(
        samples,
        sample_rate,
        to_visemes(timed, phonemes.espeak_visemes, duration=duration),
        alphabets.translated(timed, alphabets.espeak, duration=duration),
    )
