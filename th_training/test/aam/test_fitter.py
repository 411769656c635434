import numpy as np
import pytest

from th_common.errors import InputError
from th_training.aam.encode import FaceEncoder
from th_training.aam.fitter import Fitter
from th_training.aam.look import LookReader


@pytest.fixture(scope="module")
def fitter(actor_face):
    return Fitter.of_face(actor_face)


def error(found, truth):
    return float(np.linalg.norm(found - truth, axis=-1).mean())


def test_code_and_pose_of_a_drawn_picture_are_found(fitter, scene):
    for time in (0.0, 0.5, 0.9):
        fit = fitter.start(scene.picture(time), scene.landmarks(0.3))
        assert error(fit.landmarks, scene.landmarks(time)) < 0.2
        np.testing.assert_allclose(fit.shape, scene.code(time)[:8], atol=0.5)
        assert np.sqrt(((fit.shape - scene.code(time)[:8]) ** 2).mean()) < 0.3  # an sd of the eighth mode is 0.1 px
        np.testing.assert_allclose(fit.pose[:, :2], scene.pose(time)[:, :2], atol=0.004)
        assert fit.explained > 0.97


def test_rough_places_lead_to_the_same_face(fitter, scene):
    rng = np.random.default_rng(1)
    truth, picture = scene.landmarks(0.4), scene.picture(0.4)
    diagonal = np.linalg.norm(np.ptp(truth, axis=0))
    for _ in range(6):
        shift = rng.uniform(-0.07, 0.07, 2) * diagonal
        rough = (truth - truth.mean(0)) * rng.uniform(0.87, 1.15) + truth.mean(0) + shift
        assert error(fitter.start(picture, rough).landmarks, truth) < 0.2


def test_each_picture_from_the_last(fitter, scene):
    state = fitter.start(scene.picture(0.0), scene.landmarks(0.0)).state
    for frame in range(1, 25):
        fit = fitter.follow(scene.picture(frame / 25), state)
        state = fit.state
        assert error(fit.landmarks, scene.landmarks(frame / 25)) < 0.25


def test_expression_is_free_of_the_heads_pose(fitter, scene, monkeypatch):
    places = [scene.pose(t) for t in (0.0, 0.9, 2.2)]
    codes = []
    for place in places:
        monkeypatch.setattr(scene, "pose", lambda time, place=place: place)
        codes.append(fitter.start(scene.picture(0.5), scene.landmarks(0.5)).shape)
    np.testing.assert_allclose(codes[1:], [codes[0]] * 2, atol=0.3)


@pytest.mark.parametrize("large", [2.0, 3.5])
def test_large_pictures_give_the_same_code(fitter, scene, large):
    small = fitter.start(scene.picture(0.6), scene.landmarks(0.6))
    picture = scene.picture(0.6, large=large)
    fit = fitter.start(picture, (scene.landmarks(0.6) + 0.5) * large - 0.5)
    assert error((fit.landmarks + 0.5) / large - 0.5, small.landmarks) < 0.2
    np.testing.assert_allclose(fit.shape, small.shape, atol=0.4)


@pytest.mark.parametrize(("gain", "offset"), [(0.6, 0.0), (0.8, 20.0), (1.1, -10.0)])
def test_another_exposure_changes_no_code(fitter, actor_face, scene, gain, offset):
    reader = LookReader(actor_face)
    usual, other = [], []
    for time in np.arange(6) / 10:
        picture = scene.picture(time)
        changed = np.clip(picture * gain + offset, 0, 255).astype(np.uint8)
        usual.append((picture, fitter.start(picture, scene.landmarks(time))))
        other.append((changed, fitter.start(changed, scene.landmarks(time))))
    lights = [fitter.light(fit.state for _, fit in fits) for fits in (usual, other)]
    np.testing.assert_allclose(lights[0][:3], 0.0, atol=0.1)
    np.testing.assert_allclose(1 + lights[1][:3], gain * (1 + lights[0][:3]), atol=0.04)
    for (picture, one), (changed, two) in zip(usual, other, strict=True):
        np.testing.assert_allclose(two.shape, one.shape, atol=0.5)
        first = reader.read(picture, one.shape, one.pose, lights[0])
        assert np.sqrt(((reader.read(changed, two.shape, two.pose, lights[1]) - first) ** 2).mean()) < 0.2


