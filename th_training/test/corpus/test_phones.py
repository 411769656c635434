"""Inputs of the comparative networks come from a clip's phones and emotion."""

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus.format import Clip, read_corpus, write_clip, write_manifest
from th_training.corpus.hearing import phone_rows, timed_phones
from th_training.corpus.phones import comparative_inputs
from th_training.corpus.recordings import Recording
from th_training.corpus.sound import Sound
from th_training.speech.phones import PHONES, frames, unknown


def corpus_of(folder, phones, emotion="happiness"):
    clip = Clip(id="one", speaker="me", frames=30, emotion=emotion)
    arrays = {"features": np.zeros((30, 40), np.float32), "codes": np.zeros((30, 16), np.float32)}
    write_clip(folder, clip, **arrays, **phones)
    write_manifest(folder, [clip], profile="paper")
    corpus = read_corpus(folder)
    return corpus, corpus.clips[0]


def test_phones_and_emotion_of_a_clip(tmp_path):
    x = comparative_inputs(*corpus_of(tmp_path, {"phones": frames([(0.1, 0.3, "M"), (0.3, 0.4, "IY")], 30)}))
    assert x.shape == (30, 148)
    assert PHONES[x[10, 46:92].argmax()] == "M"
    np.testing.assert_array_equal(x[:, 141:].argmax(axis=1), 3)  # happiness


@pytest.mark.parametrize(
    ("phones", "emotion", "words"),
    [
        ({}, "neutral", "'phones' is missing"),
        ({"phones": unknown(30)}, "neutral", "clip one: its phones are not known"),
        ({"phones": np.full((30, 4), 99, np.int16)}, "neutral", "clip one: phones hold an index"),
        ({"phones": frames([], 30)}, "boredom", "clip one: there is no emotion 'boredom'"),
    ],
)
def test_what_cannot_be_heard_is_named(tmp_path, phones, emotion, words):
    with pytest.raises(InputError, match=words):
        comparative_inputs(*corpus_of(tmp_path, phones, emotion))


def labelled(tmp_path, text):
    path = tmp_path / "one.lab"
    path.write_text(text)
    return Recording(id="one", video=tmp_path / "one.mp4", labels=path)


def test_labels_lie_on_the_clock_of_the_sound_that_is_left(tmp_path):
    recording = labelled(tmp_path, "0 2000000 sil\n2000000 5000000 m\n5000000 9000000 iy\n9000000 10000000 sil\n")
    sound = Sound(np.zeros(14_400, np.float32), 16_000)
    phones, source, complaint = timed_phones(recording, sound, begin=0.1)
    assert (source, complaint) == ("labels", "")
    rows = phone_rows(phones, 54)
    spoken = np.array([PHONES[i] for i in rows[:, 1]])
    assert (spoken[6:23] == "M").all()  # 0.1 to 0.4 s of what is left
    assert spoken[4] == "SIL"
    assert spoken[30] == "IY"


@pytest.mark.parametrize(
    ("text", "words"), [("0 2000000 oops\n", "'oops' is no ARPAbet phone"), ("0 90000000 aa\n", "ends at 9.00 s")]
)
def test_labels_that_do_not_fit_are_named(tmp_path, text, words):
    phones, source, complaint = timed_phones(labelled(tmp_path, text), Sound(np.zeros(16_000, np.float32), 16_000))
    assert phones == ()
    assert source == ""
    assert words in complaint
    assert (phone_rows(phones, 5) == -1).all()
