import numpy as np
import pytest
from menpo.image import Image
from menpo.shape import PointCloud, TriMesh
from menpo.transform import PiecewiseAffine

from th_common.errors import InputError
from th_training.aam.frame import TextureFrame
from th_training.aam.support import make_mesh


@pytest.fixture(scope="module")
def mesh(drawn):
    return make_mesh(drawn[2], (96, 96))


@pytest.fixture(scope="module")
def frame(mesh):
    return TextureFrame(mesh.reference, mesh.triangles, (96, 96))


def test_places_agree_with_menpo(frame, mesh, drawn):
    points = mesh.points(drawn[2][5:6])[0]
    transform = PiecewiseAffine(TriMesh(frame.points[:, ::-1], trilist=frame.triangles), PointCloud(points[:, ::-1]))
    y, x = np.mgrid[2:94:3, 2:94:3]
    expected = transform.apply(np.stack([y.ravel(), x.ravel()], 1).astype(float))
    found = frame.sources(points)[y.ravel(), x.ravel()][:, ::-1]
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_pictures_agree_with_menpo(frame, mesh, drawn):
    picture, points = drawn[1][7], mesh.points(drawn[2][7:8])[0]
    image = Image(np.moveaxis(picture, -1, 0).astype(float))
    transform = PiecewiseAffine(TriMesh(frame.points[:, ::-1], trilist=frame.triangles), PointCloud(points[:, ::-1]))
    y, x = np.mgrid[1:95, 1:95]
    places = transform.apply(np.stack([y.ravel(), x.ravel()], 1).astype(float))
    expected = image.sample(places, order=3).T.reshape(94, 94, 3)
    found = frame.warp(picture, points)[1:95, 1:95].astype(float)
    # Two cubic filters (menpo's B-spline, OpenCV's Keys kernel) differ at edges only.
    assert np.median(np.abs(found - expected)) <= 1
    assert np.abs(found - expected).mean() < 2.5


def test_nothing_moves_without_movement(frame, drawn):
    warped = frame.warp(drawn[1][0], frame.points)
    assert np.abs(warped.astype(int) - drawn[1][0]).max() <= 1


def test_a_closed_mouth_is_hardly_seen(frame, mesh, drawn):
    seen = frame.visibility(mesh.points(drawn[2]))
    mouth = np.isin(mesh.triangles, [*range(60, 68), *range(92, 102)]).all(1)
    gap = drawn[2][:, 66, 1] - drawn[2][:, 62, 1]
    assert seen[gap.argmin()][mouth].mean() < 0.5 * seen[gap.argmax()][mouth].mean()
    assert seen[:, mouth].min() >= 0.1
    assert seen.max() == 1


@pytest.mark.parametrize("bad", [np.zeros((96, 96), np.uint8), np.zeros((96, 96, 3))])
def test_other_pictures_are_refused(frame, bad):
    with pytest.raises(InputError, match="uint8"):
        frame.warp(bad, frame.points)


def test_points_that_are_not_numbers_are_refused(frame, drawn):
    with pytest.raises(InputError, match="finite"):
        frame.warp(drawn[1][0], np.full_like(frame.points, np.nan))
