"""Flite's voices (Debian's package `flite`), where they are installed: sound, and the ends of its phones in ARPAbet."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import soundfile

from th_common.errors import DeviceError, InputError
from th_training.actor import phonemes

from . import alphabets
from .melody import installed as melody_installed
from .melody import with_melody
from .prosody import Prosody
from .utterance import Phone, Utterance, to_visemes

_TIMEOUT = 60.0  # s; a sentence takes a tenth of one


def installed() -> bool:
    """True where the program `flite` is found, and what gives its sound another melody."""
    return shutil.which("flite") is not None and melody_installed()


def say(text: str, style: Prosody, *, voice: str, mean: float, spread: float) -> Utterance:
    """Speak a text with the voice named `voice`, whose own F0 has that mean and spread (Hz).

    Raises:
        DeviceError: flite is not there, or fails.
        InputError: the text has nothing to speak in it.
    """
    if not text.strip():
        raise InputError(f"there is nothing to speak in {text!r}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = [
            *("flite", "-voice", voice, "-psdur"),
            *("--setf", f"duration_stretch={1 / style.rate:.3f}"),
            *("--setf", f"int_f0_target_mean={mean:.1f}"),
            *("--setf", f"int_f0_target_stddev={spread:.1f}"),
            *("-t", text, "-o", str(path)),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=True)
            samples, rate = soundfile.read(path, dtype="float32")
        except (OSError, subprocess.SubprocessError, soundfile.LibsndfileError) as error:
            raise DeviceError(f"flite could not speak with the voice {voice!r} ({error})") from error
    timed, duration = _phones(done.stdout), len(samples) / rate
    return Utterance(
        with_melody(samples, rate, style),
        rate,
        to_visemes(timed, phonemes.arpabet_visemes, duration=duration),
        alphabets.translated(timed, alphabets.arpabet, duration=duration),
    )


def _phones(listing: str) -> list[Phone]:
    """Phones of flite's listing `pau:0.164 hh:0.233 ...`: names with the times of their ends."""
    phones: list[Phone] = []
    start = 0.0
    for item in listing.split():
        name, _, end = item.rpartition(":")
        phones.append((start, float(end), name))
        start = float(end)
    return phones
