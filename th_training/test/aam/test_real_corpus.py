"""A real speaker: landmarks are found, a face is built, and clips that it was not built from are drawn again."""

import importlib.util
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from th_training.aam import commands
from th_training.landmarks.review import review
from th_training.landmarks.sources import Sources

CORPUS = Path(os.environ.get("TH_CORPUS", Path(__file__).parents[4] / "shared" / "corpus")) / "grid_s1" / "video"
MISSING = [name for name in ("dlib", "face_recognition_models") if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS.parents[1]} (TH_CORPUS names one)"),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]


def run(*arguments):
    result = CliRunner().invoke(commands.app, [str(word) for word in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_a_real_face_comes_back_from_its_codes(tmp_path):
    *built_from, kept = sorted(CORPUS.glob("b*.mpg"))[:3]
    tracks = [(path.stem, Sources(tmp_path).track(path)) for path in (*built_from, kept)]
    assert review(tracks) == []
    face = tmp_path / "face.safetensors"
    run("build", *built_from, "--out", face, "--frames", 60, "--portrait", 200, "--cache", tmp_path)
    figures = json.loads(face.with_suffix(".json").read_text())
    assert figures["shape_explained"] > 0.93
    assert figures["appearance_explained"] > 0.6
    said = json.loads(run("inspect", face, kept, "--out", tmp_path / "i", "--movies", 0, "--cache", tmp_path, "--json"))
    assert said["videos"]["all"]["psnr_face_db"] > 29
    assert said["videos"]["all"]["landmark_error_px"] < 1
