"""`th aam inspect`: what a face model holds, and how true it is to videos of its person."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.aam.files import read_face
from th_training.progress import bar
from th_training.tiles import Image, write_picture

if TYPE_CHECKING:
    from th_training.landmarks.sources import Sources

console = Console(highlight=False, soft_wrap=True)

CACHE = Path("build/cache/landmarks")


def inspect(
    face: Annotated[Path, typer.Argument(help="Model folder, or a face that `th aam build` wrote.")],
    videos: Annotated[list[Path] | None, typer.Argument(help="Videos of its person: round trips, residuals.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for pictures and videos.")] = Path("build/inspect"),
    actor: Annotated[bool, typer.Option(help="Round trips of the virtual actor, whose face it must be.")] = False,
    movies: Annotated[int, typer.Option(help="Of how many videos to write the round trip as mp4.", min=0)] = 3,
    worst: Annotated[int, typer.Option(help="Worst frames to list and draw.", min=1, max=24)] = 12,
    json_: Annotated[bool, typer.Option("--json", help="Figures as JSON on standard output, nothing else.")] = False,
    fitted: Annotated[
        bool, typer.Option(help="Code as `th aam encode` does, by fitting, instead of at measured landmarks.")
    ] = False,
    annotations: Annotated[Path | None, typer.Option(help="Folder of .pts or .ljson made by hand.")] = None,
    only_annotated: Annotated[bool, typer.Option(help="Annotated frames alone; dlib is not needed.")] = False,
    first_pixel: Annotated[int, typer.Option(help="What .pts files call the first pixel: 1 or 0.", min=0, max=1)] = 1,
    cache: Annotated[Path, typer.Option(help="Where measured landmarks are remembered.")] = CACHE,
) -> None:
    """Draw every mode; with videos: round trips, residuals, worst frames, code trajectories."""
    from th_training.aam.sheets import mode_sheet

    model = read_face(face)
    shape, appearance = model.dimensions
    figures: dict[str, Any] = {
        "face": str(face),
        "modes": [shape, appearance],
        "points": len(model.shape_mean),
        "triangles": len(model.triangles),
        "canvas": list(model.canvas),
        "texture": list(model.texture_mean.shape[:2]),
    }
    write_picture(out / "modes.png", mode_sheet(model))
    if actor:
        figures["actor"] = _actor(model, out)
    if videos:
        from th_training.landmarks.sources import make_sources

        sources = make_sources(cache, annotations, by_hand_only=only_annotated, first=first_pixel)
        figures["videos"] = _videos(model, videos, None if fitted else sources, out, movies, worst)
    if json_:
        print(json.dumps(figures, indent=2))
        return
    for line in _lines(figures, worst):
        console.print(line, markup=False)
    console.print(f"pictures in {out}", markup=False)


def _videos(
    model: FaceModel, videos: list[Path], sources: Sources | None, out: Path, movies: int, worst: int
) -> dict[str, Any]:
    from th_training.aam.residuals import Residuals
    from th_training.aam.round_trip import by_fitting, by_landmarks, in_step, round_trip
    from th_training.aam.sheets import pair_sheet
    from th_training.aam.trajectories import plot_codes
    from th_training.errors import NoTrackerError
    from th_training.landmarks.sources import names_once
    from th_training.movie import even, write_movie
    from th_training.video import frame_rate

    names_once(videos)
    residuals, left_out = Residuals(), []
    for number, path in enumerate(bar("round trips", quiet=True)(videos, len(videos))):
        try:
            if sources is None:
                coded, fps = by_fitting(model, path), frame_rate(path)
            else:
                track = sources.track(path)
                coded, fps = by_landmarks(model, path, track), track.fps
            trips = residuals.taking(round_trip(model, path.stem, coded))
            if number < movies:
                pictures = (even(picture) for picture in in_step(trips))
                write_movie(out / f"{path.stem}.mp4", pictures, fps=fps, sound=path)
            else:
                deque(trips, maxlen=0)
        except NoTrackerError:
            raise
        except InputError as error:
            residuals.forget(path.stem)
            left_out.append(str(error))
            continue
        if path.stem in residuals.rows and number < max(movies, 1):
            psnr = np.array([row[0] for row in residuals.rows[path.stem]])
            plot_codes(
                out / f"{path.stem}.codes.png",
                np.stack(residuals.codes[path.stem]),
                fps,
                shape=model.dimensions[0],
                title=path.stem,
                psnr=psnr,
            )
    if not residuals.rows:
        raise InputError(f"none of the {len(videos)} videos can be used" + "".join(f"; {why}" for why in left_out[:1]))
    bad = residuals.worst()[:worst]
    names = [f"{trip.clip} {trip.frame}  {trip.psnr_face:.1f} dB" for trip in bad]
    sheet = pair_sheet(model, [trip.original for trip in bad], [trip.drawn for trip in bad], names, columns=6)
    write_picture(out / "worst.png", sheet)
    return {**residuals.figures(), "left_out": left_out}


def _actor(model: FaceModel, out: Path) -> dict[str, float]:
    from th_face_renderer.decoder import FaceDecoder
    from th_training.aam.encode import FaceEncoder
    from th_training.aam.inspect import round_trips
    from th_training.aam.sheets import pair_sheet
    from th_training.actor import EMOTIONS, VISEMES, Actor, pair

    if model.canvas[0] != model.canvas[1]:
        raise InputError(f"this is not the actor's face: its canvas is {model.canvas}")
    person, encoder, decoder = Actor(model.canvas[0]), FaceEncoder(model), FaceDecoder(model)
    poses = {**EMOTIONS, **VISEMES, "blink": pair(eyeBlink=1.0)}
    images = [person.render(pose) for pose in poses.values()]
    landmarks = np.stack([person.landmarks(pose) for pose in poses.values()])
    codes = np.stack([encoder.encode(image, points) for image, points in zip(images, landmarks, strict=True)])
    write_picture(
        out / "round-trip.png", pair_sheet(model, images, [decoder.render(code) for code in codes], list(poses))
    )
    drawn = np.stack([model.landmarks(code) for code in codes])
    error = float(np.linalg.norm(drawn - landmarks, axis=-1).mean())
    figures = {**round_trips(model, images, landmarks, codes), "landmark_error_px": round(error, 3)}
    return {**figures, **_tracker(images, landmarks)}


def _tracker(images: list[Image], exact: np.ndarray) -> dict[str, float]:
    """How far dlib is from exact landmarks (N, 68, 2), in inter-ocular distances; nothing where it is not installed."""
    from th_training.landmarks.dlib68 import Landmarker
    from th_training.landmarks.measures import inter_ocular, lip_opening

    try:
        finder = Landmarker()
    except InputError:
        return {}
    boxes = [finder.detect(image) for image in images]
    seen = [k for k, box in enumerate(boxes) if box is not None]
    if len(seen) < 3:
        return {"tracker_frames": len(seen)}
    found = np.stack([finder.landmarks(images[k], box)[0] for k, box in enumerate(boxes) if box is not None])
    away = (found - exact[seen]) / inter_ocular(exact[seen])[:, None, None]
    return {
        "tracker_frames": len(seen),
        "tracker_error_iod": round(float(np.linalg.norm(away, axis=-1).mean()), 4),
        "tracker_error_iod_without_constant": round(float(np.linalg.norm(away - away.mean(0), axis=-1).mean()), 4),
        "tracker_lip_opening_r": round(float(np.corrcoef(lip_opening(found), lip_opening(exact[seen]))[0, 1]), 4),
    }


def _lines(figures: dict[str, Any], worst: int) -> Iterator[str]:
    shape, appearance = figures["modes"]
    yield (
        f"{shape} + {appearance} modes, {figures['points']} points, {figures['triangles']} triangles, "
        f"canvas {figures['canvas']}, texture {figures['texture']}"
    )
    for name, value in figures.get("actor", {}).items():
        yield f"actor: {name}: {value}"
    videos = figures.get("videos")
    if videos is None:
        return
    for reason in videos["left_out"]:
        yield f"left out: {reason}"
    for name, value in videos["all"].items():
        yield f"{name}: {value}"
    yield "worst frames:"
    for row in videos["worst"][:worst]:
        yield f"  {row['clip']} frame {row['frame']}: {row['psnr_face_db']} dB"
