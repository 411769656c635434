"""What a recording's sound and pictures have in common becomes a clip, or the recording is named."""

import numpy as np
import pytest
import scipy.io.wavfile

from th_common.errors import InputError
from th_training.corpus.hearing import make_clip
from th_training.corpus.pictures import Pictures
from th_training.corpus.recordings import Recording

RATE = 16_000


def test_pictures_without_any_face_are_named(tmp_path):
    noise = np.random.default_rng(0).normal(0, 3000, RATE).astype(np.int16)
    scipy.io.wavfile.write(tmp_path / "one.wav", RATE, noise)
    recording = Recording(id="one", video=tmp_path / "one.mkv", sound=tmp_path / "one.wav")
    rows = np.zeros((60, 16), np.float32)
    pictures = Pictures(rows, np.zeros(60, np.float32), np.zeros((0, 68, 2), np.float32), 25.0, 0.0)
    with pytest.raises(InputError, match=r"one\.mkv: no picture shows a face"):
        make_clip(tmp_path / "corpus", recording, pictures, key="k", profile="paper")
    assert not (tmp_path / "corpus").exists()
