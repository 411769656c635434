import numpy as np
import pytest

from th_common.default_model import default_model_folder
from th_face_renderer.face_model import LANDMARKS, load
from th_training.aam.poses import babble
from th_training.aam.shape import encode_shape
from th_training.actor.camera import Camera
from th_training.actor.head import Head
from th_training.retarget.frontal import generic, project
from th_training.retarget.puppet import Puppet
from th_training.retarget.repertoire import Repertoire


@pytest.fixture(scope="session")
def face():
    """The shipped face."""
    return load(default_model_folder())[0]


@pytest.fixture(scope="session")
def shapes(face):
    """Shape codes (T, 8) of the actor's babble in all moods, and of plain speech; nothing is drawn."""
    head, camera = Head(), Camera(face.canvas[0])
    mean, modes = face.shape_mean[:LANDMARKS].astype(float), face.shape_modes[:, :LANDMARKS].astype(float)

    def codes(poses):
        points = np.stack([camera.project(head.points(pose, head.landmark_ids)) for pose in poses])
        for upper, lower in ((61, 67), (62, 66), (63, 65)):
            points[:, lower, 1] = np.maximum(points[:, lower, 1], points[:, upper, 1] + 0.5)
        return encode_shape(points, mean, modes)

    return codes(babble(2520, seed=1)[::2]), codes(babble(360, seed=2, emotions=("neutral",)))


@pytest.fixture(scope="session")
def repertoire(shapes):
    """With a look that follows the shape by a known rule."""
    moods, plain = shapes
    return Repertoire(np.c_[moods, look_of(moods)].astype(np.float32), plain, "corpus")


@pytest.fixture(scope="session")
def puppet(face, repertoire):
    return Puppet.of(face, repertoire.codes, repertoire.speech)


@pytest.fixture(scope="session")
def filmed(face):
    """filmed(shape codes (T, 8), seed=..): landmarks (T, 68, 2) px of somebody of other proportions who does the same, far from
    the camera, whose head turns, nods, tilts and comes nearer; noise: of the tracker, in inter-ocular distances."""

    def film(shape, *, seed=0, turn=0.15, noise=0.0, stretch=(1.08, 0.94)):
        rng = np.random.default_rng(seed)
        points = face.landmark_track(np.c_[shape, np.zeros_like(shape)]).astype(float)
        home = face.landmarks(face.rest).astype(float)
        middle, unit = home[[36, 39, 42, 45]].mean(0), np.linalg.norm(home[45] - home[36])
        flat = (points - middle) / unit * stretch
        flat[:, :17, 1] += 0.1  # a longer chin
        time = np.arange(len(shape)) / 60
        sway = [np.sin(2 * np.pi * rng.uniform(0.1, 0.3) * time + rng.uniform(0, 6)) for _ in range(4)]
        angles = turn * np.stack(sway[:2], 1)
        seen = np.stack([project(np.c_[one, generic()[:, 2]], angle) for one, angle in zip(flat, angles, strict=True)])
        tilt, size = 0.1 * sway[2], 90 * (1 + 0.1 * sway[3])
        turned = np.stack([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]], 1).transpose(2, 0, 1)
        seen = np.einsum("tij,tpj->tpi", turned.transpose(0, 2, 1), seen) * size[:, None, None] + (320, 200)
        return seen + rng.normal(0, 1, seen.shape) * noise * 90

    return film


def look_of(shape):
    """(T, 8) an appearance that is a smooth, curved function of the shape."""
    return np.tanh(shape + 0.3 * np.roll(shape, 1, axis=1) ** 2)


@pytest.fixture(scope="session")
def rule():
    return look_of
