"""`th landmarks`: find the 68 landmarks of faces, look at them, and put hand annotation in."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError
from th_training.errors import NoTrackerError
from th_training.landmarks.annotations import NOTHING, frame_name, read_annotations, write_frames
from th_training.landmarks.files import write_landmarks
from th_training.landmarks.measures import inter_ocular
from th_training.landmarks.review import Doubt
from th_training.landmarks.review import review as review_tracks
from th_training.landmarks.showing import Order, choose_frames, contact_sheet, write_list, write_overlays
from th_training.landmarks.sources import Sources, frames_of, is_picture, names_once
from th_training.landmarks.track import SMOOTHING, Track, save_track, smoothing_note
from th_training.progress import bar
from th_training.tiles import make_folder, write_picture
from th_training.whole import sweep

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="68 landmarks of faces. dlib's weights are not for commercial use."
)
console = Console(highlight=False, soft_wrap=True)

CACHE = Path("build/cache/landmarks")


class Format(str, Enum):
    """How landmarks are written."""

    npz = "npz"
    pts = "pts"
    ljson = "ljson"


_Files = Annotated[list[Path], typer.Argument(help="Videos or pictures of one person.")]
_Cache = Annotated[Path, typer.Option(help="Where measured landmarks are remembered.")]
_First = Annotated[int, typer.Option(help="What .pts files call the first pixel: 1 (iBUG, menpo) or 0.", min=0, max=1)]
_Smooth = Annotated[int, typer.Option(help="Frames (odd) that a parabola smooths over; 0 for none.")]
_Sheet = Annotated[Path | None, typer.Option(help="Contact sheet to write (.png).")]
_Count = Annotated[int, typer.Option(help="Frames in the contact sheet.", min=1, max=96)]
_Order = Annotated[Order, typer.Option(help="Which frames: the worst first, or evenly.")]
_Overlay = Annotated[Path | None, typer.Option(help="Video to write with the points drawn (.mp4).")]
_Review = Annotated[Path | None, typer.Option(help="List to write (.csv) of frames that want a human look, and why.")]


@app.command()
def track(
    files: _Files,
    out: Annotated[Path | None, typer.Option(help="Folder for the landmarks.")] = None,
    format: Annotated[Format, typer.Option(help="npz: one file a clip; pts, ljson: one file a frame.")] = Format.npz,
    annotations: Annotated[Path | None, typer.Option(help="Folder of hand annotation, which overrides.")] = None,
    sheet: _Sheet = None,
    count: _Count = 24,
    order: _Order = Order.worst,
    overlay: _Overlay = None,
    review: _Review = None,
    smooth: _Smooth = SMOOTHING,
    first_pixel: _First = 1,
    cache: _Cache = CACHE,
) -> None:
    """Find landmarks: gaps up to 0.25 s filled, longer ones marked, jitter calmed; say what wants a look."""
    if overlay is not None and overlay.suffix.lower() != ".mp4":
        raise InputError(f"the overlay's name must end in .mp4, not {overlay.name!r}")
    hand = read_annotations(annotations, first=first_pixel) if annotations else NOTHING
    tracks = _tracks(files, Sources(cache, hand, smoothing=smooth, strict=False))
    doubts = _say(tracks, smooth)
    if out is not None:
        _write(tracks, out, format, first_pixel)
    if sheet is not None:
        write_picture(sheet, contact_sheet(tracks, doubts, count, order))
    if overlay is not None:
        for place in write_overlays(tracks, doubts, overlay):
            console.print(f"{place}", markup=False)
    if review is not None:
        write_list(review, doubts)


@app.command()
def export(
    files: _Files,
    out: Annotated[Path, typer.Option(help="Folder for pairs of picture and landmarks.")],
    frames: Annotated[int, typer.Option(help="How many frames, of all files together.", min=1)] = 50,
    order: _Order = Order.worst,
    format: Annotated[Format, typer.Option(help="pts or ljson.")] = Format.pts,
    smooth: _Smooth = SMOOTHING,
    first_pixel: _First = 1,
    cache: _Cache = CACHE,
) -> None:
    """Write frames as pictures with their landmarks beside them, to be corrected by hand in an annotation tool.

    Frames without landmarks come as pictures alone. What comes back is read by `th landmarks import` and `th aam build`.
    """
    if format is Format.npz:
        raise InputError("pictures are annotated as pts or ljson, not npz")
    tracks = _tracks(files, Sources(cache, smoothing=smooth, strict=False))
    written = 0
    for (path, found), chosen in zip(tracks, choose_frames(tracks, _doubts(tracks), frames, order), strict=True):
        for index, picture in frames_of(path, chosen):
            name = path.stem if is_picture(path) else frame_name(path.stem, index)
            write_picture(out / f"{name}.png", picture)
            if not found.lost[index]:
                write_landmarks(out / f"{name}.{format.value}", found.landmarks[index], first=first_pixel)
            written += 1
    console.print(f"{out}: {written} pictures, {_counting(format, first_pixel)}", markup=False)


@app.command(name="import")
def import_(
    annotations: Annotated[
        Path, typer.Argument(help="Folder of .pts or .ljson files, named CLIP_FRAME or as pictures.")
    ],
    files: _Files,
    out: Annotated[Path, typer.Option(help="Folder for the tracks, one .npz a clip.")],
    only: Annotated[bool, typer.Option(help="Annotated frames alone; dlib is not needed.")] = False,
    smooth: _Smooth = SMOOTHING,
    first_pixel: _First = 1,
    cache: _Cache = CACHE,
) -> None:
    """Put hand annotation into tracks, and say how far it is from what was there."""
    hand = read_annotations(annotations, first=first_pixel)
    tracks = _tracks(files, Sources(cache, hand, by_hand_only=only, smoothing=smooth, strict=False))
    used = sum(len(found.by_hand) for _, found in tracks)
    if not used:
        raise InputError(f"{annotations}: none of its files belongs to one of the {len(files)} files given")
    if not only:
        before = dict(_tracks(files, Sources(cache, smoothing=smooth, strict=False)))
        for path, found in tracks:
            _say_moved(path, before.get(path), found)
    _write(tracks, out, Format.npz, first_pixel)
    console.print(f"{used} annotated frames put in", markup=False)


def _tracks(files: list[Path], sources: Sources) -> list[tuple[Path, Track]]:
    names_once(files)
    tracks = []
    for path in bar("landmarks")(files, len(files)):
        try:
            tracks.append((path, sources.track(path)))
        except NoTrackerError:
            raise
        except InputError as error:
            console.print(f"left out: {error}", markup=False)
    if not tracks:
        raise InputError("none of the files can be used")
    return tracks


def _doubts(tracks: list[tuple[Path, Track]]) -> list[Doubt]:
    return review_tracks([(path.stem, found) for path, found in tracks])


def _say(tracks: list[tuple[Path, Track]], smooth: int) -> list[Doubt]:
    doubts = _doubts(tracks)
    frames = sum(len(found.landmarks) for _, found in tracks)
    lost, filled, by_hand = (
        sum(int(np.sum(value)) for value in values)
        for values in zip(*((f.lost, f.filled, len(f.by_hand)) for _, f in tracks), strict=True)
    )
    confidence = np.concatenate([found.confidence for _, found in tracks])
    console.print(
        f"{len(tracks)} files, {frames} frames: {filled} filled, {lost} lost, {by_hand} by hand; confidence "
        f"{np.median(confidence):.2f} (median), {confidence.min():.2f} (worst); {smoothing_note(smooth, tracks[0][1].fps)}",
        markup=False,
    )
    wanted = len({(doubt.clip, doubt.frame) for doubt in doubts})
    console.print(f"{wanted} frames want a look{':' if wanted else ''}", markup=False)
    for doubt in doubts[:8]:
        console.print(f"  {doubt.clip} frame {doubt.frame}: {doubt.reason}", markup=False)
    return doubts


def _say_moved(path: Path, before: Track | None, after: Track) -> None:
    frames = sorted(after.by_hand)
    if before is None or not frames:
        return
    moved = np.linalg.norm(after.landmarks[frames] - before.landmarks[frames], axis=-1).mean(1)
    share = np.nanmean(moved / inter_ocular(after.landmarks[frames])) if np.isfinite(moved).any() else np.nan
    console.print(
        f"{path.stem}: {len(frames)} frames, {np.nanmean(moved):.2f} px from the tracker ({share:.1%} of the eyes' distance)"
        if np.isfinite(share)
        else f"{path.stem}: {len(frames)} frames, the tracker had none of them",
        markup=False,
    )


def _write(tracks: list[tuple[Path, Track]], out: Path, format: Format, first: int) -> None:
    make_folder(out)
    sweep(out)
    written = 0
    for path, found in tracks:
        if format is Format.npz:
            save_track(out / f"{path.stem}.npz", found)
            written += 1
        elif is_picture(path):
            write_landmarks(out / f"{path.stem}.{format.value}", found.landmarks[0], first=first)
            written += 1
        else:
            frames = range(len(found.landmarks))
            written += len(
                list(write_frames(out, path.stem, found.landmarks, frames, suffix=f".{format.value}", first=first))
            )
    console.print(f"{out}: {written} files, {_counting(format, first)}", markup=False)


def _counting(format: Format, first: int) -> str:
    return f"the first pixel is at ({first}, {first})" if format is Format.pts else "the first pixel is at (0, 0)"
