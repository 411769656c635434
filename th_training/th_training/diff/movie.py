"""Two faces side by side, with the sound that both belong to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import soundfile

from th_audio_io.bag_reader import BagReader
from th_audio_io.bag_sound import find_sound
from th_common.errors import InputError
from th_face_renderer import FaceDecoder
from th_training.diff.codes import FRAME_RATE, SECOND, Codes, sound_chunks
from th_training.movie import write_movie

HELD = 3  # frames for which a code that has no successor is still shown
CAPTION = 28  # px below the faces


def write_side_by_side(
    out: Path,
    codes: tuple[Codes, Codes],
    faces: tuple[FaceDecoder, FaceDecoder],
    names: tuple[str, str],
    *,
    shift: int,
    bag: Path | None,
    topic: str = "",
    size: int = 384,
) -> int:
    """Write an mp4 of both faces at 60 frames per second, with the sound of `bag`; returns the number of frames.

    `shift`: ns that the times of the second are moved by. A face without a code rests, and its caption says so. The sound is that of
    the first's time.

    Raises:
        InputError: the video cannot be written.
    """
    one, two = codes
    begin = min(one.stamps[0], two.stamps[0] + shift)
    end = max(one.stamps[-1], two.stamps[-1] + shift)
    times = begin + np.arange(round((end - begin) * FRAME_RATE / SECOND) + 1) * SECOND // FRAME_RATE
    rows = [_rows(one.stamps, times), _rows(two.stamps + shift, times)]

    def pictures() -> Iterator[np.ndarray]:
        for frame in range(len(times)):
            sides = []
            for code, row, face, name in zip(codes, rows, faces, names, strict=True):
                at = int(row[frame])
                shown = code.codes[at] if at >= 0 else face.rest_code
                caption = np.full((CAPTION, size, 3), 24, np.uint8)
                text = f"{name}  {frame / FRAME_RATE:6.2f} s" + ("" if at >= 0 else "  no code")
                cv2.putText(caption, text, (8, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (230, 230, 230), 1, cv2.LINE_AA)
                sides.append(np.vstack((face.render(shown, (size, size)), caption)))
            yield np.hstack(sides)

    with tempfile.TemporaryDirectory() as folder:
        sound = None
        if bag is not None:
            # Frame k is seen from k / 60 s on: its middle is the time of its code.
            sound = _sound(bag, topic, int(begin) - SECOND // FRAME_RATE // 2, len(times), Path(folder) / "sound.wav")
        return write_movie(out, pictures(), fps=FRAME_RATE, sound=sound)


def _rows(stamps: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Row of the newest code at each time, -1 where there is none."""
    rows = np.searchsorted(stamps, times + SECOND // FRAME_RATE // 2, side="right") - 1
    old = times - stamps[np.maximum(rows, 0)] > HELD * SECOND // FRAME_RATE
    return np.where((rows < 0) | old, -1, rows)


def _sound(path: Path, topic: str, begin: int, frames: int, out: Path) -> Path | None:
    """The bag's sound from `begin` ns on as a wav; None where it has none, or none at that time."""
    rate, placed = 0, np.zeros(0, np.float32)
    try:
        with BagReader(path) as bag:
            find_sound(bag, topic)
            for chunk in sound_chunks(bag, topic):
                if not rate:
                    rate = chunk.rate
                    placed = np.zeros(frames * rate // FRAME_RATE + 1, np.float32)
                at = round((chunk.time - begin * 1e-9) * rate)
                if chunk.rate == rate and at < len(placed):
                    samples = chunk.samples[max(0, -at) :][: len(placed) - max(0, at)]
                    placed[max(0, at) : max(0, at) + len(samples)] = samples
    except InputError:
        return None
    if not placed.any():
        return None
    soundfile.write(out, placed, rate)
    return out
