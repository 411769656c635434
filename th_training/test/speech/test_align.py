"""Forced alignment finds known words where a voice with known times says them."""

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.actor.phonemes import arpabet_visemes
from th_training.speech import espeak, flite
from th_training.speech.prosody import Prosody
from th_training.speech.utterance import to_visemes

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
from th_training.speech import align

TEXT = "Breakfast is served from half past six until ten."


def spoken():
    if flite.installed():
        return flite.say(TEXT, Prosody(), voice="slt", mean=170.0, spread=20.0)
    if espeak.installed():
        return espeak.say(TEXT, Prosody(), voice="en-us")
    return pytest.skip("neither flite nor espeak-ng is installed")


def test_lip_closures_are_found():
    utterance = spoken()
    phones = align.align(utterance.samples, utterance.sample_rate, TEXT)
    found = to_visemes(phones, arpabet_visemes, duration=utterance.duration)
    lips = [[s for s in segments if s[2] in ("MM", "FF")] for segments in (utterance.segments, found)]
    assert [name for *_, name in lips[0]] == [name for *_, name in lips[1]]
    errors = [abs(a[0] - b[0]) for a, b in zip(*lips, strict=True)]
    assert np.median(errors) < 0.03
    assert max(errors) < 0.1


def test_a_recording():
    pysptk = pytest.importorskip("pysptk", reason="pysptk is not installed")
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
    samples, rate = soundfile.read(pysptk.util.example_audio_file(), dtype="float32")
    phones = align.align(samples, rate, "And you always want to see it in the superlative degree.")  # CMU ARCTIC a0007
    speech = [phone for phone in phones if phone[2] != "SIL"]
    assert len(speech) > 25
    assert speech[-1][1] <= len(samples) / rate + 0.05


def test_what_cannot_be_aligned_is_named():
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    with pytest.raises(InputError, match="zzyzzx"):
        align.align(noise, 16000, "hello zzyzzx")
    with pytest.raises(InputError, match="no words"):
        align.align(noise, 16000, "?!")
    with pytest.raises(InputError, match="no speech"):
        align.align(np.zeros(16000), 16000, "hello")
