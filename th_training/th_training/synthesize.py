"""`th synthesize`: any sound file becomes a video of the speaking face, 60 frames per second, in step with its sound.

Three stages work at once, each in a thread: sound -> features -> codes, codes -> pictures, pictures -> H.264. Memory stays
bounded whatever the length, unless the model needs the whole recording.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, TypeVar

import av
import cv2
import numpy as np
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from th_audio_features import FeatureStream
from th_audio_io.sources import FileSource
from th_common.default_model import find_model
from th_common.errors import InputError
from th_common.model_folder import read_card
from th_face_predictor import PredictorStream, load_predictor
from th_face_predictor.ear import Ear
from th_face_predictor.known_voices import load_known_voices
from th_face_predictor.voice_file import find_voice, read_voice
from th_face_renderer import FaceDecoder, load_face
from th_training.aam.files import read_face
from th_training.movie import replacing_video
from th_training.sound_track import SoundTrack

FPS = 60
SIZES = (64, 2160)

_Item = TypeVar("_Item")
_AHEAD = 64  # items that a stage may be ahead of the next

app = typer.Typer(add_completion=False)


@app.command()
def command(
    speech: Annotated[Path, typer.Argument(help="Sound file: wav, flac, mp3, ogg, or the sound of a video.")],
    out: Annotated[Path, typer.Argument(help="Video to write (.mp4).")],
    model: Annotated[Path | None, typer.Option(help="Face model folder [default: the default face].")] = None,
    size: Annotated[int, typer.Option(help="Height and width in px, even.", min=SIZES[0], max=SIZES[1])] = 512,
    crf: Annotated[int, typer.Option(help="x264's quality: 0 lossless .. 51 worst.", min=0, max=51)] = 18,
    voice: Annotated[str, typer.Option(help="Measured voice to hear it with (th calibrate) [default: none].")] = "",
    adapt: Annotated[
        bool, typer.Option(help="Without one, slowly bring a far voice nearer, as the graph does.")
    ] = True,
) -> None:
    """Turn a sound file into a video of the speaking face."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("speaking face", total=None)

        def tell(frames: int, total: int | None) -> None:
            progress.update(task, completed=frames, total=total)

        frames = synthesize(speech, out, model=model, size=size, crf=crf, voice=voice, adapt=adapt, tell=tell)
        progress.update(task, completed=frames, total=frames)
    print(f"{out}: {frames} frames, {frames / FPS:.2f} s")


def synthesize(
    speech: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | None = None,
    size: int = 512,
    crf: int = 18,
    codes: np.ndarray | None = None,
    gain: float | None = 1.0,
    voice: str = "",
    adapt: bool = True,
    tell: Callable[[int, int | None], None] | None = None,
) -> int:
    """Write the video of a face that speaks a sound file; returns its number of frames.

    Frame k is the face at (k + 1/2) / 60 s, the middle of the time that it is shown. A file that is not finished, for
    whatever reason, is removed.

    Args:
        model: face model folder; None for the default face; where there are codes, the file of a face will do.
        size: height and width in px, even; crf: x264's quality.
        voice: file of a measured voice (th_face_predictor.voice_file), or the name of one that was kept; empty: none.
        adapt: without a voice, slowly bring one that is far from those of the training nearer to them.
        codes: (T, D), drawn in place of those that the model predicts; row i belongs to the sound at (i + 1) / 60 s.
        gain: factor of the sound in the video (the face hears the sound as it is); None for a video without a sound track.
        tell: called with (frames done, frames in all or None if that is not known).

    Raises:
        InputError: the sound cannot be read or is empty, the size is odd or out of range, the codes are not this face's,
            the voice is none for this model or comes with codes, which need none, the video cannot be written.
        ModelError: the face model cannot be used.
    """
    _check_size(size)
    if codes is not None and voice:
        raise InputError(f"codes are given, so nothing is heard with the voice {voice!r}")
    source = _Counted(speech)
    folder = Path(model) if codes is not None and model and Path(model).is_file() else find_model(model or "")
    decoder = FaceDecoder(read_face(folder)) if folder.is_file() else load_face(folder)
    blocks = (
        _predicted(source, folder, _ear(folder, voice, adapt))
        if codes is None
        else _given(_checked(codes, decoder), source)
    )
    with _ahead(_due_codes(blocks, source)) as due:
        pictures = (decoder.render(code, (size, size), copy=False) for code in due)
        return write_pictures(out, pictures, speech, size=size, crf=crf, gain=gain, tell=tell)


def write_pictures(
    out: str | os.PathLike[str],
    pictures: Iterable[np.ndarray],
    speech: str | os.PathLike[str],
    *,
    size: int,
    crf: int = 18,
    gain: float | None = 1.0,
    tell: Callable[[int, int | None], None] | None = None,
) -> int:
    """Write uint8 BGR pictures (size, size, 3), 60 a second, with the sound of a file; see `synthesize`.

    Raises:
        InputError: the sound cannot be read, the size is odd or out of range, the video cannot be written.
    """
    _check_size(size)
    target = Path(out)
    if target.suffix.lower() != ".mp4":
        raise InputError(f"the video's name must end in .mp4, not {target.name!r}")
    planar = (cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420) for picture in pictures)  # BT.601
    with _ahead(planar) as ready, replacing_video(target) as partial:
        return _write(partial, ready, FileSource(speech), size, crf, gain, tell)