def test_what_is_no_face_is_not_explained(fitter, scene):
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    assert fitter.start(noise, scene.landmarks(0.0)).explained < 0.3
    assert fitter.start(np.zeros_like(noise), scene.landmarks(0.0)).explained < 0.3


def test_appearance_is_that_of_the_whole_portrait(actor_face, scene):
    reader, encoder = LookReader(actor_face), FaceEncoder(actor_face)
    still = np.c_[np.eye(2), np.zeros(2)]
    for time in (0.1, 0.8):
        code = scene.code(time)
        portrait = scene._decoder.render(code, actor_face.canvas).copy()
        whole = encoder.appearance(portrait, actor_face.landmarks(code))
        found = reader.read(portrait, code[:8], still)
        assert np.sqrt(((found - whole) ** 2).mean()) < 0.2
        np.testing.assert_allclose(found, code[8:], atol=0.5)


@pytest.mark.parametrize(
    "picture", [np.zeros((240, 320), np.uint8), np.zeros((240, 320, 3)), np.zeros((8, 320, 3), np.uint8)]
)
def test_other_pictures_are_refused(fitter, scene, picture):
    with pytest.raises(InputError, match="uint8"):
        fitter.start(picture, scene.landmarks(0.0))


def test_broken_landmarks_and_tiny_models_are_refused(fitter, actor_face, scene):
    with pytest.raises(InputError, match="finite"):
        fitter.state(np.full((68, 2), np.nan))
    with pytest.raises(InputError, match="at least 40"):
        Fitter.of_face(actor_face, diagonal=10)


def test_agrees_with_menpofit_on_the_same_model(scene):
    pytest.importorskip("menpofit", exc_type=ImportError)
    from menpo.image import Image
    from menpo.landmark import face_ibug_68_to_face_ibug_68_trimesh
    from menpo.shape import PointCloud, TriMesh
    from menpofit.aam import HolisticAAM, LucasKanadeAAMFitter

    from th_training.aam.fit_arrays import menpofit_arrays

    def picture(time):
        return Image(np.moveaxis(scene.picture(time)[:, :, ::-1], -1, 0).astype(np.float64) / 255)

    trilist = face_ibug_68_to_face_ibug_68_trimesh(PointCloud(scene.landmarks(0.0)[:, ::-1])).trilist
    training = []
    for time in np.random.default_rng(0).uniform(0, 20, 50):
        one = picture(time)
        one.landmarks["face"] = TriMesh(scene.landmarks(time)[:, ::-1].copy(), trilist=trilist)
        training.append(one)
    aam = HolisticAAM(
        training, group="face", diagonal=100, scales=(0.5, 1.0), max_shape_components=8, max_appearance_components=8
    )
    oracle, ours = LucasKanadeAAMFitter(aam), Fitter(menpofit_arrays(aam))
    differences, errors = [], []
    for time in (0.15, 1.45, 2.75, 4.05):
        truth = scene.landmarks(time)
        begin = truth + np.array([1.0, -0.8])
        theirs = oracle.fit_from_shape(picture(time), PointCloud(begin[:, ::-1].copy()), max_iters=[10, 60])
        points = theirs.final_shape.points[:, ::-1]
        found = ours.follow(scene.picture(time), ours.state(begin), steps=20, close=0.01).landmarks
        differences.append(error(found, points))
        errors.append((error(found, truth), error(points, truth)))
    assert np.mean(differences) < 0.1
    mine, other = np.mean(errors, axis=0)
    assert mine < other + 0.02
