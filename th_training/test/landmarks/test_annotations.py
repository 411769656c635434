import numpy as np
import pytest

from th_common.errors import InputError
from th_training.landmarks.annotations import read_annotations, write_frames
from th_training.landmarks.files import write_landmarks

POINTS = np.arange(136.0).reshape(68, 2)


def test_files_belong_to_the_frames_they_are_named_after(tmp_path):
    (tmp_path / "s1_clip").mkdir()
    write_landmarks(tmp_path / "s1_clip" / "000007.ljson", POINTS)
    write_landmarks(tmp_path / "s1_clip_12.pts", POINTS + 1)
    write_landmarks(tmp_path / "portrait.pts", POINTS + 2)
    found = read_annotations(tmp_path)
    assert sorted(found.of("s1_clip")) == [7, 12]
    np.testing.assert_allclose(found.of("s1_clip")[12], POINTS + 1)
    np.testing.assert_allclose(found.pictures["portrait"], POINTS + 2)
    assert found.of("other") == {}


def test_frames_that_are_written_come_back(tmp_path):
    track = np.stack([POINTS, POINTS + 1, np.full((68, 2), np.nan)])
    assert len(list(write_frames(tmp_path / "new", "clip", track, [0, 1, 2], first=0))) == 2
    found = read_annotations(tmp_path / "new", first=0).of("clip")
    assert sorted(found) == [0, 1]
    np.testing.assert_allclose(found[1], POINTS + 1)


def test_what_is_no_annotation_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_annotations(tmp_path / "missing")
    with pytest.raises(InputError, match="no landmark file"):
        read_annotations(tmp_path)
    write_landmarks(tmp_path / "clip_1.pts", POINTS)
    write_landmarks(tmp_path / "clip_0001.ljson", POINTS)
    with pytest.raises(InputError, match="both annotate frame 1 of 'clip'"):
        read_annotations(tmp_path)
    (tmp_path / "clip_0001.ljson").write_text("{}")
    with pytest.raises(InputError, match=r"clip_0001.ljson: version"):
        read_annotations(tmp_path)
