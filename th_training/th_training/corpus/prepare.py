"""From recordings to a corpus: look, split, build a face of what is trained on, code, hear, find the lag, declare whole.

Every step keeps what it made under a digest of what that depends on: a run that was killed goes on, and a changed transcript or
profile does not ask for the pictures again. Recordings that cannot be used are left out by name. Where one failed for another
reason (memory, disk, a process that was killed) there is no manifest, and the same command tries again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from th_common.errors import InputError, ModelError
from th_training.aam.encode_corpus import face_and_id
from th_training.corpus.checks import check_recording, has_tracker
from th_training.corpus.clip_files import CLIPS, Clip, finished_clip
from th_training.corpus.format import MANIFEST, Corpus, find_face_file, open_again, read_corpus, write_manifest
from th_training.corpus.hearing import clip_key, make_clip
from th_training.corpus.lag import Lag, clip_curve, estimate_lag, spread_evenly
from th_training.corpus.own_face import FACE_FILE, build_own_face, copy_face
from th_training.corpus.pictures import FOLDER, Coder, Fitter, pictures_path, read_pictures, write_pictures
from th_training.corpus.recordings import Found, Recording
from th_training.corpus.splits import paper_splits
from th_training.errors import NoTrackerError, WriteError
from th_training.retarget.repertoire import find_face, find_repertoire
from th_training.retarget.transfer import Retargeter
from th_training.tiles import make_folder
from th_training.whole import sweep
from th_training.workers import Died, cores, spread

Progress = Callable[[str], Callable[[Iterable[Any], int], Iterable[Any]]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a corpus is made.

    face: a model folder or face file; None: one is built of the training clips. pictures: that it is built from.
    retarget: another face, which moves as the people do (a model folder, its name, a corpus, or the actor's face file): codes are its own.
    lag: s by which the pictures come later than the sound, to be taken out; apply_lag: also what is then found, if it can be
    told from a speaker's own way of moving.
    """

    profile: str = "paper"
    face: Path | None = None
    retarget: str | None = None
    pictures: int = 600
    seed: int = 0
    lag: float = 0.0
    apply_lag: bool = False
    cache: Path = Path("build/cache/landmarks")
    jobs: int | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one recording in one step. state: done, left out (it cannot be used), or failed (this time)."""

    name: str
    state: str
    reason: str = ""
    clip: Clip | None = None
    curve: np.ndarray | None = None


@dataclass
class Prepared:
    """The corpus, the lag of its clips, and what is to be said: notes by clip, seconds by step."""

    corpus: Corpus
    lag: Lag | None
    notes: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def prepare(
    found: Found, out: Path, plan: Plan, *, about: dict[str, Any], progress: Progress | None = None
) -> Prepared:
    """Make a corpus of recordings of one person.

    Raises:
        InputError: no recording can be used, or a step failed for some (then the folder is no corpus yet).
        ModelError: the face cannot be used.
    """
    recordings = {one.id: one for one in found.recordings}
    if len(recordings) != len(found.recordings):
        raise InputError("two recordings have one name")
    _check_free(out, about.get("kind"))
    left_out = dict(found.passed_over)
    seconds: dict[str, float] = {}
    make_folder(out)
    make_folder(out / FOLDER)
    for folder in (out, out / FOLDER, out / CLIPS):
        sweep(folder)

    def step(what: str, work: Callable[[str], Outcome], names: Sequence[str]) -> dict[str, Outcome]:
        begin = time.perf_counter()
        outcomes = _each(work, names, plan.jobs, progress(what) if progress else None)
        seconds[what] = round(time.perf_counter() - begin, 1)
        left_out.update((one.name, one.reason) for one in outcomes if one.state == "left out")
        failed = [one for one in outcomes if one.state == "failed"]
        if failed:
            raise InputError(
                f"{len(failed)} of {len(outcomes)} recordings failed, first {failed[0].name}: {failed[0].reason}; "
                f"{out} is no corpus yet, the same command goes on where this one stopped"
            )
        good = {one.name: one for one in outcomes if one.state == "done"}
        if not good:
            raise InputError(f"none of {len(outcomes)} recordings can be used; first: {outcomes[0].reason}")
        return good

    _check_plan(plan)
    given = plan.face if plan.retarget is None else find_face_file(find_face(plan.retarget))
    good = step("looking", partial(_look, recordings, plan.cache), sorted(recordings))
    splits = _splits(recordings, good, plan.seed)
    open_again(out)
    if given is not None:
        face = copy_face(given, out)
    else:
        begin = time.perf_counter()
        trained = [recordings[name].video for name in sorted(good) if splits[name] == "train"]
        face = build_own_face(trained, out, pictures=plan.pictures, seed=plan.seed, cache=plan.cache, progress=progress)
        seconds["face"] = round(time.perf_counter() - begin, 1)
    face_id = face_and_id(face)[1]
    coder: Coder = Fitter(face, face_id, plan.cache)
    if plan.retarget is not None:
        begin = time.perf_counter()
        coder = _retargeter(plan, face, out, [recordings[name] for name in sorted(good)], splits, progress)
        about = {**about, "retarget": dict(coder.figures)}
        seconds["retarget"] = round(time.perf_counter() - begin, 1)

    def make(what: str, lag: float) -> tuple[tuple[Clip, ...], Lag | None]:
        names = sorted(good)
        work = partial(_make, recordings, out, face, coder, plan.profile, lag, frozenset(spread_evenly(names)))
        done = step(what, work, names)
        # Where neither face nor ranges are those of what is trained on, a recording that fell out meanwhile takes no split's place
        divided = splits if given is None or plan.retarget else _splits(recordings, done, plan.seed)
        clips = tuple(replace(one.clip, split=divided[one.name]) for one in done.values() if one.clip is not None)
        begin = time.perf_counter()
        found = estimate_lag(out, clips, face, [one.curve for one in done.values() if one.curve is not None])
        seconds["lag"] = round(time.perf_counter() - begin, 1)
        return clips, found

    clips, lag = make("coding", plan.lag)
    applied = plan.lag
    if plan.apply_lag and lag is not None and lag.tellable:
        applied = round(applied + lag.seconds, 4)
        clips, lag = make("hearing", applied)
    used = {clip.id for clip in clips}
    for stale in sorted((out / CLIPS).glob("*.npz")):
        if stale.stem not in used:
            stale.unlink()
    corpus = write_manifest(
        out,
        clips,
        profile=plan.profile,
        face=face_id,
        face_file=FACE_FILE,
        left_out=left_out,
        about={**about, "seed": plan.seed, "lag_applied": round(applied, 4), "lag_left": lag.figures() if lag else None,
               "face_built": given is None},
    )  # fmt: skip
    notes = {clip.id: list(clip.extra["notes"]) for clip in clips if clip.extra.get("notes")}
    return Prepared(corpus, lag, notes, seconds)


def _check_free(out: Path, kind: object) -> None:
    """A folder may be new, or hold an earlier state of this corpus: clips that are not of it are removed in the end."""
    if not (out / MANIFEST).is_file():
        return
    held = read_corpus(out).about.get("kind")
    if held != kind:
        raise InputError(f"{out} holds a corpus of another kind ({held or 'unknown'}, not {kind}): name another folder")


def _check_plan(plan: Plan) -> None:
    if plan.retarget is not None and plan.face is not None:
        raise InputError("--face codes the person's own face, --retarget moves another one: name one of them")
    if has_tracker():
        return
    if plan.retarget is not None:
        raise InputError("a person's motion can only be measured by the tracker (requirements/landmarks.txt)")
    if plan.face is None:
        raise InputError(
            "a face can only be built where landmarks can be measured (requirements/landmarks.txt): name one with --face"
        )


def _retargeter(
    plan: Plan,
    face: Path,
    out: Path,
    recordings: Sequence[Recording],
    splits: Mapping[str, str],
    progress: Progress | None,
) -> Retargeter:
    """A person's range is that of his clips that are trained on; of all his clips where he has none of these."""
    assert plan.retarget is not None
    heard = {one.speaker for one in recordings if splits[one.id] == "train"}
    trained = [one for one in recordings if splits[one.id] == "train" or one.speaker not in heard]
    repertoire = find_repertoire(find_face(plan.retarget), out, trained, progress=progress)
    return Retargeter.of(face_and_id(face)[0], repertoire, trained, plan.cache, progress=progress)


