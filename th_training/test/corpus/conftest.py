import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

_SPEC = importlib.util.spec_from_file_location("corpus_filming", Path(__file__).with_name("filming.py"))
assert _SPEC
assert _SPEC.loader
filming_module = importlib.util.module_from_spec(_SPEC)
sys.modules["corpus_filming"] = filming_module
_SPEC.loader.exec_module(filming_module)


@pytest.fixture(scope="session")
def filming():
    """The module filming.py beside this file."""
    return filming_module


@pytest.fixture(scope="session")
def camera(filming):
    """Films the shipped face."""
    return filming.Camera()


@pytest.fixture(scope="session")
def said(filming):
    """A real sentence: samples, rate, and the codes (T, 16) of the face that says it."""
    samples, rate = filming.speech()
    return samples, rate, filming.codes_of(samples, rate)


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Where landmarks of the tests' videos are remembered."""
    return tmp_path_factory.mktemp("landmarks")


@pytest.fixture(scope="session")
def talk(camera, said):
    """talk(path, begin, end, **options): a video of a stretch (s) of the sentence; options as Camera.film has them."""
    samples, rate, codes = said

    def make(path, begin=0.0, end=1.5, *, fps=25, times=None, with_sound=True, **options):
        part = samples[round(begin * rate) : round(end * rate)]
        shown = np.arange(round((end - begin) * fps)) / fps if times is None else times
        rows = codes[round(begin * 60) : round(end * 60)]
        return camera.film(path, part if with_sound else None, rate, codes=rows, times=shown, fps=fps, **options)

    return make
