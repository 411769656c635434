"""Codes in every format that a model can be written in."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_face_renderer import FaceDecoder, load_face
from th_face_renderer.blendshapes import BlendshapeMap, load_blendshapes
from th_training.export.bvh import jaw_angles, jaw_bvh
from th_training.export.sequence import FPS, read_codes
from th_training.export.tables import landmarks_csv, live_link_csv, weights_json

FILES = {
    "landmarks": "landmarks.csv",
    "arkit-csv": "arkit.csv",
    "arkit-json": "arkit.json",
    "glb": "head.glb",
    "bvh": "jaw.bvh",
}
"""Formats, and the file that each is written to where OUT is a folder."""
BY_SUFFIX = {".csv": "arkit-csv", ".json": "arkit-json", ".glb": "glb", ".bvh": "bvh"}
NEED_BLENDSHAPES = ("arkit-csv", "arkit-json", "glb")
NO_BLENDSHAPES = (
    "the model knows nothing of blendshapes, so only landmarks and a jaw can be written "
    "(`th blendshapes` teaches them to models of the virtual actor)"
)


@dataclass(frozen=True)
class Animation:
    """What was said, ready to be written: `codes` (T, D) at 60 per second, by the face they are of."""

    name: str
    codes: np.ndarray
    decoder: FaceDecoder
    blendshapes: BlendshapeMap | None

    @property
    def weights(self) -> np.ndarray:
        """(T, 52), 0..1. Raises InputError where the model has no blendshapes."""
        if self.blendshapes is None:
            raise InputError(NO_BLENDSHAPES)
        return self.blendshapes.weights(self.codes)

    @property
    def landmarks(self) -> np.ndarray:
        """(T, 68, 2) px of the portrait."""
        return np.stack([self.decoder.landmarks(code) for code in self.codes])

    def written(self, form: str) -> bytes:
        """The file of one of FILES' formats."""
        makers: dict[str, Callable[[], str | bytes]] = {
            "landmarks": lambda: landmarks_csv(self.landmarks, FPS),
            "arkit-csv": lambda: live_link_csv(self.weights, FPS),
            "arkit-json": lambda: weights_json(self.weights, FPS, self.name),
            "glb": self._head,
            "bvh": lambda: jaw_bvh(jaw_angles(self.landmarks, self.decoder.landmarks(self.decoder.rest_code)), FPS),
        }
        made = makers[form]()
        return made if isinstance(made, bytes) else made.encode()

    def _head(self) -> bytes:
        from th_training.export.gltf import speaking_head
        from th_training.export.head import LICENCE, head_mesh

        return speaking_head(head_mesh(), self.weights, FPS, name=self.name, licence=LICENCE)


def export_animation(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str],
    formats: Sequence[str] = (),
    topic: str = "face/code",
) -> tuple[Animation, list[Path], list[str]]:
    """Write a code sequence; returns it, the files, and the formats that were left out because the model has no blendshapes.

    Args:
        source: a sound file, codes (.npy; .npz with `codes`), or a bag.
        out: a file whose suffix says the format (BY_SUFFIX), or a folder for all formats, or for `formats`.

    Raises:
        InputError: the source cannot be read, a format does not exist, is asked for and needs blendshapes that the model has not, or
            a file cannot be written.
        ModelError: the model cannot be used.
    """
    target = Path(out)
    unknown = [form for form in formats if form not in FILES]
    if unknown:
        raise InputError(f"there is no format {unknown[0]!r}; there are {', '.join(FILES)}")
    if target.suffix.lower() in BY_SUFFIX and not target.is_dir():
        asked = tuple(formats) or (BY_SUFFIX[target.suffix.lower()],)
        if len(asked) > 1:
            raise InputError(f"{target} is one file: name a folder for {len(asked)} formats")
        places = {asked[0]: target}
    else:
        asked = tuple(formats)
        places = {form: target / FILES[form] for form in asked or FILES}
    found = Animation(
        Path(source).stem, read_codes(source, model, topic=topic), load_face(model), load_blendshapes(model)
    )
    left_out: list[str] = []
    if found.blendshapes is None:
        left_out = [form for form in places if form in NEED_BLENDSHAPES]
        if left_out and asked:
            raise InputError(f"{left_out[0]}: {NO_BLENDSHAPES}")
    written = [form for form in places if form not in left_out]
    for form in written:
        _write(places[form], found.written(form))
    return found, [places[form] for form in written], left_out


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error})") from error
