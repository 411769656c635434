"""What the tests of the study share: studies without faces, a small one with videos, and a server that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from th_training.speech.sentences import EMOTIONS
from th_training.study.study import CONSENT, STIMULI, Study, write_study

METHODS = ("proposed", "comparative", "original")


def paper_study(**changes: Any) -> Study:
    """Seven sentences, one of each emotion, by three methods; no videos."""
    numbers = iter(range(1, 1000))
    videos = {
        method: {e: {kind: f"{next(numbers):032x}" for kind in ("voiced", "silent")} for e in EMOTIONS}
        for method in METHODS
    }
    study = Study(
        title="Heads",
        methods=METHODS,
        pair=("proposed", "comparative"),
        emotions={e: e for e in EMOTIONS},
        videos=videos,
        sound="f" * 32,
        tones=3,
        each=7,
        seed=1,
    )
    return replace(study, **changes)


@pytest.fixture(scope="session")
def make_study_of() -> Callable[..., Study]:
    return paper_study


@pytest.fixture
def study() -> Study:
    return paper_study()


@pytest.fixture
def folder(tmp_path: Path, study: Study) -> Path:
    """A study on disk, with files that are no videos."""
    (tmp_path / STIMULI).mkdir()
    for token in study.tokens:
        (tmp_path / STIMULI / f"{token}.mp4").write_bytes(b"not a video")
    (tmp_path / CONSENT).write_text("Do you want to?\n", encoding="utf-8")
    write_study(tmp_path, study)
    return tmp_path


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up face that hears."""
    import torch

    from th_face_predictor import build_network
    from th_face_renderer.testing import synthetic_face

    torch.manual_seed(0)
    state = build_network("BBF", 8).state_dict()
    tensors = {f"net.{name}": tensor.numpy() for name, tensor in state.items()}
    tensors |= {"feature.mean": np.zeros(40, np.float32), "feature.sd": np.full(40, 10, np.float32)}
    tensors |= {"code.mean": np.zeros(16, np.float32), "code.sd": np.ones(16, np.float32)}
    path = tmp_path_factory.mktemp("study-face")
    synthetic_face(path, side=64, lookahead=5, predictor=tensors)
    return path


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of a loud and a soft buzz of 0.6 s, one angry, one sad."""
    import soundfile

    path = tmp_path_factory.mktemp("study-sounds")
    time = np.arange(9600) / 16_000
    for name, level in (("loud", 0.4), ("soft", 0.02)):
        soundfile.write(path / f"{name}.wav", level * np.sign(np.sin(2 * np.pi * 150 * time)), 16_000)
    (path / "sentences.csv").write_text("sound,emotion\nloud.wav,anger\nsoft.wav,sadness\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def made(model: Path, sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Study]:
    """A study of a model, codes that do not move, and a video of half a second that stands for the original."""
    from th_training.study.make import make_study
    from th_training.study.stimuli import Method
    from th_training.study.table import read_sentences

    ramp = np.broadcast_to(np.linspace(0, 255, 96, dtype=np.uint8)[None, :, None], (64, 96, 3))
    codes, films, out = (tmp_path_factory.mktemp(name) for name in ("codes", "films", "study"))
    for name in ("loud", "soft"):
        np.savez(codes / f"{name}.npz", codes=np.zeros((90, 16), np.float32))
        with av.open(str(films / f"{name}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            for _ in range(15):
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(ramp), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
    methods = [
        Method("proposed", model=model),
        Method("still", recorded=codes, face=model),
        Method("original", recorded=films, face=model),
    ]
    study = make_study(out, read_sentences(sounds / "sentences.csv"), methods, size=64, seed=3)
    return out, study


class Served:
    """`th study serve` as a process of its own."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "th_training.cli", "study", "serve", str(folder), "--port", str(port)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip().rstrip("/")
        assert self.url, "the server did not start"
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """As `kill -9`."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """As Ctrl-C; its exit status."""
        if self._process.poll() is None:
            self._process.terminate()
        status = self._process.wait(timeout=20)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    servers: list[Served] = []

    def start(folder: Path, port: int = 0) -> Served:
        servers.append(Served(folder, port))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
