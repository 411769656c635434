"""Landmark files: what menpo writes is read, what we write menpo reads, and hostile files are one clear sentence."""

import json

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.landmarks.files import read_landmarks, write_landmarks
from th_training.landmarks.scheme import MIRROR

POINTS = np.random.default_rng(0).uniform(0, 400, (68, 2)).round(3)


def cloud(points):
    menpo = pytest.importorskip("menpo.shape", reason="menpo is not installed")
    return menpo.PointCloud(points[:, ::-1])


@pytest.mark.parametrize("suffix", [".pts", ".ljson"])
def test_what_is_written_is_read(tmp_path, suffix):
    path = tmp_path / f"face{suffix}"
    write_landmarks(path, POINTS)
    np.testing.assert_allclose(read_landmarks(path), POINTS, atol=1e-9)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".pts", ".ljson"])
def test_menpo_reads_what_we_write(tmp_path, suffix):
    mio = pytest.importorskip("menpo.io", reason="menpo is not installed")
    path = tmp_path / f"face{suffix}"
    write_landmarks(path, POINTS)
    [shape] = mio.import_landmark_file(path).values()
    np.testing.assert_allclose(shape.points[:, ::-1], POINTS, atol=1e-9)


@pytest.mark.parametrize("suffix", [".pts", ".ljson"])
def test_what_menpo_writes_is_read(tmp_path, suffix):
    mio = pytest.importorskip("menpo.io", reason="menpo is not installed")
    path = tmp_path / f"face{suffix}"
    mio.export_landmark_file(cloud(POINTS), path)
    np.testing.assert_allclose(read_landmarks(path), POINTS, atol=1e-9)


def test_labelled_parts_are_written_as_menpo_writes_them(tmp_path):
    mio = pytest.importorskip("menpo.io", reason="menpo is not installed")
    from menpo.landmark import face_ibug_68_to_face_ibug_68

    mio.export_landmark_file(face_ibug_68_to_face_ibug_68(cloud(POINTS)), tmp_path / "theirs.ljson")
    write_landmarks(tmp_path / "ours.ljson", POINTS)
    assert json.loads((tmp_path / "ours.ljson").read_text()) == json.loads((tmp_path / "theirs.ljson").read_text())


def test_the_first_pixel_is_one_in_a_pts_file_unless_said_otherwise(tmp_path):
    path = tmp_path / "face.pts"
    write_landmarks(path, np.zeros((68, 2)))
    assert path.read_text().splitlines()[3] == "1.000 1.000"
    np.testing.assert_array_equal(read_landmarks(path, first=0), np.ones((68, 2)))
    write_landmarks(path, np.zeros((68, 2)), first=0)
    assert path.read_text().splitlines()[3] == "0.000 0.000"
    with pytest.raises(InputError, match="0 or from 1"):
        read_landmarks(path, first=2)


def test_a_file_as_ibug_has_it(tmp_path):
    path = tmp_path / "indoor_001.PTS"
    body = "\r\n".join(f"{x:.6f} {y:.6f} " for x, y in POINTS + 1)
    path.write_bytes(f"version: 1\r\nn_points:  68\r\n{{\r\n{body}\r\n}}\r\n\r\n".encode())
    np.testing.assert_allclose(read_landmarks(path), POINTS, atol=1e-5)


def pts(points=POINTS, head="version: 1\nn_points: 68"):
    return head + "\n{\n" + "\n".join(f"{x} {y}" for x, y in points) + "\n}\n"


def ljson(change):
    face = {"version": 3, "groups": {"a": {"labels": [], "landmarks": {"points": POINTS.tolist()}}}}
    change(face)
    return json.dumps(face)


