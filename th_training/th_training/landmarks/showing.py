"""What `th landmarks` shows of tracks: the worst frames, a contact sheet, overlay videos, a list."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import numpy as np

from th_training.landmarks.draw import colour_of, overlay, tile
from th_training.landmarks.review import Doubt
from th_training.landmarks.sources import frames_of, is_picture, spread
from th_training.landmarks.track import Track
from th_training.movie import even, write_movie
from th_training.tiles import grid, make_folder
from th_training.video import read_video
from th_training.whole import replacing


class Order(str, Enum):
    """Which frames come first."""

    worst = "worst"
    even = "even"


def choose_frames(tracks: list[tuple[Path, Track]], doubts: list[Doubt], count: int, order: Order) -> list[list[int]]:
    """Frames of each track: `count` in all, the worst (doubted ones, then the least sure) or evenly over everything."""
    places = [(k, frame) for k, (_, found) in enumerate(tracks) for frame in range(len(found.landmarks))]
    if order is Order.even:
        picked = [places[k] for k in spread(len(places), count)]
    else:
        picked = worst_first(tracks, doubts)[:count]
    return [sorted(frame for k, frame in picked if k == number) for number in range(len(tracks))]


def worst_first(tracks: list[tuple[Path, Track]], doubts: list[Doubt]) -> list[tuple[int, int]]:
    """(track, frame) of all frames: the doubted ones by severity, then the others by confidence."""
    number = {path.stem: k for k, (path, _) in enumerate(tracks)}
    doubted = list(dict.fromkeys((number[doubt.clip], doubt.frame) for doubt in doubts))
    known = set(doubted)
    others = [(float(c), k, f) for k, (_, found) in enumerate(tracks) for f, c in enumerate(found.confidence)]
    return doubted + [(k, f) for _, k, f in sorted(others) if (k, f) not in known]


def contact_sheet(tracks: list[tuple[Path, Track]], doubts: list[Doubt], count: int, order: Order) -> np.ndarray:
    """`count` frames enlarged, with their landmarks, confidence and the reasons for doubt."""
    reasons = _reasons(doubts)
    tiles = {}
    for number, frames in enumerate(choose_frames(tracks, doubts, count, order)):
        path, found = tracks[number]
        for frame, picture in frames_of(path, frames):
            why = reasons.get((path.stem, frame), ())
            words = (f"{path.stem} {frame}  {found.confidence[frame]:.2f}", *why)
            colour = colour_of(found, frame, bool(why))
            tiles[number, frame] = tile(picture, found.landmarks[frame].astype(np.float64), words, colour=colour)
    keys = sorted(tiles) if order is Order.even else [key for key in worst_first(tracks, doubts) if key in tiles]
    return grid([tiles[key] for key in keys], 6)


def write_overlays(tracks: list[tuple[Path, Track]], doubts: list[Doubt], out: Path) -> Iterator[Path]:
    """One overlay video; of several clips one each, the clip's name put in. Yields each when it is written."""
    videos = [(path, found) for path, found in tracks if not is_picture(path)]
    for path, found in videos:
        place = out if len(videos) == 1 else out.with_name(f"{out.stem}-{path.stem}{out.suffix}")
        make_folder(place.parent)
        write_movie(place, _drawn(path, found, _reasons(doubts)), fps=found.fps, sound=path)
        yield place


def _drawn(path: Path, found: Track, reasons: dict[tuple[str, int], tuple[str, ...]]) -> Iterator[np.ndarray]:
    enlarge = max(1, round(640 / max(found.size))) if max(found.size) else 1
    for frame, picture in enumerate(read_video(path)[0]):
        if frame < len(found.landmarks):
            yield even(overlay(picture, found, frame, reasons.get((path.stem, frame), ()), enlarge=enlarge))


def _reasons(doubts: list[Doubt]) -> dict[tuple[str, int], tuple[str, ...]]:
    found: dict[tuple[str, int], tuple[str, ...]] = {}
    for doubt in doubts:
        found[doubt.clip, doubt.frame] = (*found.get((doubt.clip, doubt.frame), ()), doubt.reason)
    return found


def write_list(path: Path, doubts: list[Doubt]) -> None:
    """Write doubts as CSV: clip, frame, severity, reason. Raises InputError where that cannot be done."""
    make_folder(path.parent)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["clip", "frame", "severity", "reason"])
    table.writerows([doubt.clip, doubt.frame, doubt.severity, doubt.reason] for doubt in doubts)
    with replacing(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")
