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
