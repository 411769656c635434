"""Inputs of the comparative networks come from a clip's phones and emotion."""

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus.format import Clip, read_corpus, write_clip, write_manifest
from th_training.corpus.phones import comparative_inputs
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
