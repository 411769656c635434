"""Forced alignment finds known words where a voice with known times says them."""

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.actor.phonemes import arpabet_visemes
from th_training.speech import espeak, flite
from th_training.speech.phones import PHONES
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


def recorded():
    pysptk = pytest.importorskip("pysptk", reason="pysptk is not installed")
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
    return soundfile.read(pysptk.util.example_audio_file(), dtype="float32")


def test_a_recording():
    samples, rate = recorded()
    text = "And you always want to see it in the superlative degree."  # CMU ARCTIC a0007
    found = align.alignment(samples, rate, text)
    speech = [phone for phone in found.phones if phone[2] != "SIL"]
    assert len(speech) > 25
    assert speech[-1][1] <= len(samples) / rate + 0.05
    assert {name for *_, name in found.phones} <= set(PHONES)
    assert [word for *_, word in found.words] == list(align.words(text))
    assert found.words[0][0] == speech[0][0]
    assert found.words[-1][1] == speech[-1][1]
    assert found.fit > -2


@pytest.mark.parametrize(
    "text",
    [
        "But you never wanted a sheep in the agricultural degree.",
        "The boat is on the river.",
        "And you always want to see it in the superlative degree, and so do all of my friends in the city of London.",
    ],
)
def test_another_text_than_the_spoken_one_is_found_out(text):
    with pytest.raises(InputError, match="is not what is spoken"):
        align.align(*recorded(), text)


def test_noise_is_no_text():
    noise = np.random.default_rng(0).normal(0, 0.1, 32000)
    with pytest.raises(InputError, match="is not what is spoken"):
        align.align(noise, 16000, "hello there my friend")


@pytest.mark.parametrize(("letter", "phones"), [("zed", ["Z", "EH", "D"]), ("zee", ["Z", "IY"])])
def test_the_letter_z_of_both_shores(letter, phones):
    if not flite.installed():
        pytest.skip("flite is not installed")
    utterance = flite.say(f"set white with {letter} two please", Prosody(), voice="slt", mean=170.0, spread=20.0)
    found = align.alignment(utterance.samples, utterance.sample_rate, "set white with z two please")
    begin, end, _ = found.words[3]
    assert [name for start, _, name in found.phones if begin <= start < end] == phones


def test_breath_before_a_stop_is_no_closure():
    phones = [(0.0, 0.1, "SIL"), (0.1, 0.6, "P"), (0.6, 0.7, "L"), (0.7, 1.0, "T"), (1.0, 1.2, "SIL"), (1.2, 1.5, "S")]
    found = list(align._breath_apart(phones))
    assert found == [phones[0], (0.1, pytest.approx(0.45), "SIL"), (pytest.approx(0.45), 0.6, "P"), *phones[2:]]


def test_what_cannot_be_aligned_is_named():
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    with pytest.raises(InputError, match="zzyzzx"):
        align.align(noise, 16000, "hello zzyzzx")
    with pytest.raises(InputError, match="no words"):
        align.align(noise, 16000, "?!")
    with pytest.raises(InputError, match="no speech"):
        align.align(np.zeros(16000), 16000, "hello")


def test_a_swallowed_end_is_within_its_word():
    phones = [(0.0, 0.1, "T"), (0.1, 0.2, "EH"), (0.2, 0.5, "N")]
    found = align._ended(phones, [["T", "EH"], ["N", "AW", "S"]], 0.5)
    assert [name for *_, name in found] == ["T", "EH", "N", "AW", "S"]
    np.testing.assert_allclose([start for start, *_ in found], [0, 0.1, 0.2, 0.3, 0.4])
    assert found[-1][1] == pytest.approx(0.5)
    assert align._ended(phones, [["T", "EH", "S"], ["N"]], 0.5) == phones
