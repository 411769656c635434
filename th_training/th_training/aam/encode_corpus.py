"""Many videos to codes: over all cores, resumable, damaged clips left out by name.

OUT/NAME.npz holds the arrays of `Encoded` and, as text, `face` (the id of the face) and `key` (a digest of the video, the
face, the rate and this program's version): a clip with the same key is kept, any other is made anew.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np

from th_common.errors import InputError, ModelError
from th_common.model_folder import FACE
from th_face_renderer.face_model import FaceModel
from th_training.aam.clock import FPS
from th_training.aam.encode_video import VideoEncoder
from th_training.aam.files import read_face
from th_training.tiles import make_folder
from th_training.whole import replacing, sweep
from th_training.workers import Died, cores, spread

VERSION = 2
"""Of what an encoder makes of a video: clips of another version are made anew."""

SUFFIXES = (".mp4", ".mpg", ".mpeg", ".avi", ".mov", ".mkv", ".webm", ".m4v")


@dataclass(frozen=True)
class Outcome:
    """What became of one video; its rows and their quality.

    state: `coded`, `kept` (made before), `left out` (it cannot be used) or `failed` (it could not be coded this time: memory,
    disk, a process that was killed), the last two with the reason.
    """

    video: Path
    state: str
    reason: str = ""
    frames: int = 0
    quality: float = 0.0


def find_videos(places: Iterable[Path]) -> list[Path]:
    """Files as they are, folders with all videos below them, by name.

    Raises InputError where two would write the same NAME.npz, and for a folder without videos.
    """
    videos: list[Path] = []
    for place in places:
        if place.is_dir():
            below = sorted(p for p in place.rglob("*") if p.suffix.lower() in SUFFIXES)
            if not below:
                raise InputError(f"{place}: there is no video in this folder ({', '.join(SUFFIXES)})")
            videos += below
        else:
            videos.append(place)
    names = Counter(video.stem for video in videos)
    for name, count in names.items():
        if count > 1:
            same = ", ".join(str(v) for v in videos if v.stem == name)
            raise InputError(f"{count} videos would all become {name}.npz: {same}")
    return videos


def face_and_id(path: Path) -> tuple[FaceModel, str]:
    """A model folder's face, or one that `th aam build` wrote, and its id: the SHA-256 of its file. Raises ModelError."""
    model = read_face(path)
    return model, hashlib.sha256((path / FACE if path.is_dir() else path).read_bytes()).hexdigest()


def encode_corpus(
    face: Path,
    videos: Sequence[Path],
    out: Path,
    *,
    fps: float = FPS,
    jobs: int | None = None,
    progress: Callable[[Iterable[Outcome], int], Iterable[Outcome]] | None = None,
) -> list[Outcome]:
    """Code videos of one person into the folder `out`; `jobs` processes, None: one per core.

    Raises ModelError for a face that cannot be used, and InputError for a rate outside 1..240, no process at all, and a folder
    that cannot be made; what is wrong with a video is in its outcome.
    """
    if not 1 <= fps <= 240:
        raise InputError(f"{fps:g} rows per second is outside 1..240")
    jobs = cores() if jobs is None else jobs
    if jobs < 1:
        raise InputError(f"it takes at least one process, not {jobs}")
    _, face_id = face_and_id(face)
    make_folder(out)
    sweep(out)
    work = (
        Outcome(done.item, "failed", reason=f"{done.item}: {done}") if isinstance(done, Died) else done
        for done in spread(partial(_encode_one, face, face_id, out, fps), videos, max(1, min(jobs, len(videos))))
    )
    outcomes = sorted(progress(work, len(videos)) if progress else work, key=lambda outcome: str(outcome.video))
    sweep(out)
    return outcomes


def finished(target: Path, key: str) -> tuple[int, float] | None:
    """Rows and mean quality of a clip that was made of the same ingredients, else None."""
    try:
        with np.load(target, allow_pickle=False) as held:
            if str(held["key"]) != key:
                return None
            return len(held["codes"]), float(held["quality"].mean())
    except Exception:  # whatever is wrong with it, it is made anew
        return None


@lru_cache(maxsize=1)
def _encoder(face: Path, face_id: str) -> VideoEncoder:
    cv2.setNumThreads(1)
    model, found = face_and_id(face)
    if found != face_id:
        raise ModelError(f"{face}: was changed while it was used")
    return VideoEncoder(model)


def _encode_one(face: Path, face_id: str, out: Path, fps: float, video: Path) -> Outcome:
    target = out / f"{video.stem}.npz"
    try:
        key = _key(video, face_id, fps)
        known = finished(target, key)
        if known:
            return Outcome(video, "kept", frames=known[0], quality=known[1])
        encoded = _encoder(face, face_id).encode(video, fps=fps)
    except InputError as error:
        return Outcome(video, "left out", reason=str(error))
    except ModelError:
        raise  # no clip can be coded
    except Exception as error:  # of memory, OpenCV, the disk: one clip's, the others go on
        return Outcome(video, "failed", reason=f"{video}: {type(error).__name__}: {error}")
    try:
        with replacing(target) as place, place.open("wb") as file:
            np.savez_compressed(file, **asdict(encoded), face=face_id, key=key)
    except (InputError, MemoryError) as error:
        return Outcome(video, "failed", reason=f"{video}: {error or type(error).__name__}")
    return Outcome(video, "coded", frames=len(encoded.codes), quality=float(encoded.quality.mean()))


def _key(video: Path, face_id: str, fps: float) -> str:
    digest = hashlib.sha256(f"{VERSION} {face_id} {fps:g} ".encode())
    try:
        with video.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise InputError(f"{video}: cannot be read ({error.strerror})") from error
    return digest.hexdigest()
