import importlib.util
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("aam_synthetic", Path(__file__).with_name("synthetic.py"))
assert _SPEC
assert _SPEC.loader
synthetic_module = importlib.util.module_from_spec(_SPEC)
sys.modules["aam_synthetic"] = synthetic_module
_SPEC.loader.exec_module(synthetic_module)


@pytest.fixture(scope="session")
def synthetic():
    """The module synthetic.py beside this file."""
    return synthetic_module


@pytest.fixture(scope="session")
def drawn(synthetic):
    """120 poses, their pictures and landmarks."""
    import numpy as np

    poses = synthetic.poses(120)
    images = np.stack([synthetic.render(pose) for pose in poses])
    return poses, images, np.stack([synthetic.landmarks(pose) for pose in poses])


@pytest.fixture(scope="session")
def built(drawn):
    """The face model of those pictures."""
    from th_training.aam.build import build_face

    _, images, landmarks = drawn
    return build_face(images, landmarks)


@pytest.fixture(scope="session")
def actor_face():
    """The face that the project ships: detectors see it, its pictures are drawn by the decoder."""
    from th_common.default_model import default_model_folder
    from th_face_renderer.face_model import load

    return load(default_model_folder())[0]


@pytest.fixture(scope="session")
def scene(actor_face):
    """The module scene.py beside this file, with the shipped face in front of its camera."""
    spec = importlib.util.spec_from_file_location("aam_scene", Path(__file__).with_name("scene.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["aam_scene"] = module
    spec.loader.exec_module(module)
    return module.Scene(actor_face)
