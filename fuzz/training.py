"""Files that training reads: landmark files (.pts and .ljson) and the manifests of corpora."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from fuzz.target import Target, scratch
from th_training.corpus.clip_files import Clip, write_clip
from th_training.corpus.format import MANIFEST, read_corpus, write_manifest
from th_training.landmarks.files import read_landmarks, write_landmarks


@cache
def _place(name: str) -> Path:
    return scratch(name)


def run_landmarks(data: bytes) -> str:
    """Read one landmark file; the first byte says of which kind it is."""
    suffix, first = (".ljson", 0) if data[:1] == b"j" else (".pts", data[:1] != b"0")
    path = _place("landmarks") / f"face{suffix}"
    path.write_bytes(data[1:])
    points = read_landmarks(path, first=int(first))
    assert points.shape == (68, 2)
    assert points.dtype == np.float64
    assert np.isfinite(points).all()
    return f"{suffix} read"


def _landmark_seeds() -> list[bytes]:
    points = np.stack([np.linspace(0, 400, 68), np.linspace(5, 300, 68)[::-1]], -1)
    seeds = []
    for suffix in (".pts", ".ljson"):
        path = _place("landmarks") / f"seed{suffix}"
        write_landmarks(path, points)
        seeds.append((b"p" if suffix == ".pts" else b"j") + path.read_bytes())
    return [*seeds, b"0" + seeds[0][1:].replace(b"\n", b"\r\n")]


def run_manifest(data: bytes) -> str:
    """Read a corpus' manifest; no clip, split or face of it may lie outside its folder."""
    folder = _place("manifest")
    (folder / MANIFEST).write_bytes(data)
    corpus = read_corpus(folder)
    corpus.summary()
    assert len({clip.id for clip in corpus.clips}) == len(corpus.clips)
    assert all("/" not in clip.id and clip.id not in ("", ".", "..") for clip in corpus.clips)
    assert corpus.face_path is None or corpus.face_path.parent == folder
    return f"corpus of {min(len(corpus.clips), 3)} clips"


def _manifest_seeds() -> list[bytes]:
    folder = _place("corpus")
    clips = [
        Clip(id="a.1", speaker="anna", frames=3, text="éà"),
        Clip(id="b", speaker="bo", frames=2, split="test", kind="quiet", extra={"snr": 3.5, "list": [1, None]}),
    ]
    for clip in clips:
        write_clip(folder, clip, features=np.zeros((clip.frames, 40), np.float32))
    write_manifest(folder, clips, profile="robot", face="0" * 64, left_out={"c.mp4": "damaged"}, about={"n": 1})
    whole = (folder / MANIFEST).read_bytes()
    old = {k: v for k, v in json.loads(whole).items() if k not in ("left_out", "face_file")}
    return [whole, json.dumps(old | {"format": "talking-head-corpus/1"}).encode()]


LANDMARKS = Target(
    "landmarks",
    "landmark files, .pts and .ljson",
    _landmark_seeds,
    run_landmarks,
    ("th_training.landmarks", "th_common"),
    (
        b"n_points:",
        b"version:",
        b"{\n",
        b"}\n",
        b"nan",
        b"inf",
        b"1e999",
        b'"groups"',
        b'"points"',
        b"null",
        b"\xef\xbb\xbf",
    ),
    8192,
)
CORPUS = Target(
    "corpus",
    "corpus manifests (manifest.json)",
    _manifest_seeds,
    run_manifest,
    ("th_training.corpus", "th_common"),
    (b"null", b"true", b"NaN", b"-1", b"1e999", b"9" * 40, b'"id"', b"..", b"/", b"\\u0000", b'"frames"', b"{}", b"[]"),
    8192,
)