def _ear(folder: Path, voice: str, adapt: bool) -> Ear:
    card = read_card(folder)
    ear = Ear(load_known_voices(folder, card), profile=card.profile)
    ear.use(read_voice(find_voice(voice)) if voice else None, adapt=adapt)
    return ear


class _Counted(FileSource):
    """A sound file that counts the samples read of it."""

    total = 0

    def blocks(self) -> Iterator[np.ndarray]:
        for block in super().blocks():
            self.total += len(block)
            yield block


def _check_size(size: int) -> None:
    if not (SIZES[0] <= size <= SIZES[1]) or size % 2:
        raise InputError(f"the size must be an even number of px from {SIZES[0]} to {SIZES[1]}, not {size}")


def _checked(codes: np.ndarray, decoder: FaceDecoder) -> np.ndarray:
    width = len(decoder.rest_code)
    if codes.ndim != 2 or codes.shape[1] != width or not len(codes) or not np.isfinite(codes).all():
        raise InputError(f"codes {codes.shape} are not the finite (T, {width}) numbers of this face")
    return codes.astype(np.float32, copy=False)


def _given(codes: np.ndarray, source: _Counted) -> Iterator[np.ndarray]:
    """Codes that were given, none beyond the end of the sound."""
    for _ in source.blocks():
        pass
    yield codes[: -(-source.total * FPS // source.rate)]


def _predicted(source: FileSource, folder: Path, ear: Ear) -> Iterator[np.ndarray]:
    """The codes (n, D) of the recording, piece by piece, its features heard as the ear has them."""
    predictor = load_predictor(folder)
    features = FeatureStream(source.rate, profile=predictor.profile)

    def vectors() -> Iterator[np.ndarray]:
        for block in source.blocks():
            yield hear(features.push(block))
        yield hear(features.flush())

    def hear(rows: np.ndarray) -> np.ndarray:
        return np.array([ear.push(row, first=False) for row in rows], np.float32).reshape(rows.shape)

    if predictor.lookahead is None:
        whole = np.concatenate(list(vectors()))
        yield predictor.predict(whole) if len(whole) else whole
        return
    stream = PredictorStream(predictor)
    for block in vectors():
        yield stream.push(block)
    yield stream.flush()


def _due_codes(blocks: Iterable[np.ndarray], source: _Counted) -> Iterator[np.ndarray]:
    """One code for every video frame of the recording, which `blocks` has read when it ends."""
    frame, last = 0, None
    for block in blocks:
        for code in block:
            # Code i belongs to the sound at (i + 1) / 60 s, frame k to (k + 1/2) / 60 s: halfway from code k - 1 to code k
            yield code if last is None else (last + code) / 2
            frame, last = frame + 1, code
    if not source.total:
        raise InputError(f"{str(source.path)!r} holds no sound")
    if last is None:
        raise InputError(f"{str(source.path)!r} is shorter than one frame of sound (1/30 s)")
    while frame * source.rate < source.total * FPS:
        yield last
        frame += 1


def _write(
    path: Path,
    pictures: Iterable[np.ndarray],
    source: FileSource,
    size: int,
    crf: int,
    gain: float | None,
    tell: Callable[[int, int | None], None] | None,
) -> int:
    """Mux planar YUV 4:2:0 pictures (3/2 size, size) uint8 with the sound."""
    total = _length(source)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video: Any = container.add_stream("libx264", rate=FPS)
        video.width = video.height = size
        video.pix_fmt = "yuv420p"
        video.options = {"preset": "veryfast", "crf": str(crf), "g": str(2 * FPS)}
        video.codec_context.time_base = Fraction(1, FPS)
        video.codec_context.colorspace = 5  # BT.601, as cv2 converts
        video.codec_context.color_range = 1
        sound = None if gain is None else SoundTrack(container, source, gain=gain)
        frames = 0
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = frames, Fraction(1, FPS)
            container.mux(video.encode(frame))
            frames += 1
            if sound is not None:
                sound.write_until(frames / FPS)
            if tell is not None and frames % 30 == 0:
                tell(frames, total)
        container.mux(video.encode(None))
        if sound is not None:
            sound.finish()
    return frames


def _length(source: FileSource) -> int | None:
    """Frames of the video, where the file says how long it is."""
    with contextlib.suppress(Exception), av.open(str(source.path)) as container:
        if container.duration:
            return -(-container.duration * FPS // 1_000_000)
    return None


@contextlib.contextmanager
def _ahead(items: Iterable[_Item]) -> Iterator[Iterator[_Item]]:
    """Iterate in a thread, at most _AHEAD items before the reader; an error comes up where the item would have."""
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def put(entry: tuple[bool, Any]) -> bool:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(entry, timeout=0.1)
                return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
            put((False, None))
        except BaseException as error:
            put((False, error))

    def read() -> Iterator[_Item]:
        while True:
            try:
                more, item = waiting.get(timeout=0.1)
            except queue.Empty:
                if stopped.is_set():
                    return
                continue
            if not more:
                if item is not None:
                    raise item
                return
            yield item

    thread = threading.Thread(target=work, name="th-synthesize", daemon=True)
    thread.start()
    try:
        yield read()
    finally:
        stopped.set()
        thread.join()
