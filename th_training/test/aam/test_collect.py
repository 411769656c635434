"""What a face is built from: frames chosen, portraits placed, the face at rest found, surroundings melted in."""

import cv2
import numpy as np
import pytest

from th_common.errors import InputError
from th_training.aam.build import build_face
from th_training.aam.collect import collect
from th_training.aam.farthest import farthest
from th_training.aam.portrait import FACE_HEIGHT, portrait
from th_training.aam.rest import calm_frames, lid_opening
from th_training.aam.surroundings import face_share
from th_training.landmarks.pose import align_all, move, similarity
from th_training.landmarks.sources import Sources
from th_training.landmarks.track import Track


class Film(Sources):
    """Sources that know their tracks; pictures are read from files of one colour."""

    def track(self, path):
        return TRACKS[path.stem]


TRACKS: dict[str, Track] = {}


@pytest.fixture
def film(drawn, tmp_path):
    """Four clips of 20 frames as video files; the last is filmed in orange light."""
    from th_training.movie import write_movie

    TRACKS.clear()
    paths = []
    for k in range(4):
        part = slice(20 * k, 20 * k + 20)
        light = np.array([0.4, 0.9, 1.0] if k == 3 else [1.0, 1.0, 1.0])
        paths.append(tmp_path / f"c{k}.mp4")
        write_movie(paths[-1], [np.round(image * light).astype(np.uint8) for image in drawn[1][part]], fps=25, crf=8)
        TRACKS[f"c{k}"] = Track(drawn[2][part].astype(np.float32), np.full(20, 0.9, np.float32), 25.0, size=(96, 96))
    return paths, Film(tmp_path)


def test_clips_in_another_light_are_left_out_by_name(film):
    paths, sources = film
    found = collect(paths, sources, 30)
    assert [path.stem for path in found.files] == ["c0", "c1", "c2"]
    assert "c3.mp4: in another light" in found.left_out[0]
    assert [path.stem for path in collect(paths, sources, 30, any_light=True).files] == ["c0", "c1", "c2", "c3"]


def test_frames_are_chosen_and_read_in_one_order(film, drawn):
    paths, sources = film
    found = collect(paths[:3], sources, 30)
    pictures = list(found.pictures())
    assert len(pictures) == len(found.landmarks) == 30
    for k in (0, 17, 29):
        clip, frame = found.name(k).split(" frame ")
        truth = drawn[1][20 * int(clip[1:]) + int(frame)]
        assert np.abs(pictures[k].astype(int) - truth).mean() < 6
        np.testing.assert_allclose(found.landmarks[k], drawn[2][20 * int(clip[1:]) + int(frame)], atol=1e-4)


def test_doubtful_frames_are_not_used_and_annotated_ones_always(film):
    paths, sources = film
    first = TRACKS["c0"]
    confidence = np.full(20, 0.1, np.float32)
    confidence[[4, 9]] = 1
    TRACKS["c0"] = Track(first.landmarks, confidence, 25.0, frozenset({4, 9}), (96, 96))
    found = collect(paths[:3], sources, 5)
    assert {4, 9} <= set(found.chosen[0])
    assert set(found.chosen[0]) == {4, 9}


def test_too_few_frames_are_said_in_words(film):
    paths, sources = film
    first = TRACKS["c0"]
    TRACKS["c0"] = Track(first.landmarks[:1], first.confidence[:1], 25.0, size=(96, 96))
    with pytest.raises(InputError, match="at least 10 frames with sure landmarks, there are 1"):
        collect(paths[:1], sources, 30, least=10)
    TRACKS["c0"] = Track(first.landmarks, np.full(20, 0.1, np.float32), 25.0, size=(96, 96))
    with pytest.raises(InputError, match="no frame has landmarks"):
        collect(paths[:1], sources, 30)


def test_rare_frames_are_found():
    flat = np.zeros((100, 3))
    flat[77] = 5
    assert farthest(flat, [0], 1) == [77]
    assert len(farthest(flat, [0], 1000)) == 100


def test_no_usable_file_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no")
    with pytest.raises(InputError, match=r"none of the 1 files can be used; first: .*a.mp4"):
        collect([tmp_path / "a.mp4"], Sources(tmp_path), 30)


def test_a_portrait_is_full_of_picture_and_the_face_stands_in_it(synthetic):
    points = np.stack([synthetic.landmarks(pose) for pose in synthetic.poses(20)]) * 2 + [300, 60]
    maps = np.concatenate([np.broadcast_to(np.eye(2), (20, 2, 2)), np.zeros((20, 2, 1))], 2)
    place = portrait(points, maps, (480, 720), 512)
    moved = move(points, place)
    assert np.ptp(moved.mean(0)[:, 1]) == pytest.approx(FACE_HEIGHT * 512)
    assert (moved.min((0, 1)) > 60).all()
    corners = (np.array([[-0.5, -0.5], [511.5, 511.5]]) - place[:, 2]) / place[0, 0]
    assert corners.min() >= -0.5 - 1e-6
    assert (corners[1] <= [719.5, 479.5]).all()
    close = portrait(points, maps, (290, 720), 512)  # the picture ends below the chin
    assert np.ptp(move(points, close).mean(0)[:, 1]) > FACE_HEIGHT * 512
    with pytest.raises(InputError, match="too little around"):
        portrait(points, maps, (190, 480), 512)


def test_shapes_are_aligned_whatever_their_pose():
    rng = np.random.default_rng(0)
    shape = rng.normal(0, 30, (68, 2))
    turned = []
    for _ in range(5):
        angle, scale = rng.normal(0, 0.3), rng.uniform(0.5, 2)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned.append(shape @ turn.T + rng.normal(0, 50, 2))
    aligned = align_all(np.stack(turned))
    np.testing.assert_allclose(aligned, np.broadcast_to(turned[0], aligned.shape), atol=1e-6)
    np.testing.assert_allclose(move(turned[1], similarity(turned[1], shape)), shape, atol=1e-9)


def test_the_face_at_rest_has_closed_lips_and_open_eyes(drawn):
    poses, _, landmarks = drawn
    found = calm_frames(landmarks, poses[:, :8])
    assert 1 <= len(found) <= 12
    assert poses[found, 0].max() < np.quantile(poses[:, 0], 0.3)
    assert lid_opening(landmarks)[found].min() >= np.median(lid_opening(landmarks)) - 1e-9


def test_surroundings_are_of_one_frame_and_melt_into_the_face(drawn):
    rng = np.random.default_rng(2)
    images, points = [], []
    for image, marks in zip(drawn[1][:60], drawn[2][:60], strict=True):
        shift = rng.normal(0, 2, 2)
        turn = np.c_[np.eye(2), shift]
        images.append(cv2.warpAffine(image, turn, (96, 96), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
        points.append(marks + shift)
    face = build_face(images, np.array(points), align=True)
    from th_training.aam.frame import TextureFrame

    share = face_share(TextureFrame(face.model.reference, face.model.triangles, (96, 96)))[..., 0]
    assert share.max() == pytest.approx(1)
    assert share[0].max() == 0
    y0, x0, y1, x1 = face.model.roi
    peak = np.abs(face.model.texture_modes).max((0, 3))
    ring = share[y0:y1, x0:x1]
    assert peak[ring == 0].max() == 0
    assert peak[(ring > 0) & (ring < 0.02)].max() < 0.1 * peak.max()
