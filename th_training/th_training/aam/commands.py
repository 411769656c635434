"""`th aam`: build, encode and inspect active appearance models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.console import Console
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from th_common.errors import InputError, ModelError
from th_face_renderer.face_model import FaceModel, load

app = typer.Typer(add_completion=False, no_args_is_help=True)
console = Console(highlight=False)

_Cache = Annotated[Path, typer.Option(help="Where landmarks are remembered.")]
_CACHE = Path("build/cache/landmarks")


@app.command()
def build(
    videos: Annotated[list[Path], typer.Argument(help="Videos of one person.")],
    out: Annotated[Path, typer.Option(help="Face to write (.safetensors); its mode sheet goes beside it.")],
    frames: Annotated[int, typer.Option(help="Pictures to build from, drawn evenly from all videos.", min=20)] = 600,
    cache: _Cache = _CACHE,
) -> None:
    """Build a face from videos of one person (the virtual actor's is built by `th face`)."""
    from th_training.aam.build import build_face
    from th_training.aam.inspect import lines
    from th_training.aam.sheets import mode_sheet

    pictures, landmarks = _sample(videos, frames, cache)
    built = build_face(pictures, landmarks, align=True)
    save_file(built.model.to_tensors(), _partial(out))
    os.replace(_partial(out), out)
    _write_picture(out.with_suffix(".modes.png"), mode_sheet(built.model))
    console.print("\n".join(lines(dict(built.figures))), markup=False)


@app.command()
def encode(
    face: Annotated[Path, typer.Argument(help="Model folder, or a face that `th aam build` wrote.")],
    videos: Annotated[list[Path], typer.Argument(help="Videos of the same person.")],
    out: Annotated[Path, typer.Option(help="Folder for the codes: NAME.npz with codes (T, 16), confidence (T,), fps.")],
    cache: _Cache = _CACHE,
) -> None:
    """Code every frame of videos: landmarks, pose removed, projection. Damaged clips are named and left out."""
    from th_training.aam.encode import FaceEncoder
    from th_training.landmarks import cached_track, read_video
    from th_training.progress import bar

    encoder = FaceEncoder(_load(face))
    out.mkdir(parents=True, exist_ok=True)
    for path in bar("encoding")(videos, len(videos)):
        target = out / f"{path.stem}.npz"
        if target.exists():
            continue
        try:
            track = cached_track(path, cache)
            pictures, _ = read_video(path)
            codes = [encoder.encode(p, x, align=True) for p, x in zip(pictures, track.landmarks, strict=False)]
        except InputError as error:
            console.print(f"left out: {error}", markup=False)
            continue
        np.savez_compressed(_partial(target), codes=np.stack(codes), confidence=track.confidence, fps=track.fps)
        os.replace(_partial(target), target)


@app.command()
def inspect(
    face: Annotated[Path, typer.Argument(help="Model folder, or a face that `th aam build` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("build/inspect"),
    actor: Annotated[bool, typer.Option(help="Also round trips of the virtual actor, whose face it must be.")] = False,
) -> None:
    """Draw every mode at -2, 0, +2 sd and say what the model holds."""
    from th_training.aam.sheets import mode_sheet

    model = _load(face)
    out.mkdir(parents=True, exist_ok=True)
    _write_picture(out / "modes.png", mode_sheet(model))
    shape, appearance = model.dimensions
    console.print(
        f"{shape} + {appearance} modes, {len(model.shape_mean)} points, {len(model.triangles)} triangles, canvas "
        f"{model.canvas}, texture {model.texture_mean.shape[:2]}; {out / 'modes.png'}",
        markup=False,
    )
    if actor:
        _round_trips(model, out)


def _round_trips(model: FaceModel, out: Path) -> None:
    from th_face_renderer.decoder import FaceDecoder
    from th_training.aam.encode import FaceEncoder
    from th_training.aam.inspect import round_trips
    from th_training.aam.sheets import pair_sheet
    from th_training.actor import EMOTIONS, VISEMES, Actor, pair

    person, encoder, decoder = Actor(model.canvas[0]), FaceEncoder(model), FaceDecoder(model)
    poses = {**EMOTIONS, **VISEMES, "blink": pair(eyeBlink=1.0)}
    images = [person.render(pose) for pose in poses.values()]
    landmarks = np.stack([person.landmarks(pose) for pose in poses.values()])
    codes = np.stack([encoder.encode(image, points) for image, points in zip(images, landmarks, strict=True)])
    _write_picture(
        out / "round-trip.png", pair_sheet(model, images, [decoder.render(code) for code in codes], list(poses))
    )
    figures = round_trips(model, images, landmarks, codes)
    console.print("\n".join(f"{name}: {value}" for name, value in figures.items()), markup=False)


def _load(path: Path) -> FaceModel:
    if path.is_dir():
        return load(path)[0]
    try:
        return FaceModel.from_tensors(load_file(path), source=os.fspath(path))
    except FileNotFoundError:
        raise ModelError(f"{path}: no such face") from None
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a face ({error})") from error


def _sample(videos: list[Path], count: int, cache: Path) -> tuple[list[np.ndarray], np.ndarray]:
    from th_training.landmarks import cached_track, read_video
    from th_training.progress import bar

    pictures, landmarks = [], []
    share = max(1, round(count / len(videos)))
    for path in bar("landmarks")(videos, len(videos)):
        try:
            track = cached_track(path, cache)
            wanted = set(np.linspace(0, len(track.landmarks) - 1, share).round().astype(int).tolist())
            frames, _ = read_video(path)
            found = [(k, frame) for k, frame in enumerate(frames) if k in wanted and track.confidence[k] > 0]
        except InputError as error:
            console.print(f"left out: {error}", markup=False)
            continue
        pictures += [frame for _, frame in found]
        landmarks += [track.landmarks[k] for k, _ in found]
    if not pictures:
        raise InputError("none of the videos can be used")
    return pictures, np.array(landmarks, np.float64)


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def _write_picture(path: Path, picture: np.ndarray) -> None:
    if not cv2.imwrite(os.fspath(path), picture):
        raise InputError(f"cannot write the picture {path}")