HOSTILE = [
    ("a.pts", "", "between a line"),
    ("a.pts", pts()[:-3], "between a line"),
    ("a.pts", pts(POINTS[:5]), "5 points"),
    ("a.pts", pts(POINTS[:67], "n_points: 67"), "67 points"),
    ("a.pts", pts(head="version: 2\nn_points: 68"), "version '2'"),
    ("a.pts", pts(head="n_points 68"), "not 'name: value'"),
    ("a.pts", pts().replace(str(POINTS[7, 0]), "nan", 1), "landmark 7 is not a finite"),
    ("a.pts", pts().replace(str(POINTS[7, 0]), "1e9", 1), "landmark 7 lies outside"),
    ("a.pts", pts().replace(str(POINTS[7, 0]), "x", 1), "landmark 7 is not two numbers"),
    ("a.pts", pts().replace(str(POINTS[7, 0]), "1 2", 1), "landmark 7 is not two numbers"),
    ("a.pts", b"\xff\xfe\x00", "not text"),
    ("a.pts", pts() + " " * (1 << 20), "larger than"),
    ("a.txt", pts(), "end in .pts or .ljson"),
    ("a.ljson", "{", "not JSON"),
    ("a.ljson", "[" * 100_000, "not JSON"),
    ("a.ljson", "[]", "version"),
    ("a.ljson", ljson(lambda face: face.update(version=2)), "version '2'"),
    ("a.ljson", ljson(lambda face: face.update(groups=[])), "no groups"),
    ("a.ljson", ljson(lambda face: face["groups"].update(b=face["groups"]["a"])), "2 groups of 68"),
    ("a.ljson", ljson(lambda face: face["groups"]["a"]["landmarks"]["points"].pop()), "0 groups of 68"),
    ("a.ljson", ljson(lambda face: face["groups"]["a"].update(landmarks=3)), "0 groups of 68"),
    ("a.ljson", ljson(lambda face: face["groups"]["a"]["landmarks"]["points"].__setitem__(4, [None, 1])), "landmark 4"),
    ("a.ljson", ljson(lambda face: face["groups"]["a"]["landmarks"]["points"].__setitem__(4, [10**400, 1])), "landmark 4"),
    ("a.ljson", ljson(lambda face: face["groups"]["a"]["landmarks"]["points"].__setitem__(4, [1, 2, 3])), "landmark 4"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "text"), HOSTILE)
def test_hostile_files_are_one_sentence(tmp_path, name, content, text):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=text) as error:
        read_landmarks(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_what_cannot_be_written_is_refused(tmp_path):
    for points in (np.full((68, 2), np.nan), np.zeros((67, 2)), np.zeros((2, 68, 2))):
        with pytest.raises(InputError, match="68"):
            write_landmarks(tmp_path / "a.pts", points)
    with pytest.raises(InputError, match="cannot be written"):
        write_landmarks(tmp_path / "nowhere" / "a.pts", POINTS)
    assert not list(tmp_path.iterdir())


def test_no_text_breaks_the_parsers(tmp_path_factory):
    hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
    from hypothesis import strategies as st

    folder = tmp_path_factory.mktemp("hostile")
    line = (
        st.sampled_from(["version: 1", "n_points: 68", "{", "}", "1 2", "nan 1", "1e400 0", "-1", "", ":"]) | st.text()
    )
    values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["groups", "landmarks", "points"]) | st.text(), inner),
        max_leaves=12,
    )  # fmt: skip

    @hypothesis.settings(max_examples=150, deadline=None)
    @hypothesis.given(st.lists(line, max_size=8).map("\n".join), values, st.binary(max_size=60))
    def check(text, groups, noise):
        trials = (("a.pts", text.encode("utf-8", "ignore")), ("b.pts", noise), ("c.ljson", noise))
        for name, content in (*trials, ("d.ljson", json.dumps({"version": 3, "groups": groups}).encode())):
            path = folder / name
            path.write_bytes(content)
            with pytest.raises(InputError):
                read_landmarks(path)

    check()


def test_any_points_survive_the_round_trip(tmp_path_factory):
    hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
    arrays = pytest.importorskip("hypothesis.extra.numpy", reason="hypothesis is not installed")
    from hypothesis import strategies as st

    folder = tmp_path_factory.mktemp("round")
    numbers = st.floats(-9e4, 9e4)

    @hypothesis.settings(max_examples=50, deadline=None)
    @hypothesis.given(arrays.arrays(np.float64, (68, 2), elements=numbers), st.sampled_from([0, 1]))
    def check(points, first):
        for name, tolerance in (("a.pts", 6e-4), ("a.ljson", 1e-6)):
            write_landmarks(folder / name, points, first=first)
            np.testing.assert_allclose(read_landmarks(folder / name, first=first), points, atol=tolerance)

    check()


def test_a_mirror_image_mirrored_is_the_face():
    np.testing.assert_array_equal(MIRROR[MIRROR], np.arange(68))
    assert MIRROR[[0, 17, 36, 48, 60, 30]].tolist() == [16, 26, 45, 54, 64, 30]