def _splits(recordings: dict[str, Recording], good: Iterable[str], seed: int) -> dict[str, str]:
    clips = [Clip(id=name, speaker="", frames=0, source=recordings[name].source or name) for name in good]
    return paper_splits(clips, seed=seed)


def _each(work: Callable[[str], Outcome], names: Sequence[str], jobs: int | None, progress: Any) -> list[Outcome]:
    """`work` for every name over the cores; where a process dies, that name has failed."""
    count = max(1, min(cores() if jobs is None else jobs, len(names)))

    def results() -> Iterator[Outcome]:
        for done in spread(work, names, count):
            yield Outcome(done.item, "failed", str(done)) if isinstance(done, Died) else done

    return sorted(progress(results(), len(names)) if progress else results(), key=lambda one: one.name)


def _look(recordings: dict[str, Recording], cache: Path, name: str) -> Outcome:
    return _guarded(name, lambda: check_recording(recordings[name], cache))


def _make(
    recordings: dict[str, Recording],
    out: Path,
    face: Path,
    coder: Coder,
    profile: str,
    lag: float,
    compared: frozenset[str],
    name: str,
) -> Outcome:
    """Code the pictures, hear the sound, and compare lips and sound; what is there and of the same ingredients is kept."""
    recording = recordings[name]

    def work() -> Clip:
        place, seen = pictures_path(out, name), coder.key(recording)
        pictures = read_pictures(place, seen)
        if pictures is None:
            pictures = coder.see(recording)
            write_pictures(place, pictures, seen)
        key = clip_key(recording, seen, profile, lag)
        done = finished_clip(out, name, key)
        return done or make_clip(out, recording, pictures, key=key, profile=profile, lag=lag)

    made = _guarded(name, work)
    if made.clip is None or name not in compared:
        return made
    return replace(made, curve=clip_curve(out, face, made.clip))


def _guarded(name: str, work: Callable[[], Clip | None]) -> Outcome:
    try:
        return Outcome(name, "done", clip=work())
    except (WriteError, NoTrackerError) as error:
        return Outcome(name, "failed", str(error))
    except InputError as error:
        return Outcome(name, "left out", str(error))
    except ModelError:
        raise  # no clip can be coded
    except Exception as error:  # of memory, OpenCV, the disk: one recording's, the others go on
        return Outcome(name, "failed", f"{type(error).__name__}: {error}")
