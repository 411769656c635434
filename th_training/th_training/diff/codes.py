"""The facial codes of a bag: those recorded, or made from its sound as a deterministic graph makes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from th_audio_features import FeatureStream
from th_audio_features.frame_clock import FrameClock
from th_audio_io.bag_reader import BagReader
from th_audio_io.bag_sound import find_sound, read_sound
from th_audio_io.bag_types import CODE
from th_audio_io.intake import AudioIntake, Chunk
from th_common.default_model import find_model
from th_common.errors import InputError
from th_common.model_folder import read_card
from th_common.stamps import to_fields
from th_face_predictor import PredictorStream, load_predictor
from th_face_predictor.ear import Ear
from th_face_predictor.known_voices import load_known_voices

FRAME_RATE = 60
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Codes:
    """Facial codes of one recording, in the order of their capture.

    `stamps` (T,) int64: capture time in ns. `delays` (T,): s from the capture until they are to be seen, on one and the same clock,
    NaN where nobody said. `codes` (T, D) float32, `shape`: so many of D are shape. `again`: codes that were left out because their
    time had been there before (a loop).
    """

    stamps: np.ndarray
    delays: np.ndarray
    codes: np.ndarray
    shape: int
    model: str
    again: int = 0
    computed: bool = False


def read_codes(
    path: Path, *, topic: str = "", sound: str = "", model: str | os.PathLike[str] = "", compute: bool = False
) -> Codes:
    """The codes of a bag; where it holds none, or with `compute`, those of its sound.

    Args:
        topic: of the codes, where there are several. sound: topic of the sound. model: for codes that must be computed.

    Raises:
        InputError: no bag, neither codes nor sound, several to choose from, codes of several models.
        ModelError: the model cannot be used.
    """
    with BagReader(path) as bag:
        topics = bag.of_type(CODE)
        if topics and not compute:
            return _recorded(bag, topics, topic)
        return compute_codes(bag, sound=sound, model=model)


def compute_codes(bag: BagReader, *, sound: str = "", model: str | os.PathLike[str] = "") -> Codes:
    """What features and predictor with `deterministic`, and no voice chosen, say to the sound of a bag; raises as `read_codes`."""
    folder = find_model(model)
    predictor = load_predictor(folder)
    card = read_card(folder)
    ear = Ear(load_known_voices(folder, card), profile=predictor.profile)
    ear.use(None, adapt=True)
    stamps: list[int] = []
    rows: list[np.ndarray] = []
    for stamp, code in _through(sound_chunks(bag, sound), predictor.profile, ear, PredictorStream(predictor)):
        stamps.append(stamp)
        rows.append(code)
    if not rows:
        raise InputError(f"{bag.path}: its sound is shorter than one frame (1/30 s)")
    when = np.array(stamps, np.int64)
    return _unique(when, np.full(len(when), np.nan), np.stack(rows), card.shape, predictor.model_id, computed=True)


def sound_chunks(bag: BagReader, topic: str = "") -> Iterator[Chunk]:
    """The sound of a bag as a deterministic graph hears it.

    Raises:
        InputError: there is none, or several, or it is of an unknown format.
    """
    intake = AudioIntake()
    for piece in read_sound(bag, find_sound(bag, topic)):
        made = piece.format
        intake.set_format(rate=made.rate, channels=made.channels, sample_format=made.sample_format, coding=made.coding)
        try:
            sec, nanosec = divmod(piece.stamp, SECOND)
            yield from intake.push(piece.data, stamp=sec + nanosec * 1e-9, arrival=0.0)  # to_seconds, bit by bit
        except InputError:
            continue  # the intake says which; it goes on with the next


def _through(
    chunks: Iterator[Chunk], profile: str, ear: Ear, predictor: PredictorStream
) -> Iterator[tuple[int, np.ndarray]]:
    """Stamp in ns and code of every frame; one frame at a time, as the sum of a batch has other last bits."""
    stream: FeatureStream | None = None
    clock, frame = FrameClock(1), 0
    waiting: list[int] = []

    def codes(features: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        nonlocal frame
        for row in features:
            heard = ear.push(row, first=frame == 0)
            frame += 1
            sec, nanosec = to_fields(clock.time_at(frame / FRAME_RATE))
            waiting.append(sec * SECOND + nanosec)
            yield from _dated(waiting, predictor.push(heard[None]))

    def end() -> Iterator[tuple[int, np.ndarray]]:
        if stream is not None:
            yield from codes(stream.flush())
            yield from _dated(waiting, predictor.flush())

    for chunk in chunks:
        if chunk.start:
            yield from end()
            stream = None
        lost = 0
        if stream is None:
            stream, clock, frame, lost = FeatureStream(chunk.rate, profile), FrameClock(chunk.rate), 0, chunk.concealed
        samples = chunk.samples[lost:]
        features = stream.push(samples)
        clock.add(len(samples), chunk.time + lost / chunk.rate)
        yield from codes(features)
    yield from end()


def _dated(waiting: list[int], codes: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for code in codes:
        yield waiting.pop(0), code


def _recorded(bag: BagReader, topics: list[str], topic: str) -> Codes:
    if topic:
        topics = [t for t in topics if t.strip("/") == topic.strip("/")]
        if not topics:
            raise InputError(f"{bag.path} has no codes on {topic!r}")
    if len(topics) > 1:
        raise InputError(f"{bag.path} holds the codes of several faces: choose one of {', '.join(sorted(topics))}")
    stamps, delays, rows, models, shape = [], [], [], set(), 0
    for message in bag.messages(topics):
        code = message.content
        stamps.append(code.header.stamp.sec * SECOND + code.header.stamp.nanosec)
        due = code.present_at.sec * SECOND + code.present_at.nanosec
        timing = getattr(code, "timing", None)
        # A recording that is played again speaks of its own time, the face of ours: `captured` is the one on the other's clock.
        captured = round(float(timing.captured) * SECOND) if timing is not None and timing.captured else stamps[-1]
        delays.append((due - captured) / SECOND if due else np.nan)
        rows.append(np.concatenate((code.shape, code.appearance)).astype(np.float32))
        models.add(str(code.face_model))
        shape = len(code.shape)
    if len(models) > 1 or len({len(row) for row in rows}) > 1:
        raise InputError(f"{bag.path} holds codes of {len(models)} face models: compare recordings of one")
    return _unique(np.array(stamps, np.int64), np.array(delays), np.stack(rows), shape, models.pop())


def _unique(
    stamps: np.ndarray, delays: np.ndarray, codes: np.ndarray, shape: int, model: str, *, computed: bool = False
) -> Codes:
    """The first code of every time, sorted."""
    if not np.isfinite(codes).all():
        raise InputError("the bag holds codes that are not finite")
    _, first = np.unique(stamps, return_index=True)
    return Codes(stamps[first], delays[first], codes[first], shape, model, len(stamps) - len(first), computed)
