import numpy as np
import pytest

from th_common.errors import InputError
from th_training.aam.support import importance, inside, make_mesh, reference_landmarks
from th_training.aam.triangulation import areas


@pytest.fixture(scope="module")
def mesh(drawn):
    _, images, landmarks = drawn
    return make_mesh(landmarks, images.shape[1:3])


def test_the_mesh_fills_the_picture(mesh, drawn):
    height, width = drawn[1].shape[1:3]
    assert areas(mesh.reference, mesh.triangles).sum() == pytest.approx(height * width)
    assert areas(mesh.reference, mesh.triangles).min() > 0


def test_the_ring_is_outside_of_every_frame(mesh, drawn):
    ring = mesh.reference[68:80]
    edges = np.roll(ring, -1, 0) - ring
    to = drawn[2][:, :, None] - ring
    assert (edges[:, 0] * to[..., 1] - edges[:, 1] * to[..., 0]).min() > 0


def test_no_triangle_around_the_face_folds(mesh, synthetic):
    wide = np.zeros(synthetic.UNITS)
    wide[0] = 1.0
    points = mesh.points(np.stack([synthetic.landmarks(wide), synthetic.landmarks(-wide)]))
    around = ((mesh.triangles >= 68) & (mesh.triangles < 92)).any(1)
    assert areas(points, mesh.triangles)[:, around].min() > 0


def test_triangles_outside_the_ring_never_move(mesh, drawn):
    points = mesh.points(drawn[2])
    outer = np.unique(mesh.triangles[~inside(mesh.triangles)])
    assert np.ptp(points[:, outer], axis=0).max() == 0


def test_lips_lids_and_teeth_are_edges(mesh):
    edges = {frozenset(pair) for t in mesh.triangles.tolist() for pair in zip(t, t[1:] + t[:1], strict=True)}
    for a, b in [(60, 61), (64, 65), (48, 49), (36, 37), (41, 36), (92, 93), (68, 69), (79, 68), (31, 48), (35, 54)]:
        assert frozenset((a, b)) in edges


def test_importance_is_highest_inside_the_mouth(mesh):
    weight = importance(mesh.triangles)
    mouth = np.isin(mesh.triangles, [*range(60, 68), *range(92, 102)]).all(1)
    assert mouth.sum() > 10
    assert set(weight[mouth]) == {6.0}
    around = ((mesh.triangles >= 68) & (mesh.triangles < 92)).any(1)
    assert set(weight[around]) == {0.05}
    assert set(weight[~mouth & ~around]) == {1.0, 2.0}


def test_reference_has_the_mouth_open(drawn):
    landmarks = drawn[2]
    reference = reference_landmarks(landmarks)
    assert reference[66, 1] - reference[62, 1] > 1.2 * (landmarks[:, 66, 1] - landmarks[:, 62, 1]).mean()


def test_a_face_at_the_edge_is_refused(drawn):
    with pytest.raises(InputError, match="room"):
        make_mesh(drawn[2] - [19, 0], (96, 96))
