"""Recordings of people to codes of another face that moves as they do.

What comes out are codes of that face and how surely the person was seen; a person's own landmarks and range stay in memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.aam.clock import FPS, bridge, frame_clock, quality_to_clock, to_clock
from th_training.aam.pose_map import PoseMap
from th_training.corpus.pictures import Pictures, file_digest
from th_training.corpus.recordings import Recording
from th_training.landmarks.track import Track
from th_training.landmarks.video import MIN_FOUND, cached_track
from th_training.retarget.person import Person
from th_training.retarget.puppet import Puppet
from th_training.retarget.repertoire import Repertoire
from th_training.video import timed_pictures

VERSION = 2
"""Of what is made of a video: files of another version are made anew."""

Progress = Callable[[str], Callable[[Iterable[Any], int], Iterable[Any]]]


@dataclass(frozen=True, eq=False)
class Retargeter:
    """people: speaker -> his rest and range, or why they cannot be told; figures: JSON-able, nothing of the people."""

    people: Mapping[str, Person | str]
    puppet: Puppet
    look: PoseMap
    cache: Path
    figures: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        model: FaceModel,
        repertoire: Repertoire,
        recordings: Sequence[Recording],
        cache: Path,
        *,
        progress: Progress | None = None,
    ) -> Retargeter:
        """For a face of which `repertoire` is known, and people whose range is taken from these recordings."""
        puppet = Puppet.of(model, repertoire.codes, repertoire.speech)
        look = repertoire.look(model)
        tracks: dict[str, list[tuple[np.ndarray, float]]] = {}
        for one in progress("measuring")(recordings, len(recordings)) if progress else recordings:
            track = cached_track(one.video, cache, strict=False)
            tracks.setdefault(one.speaker, []).append((track.landmarks[~track.lost], track.fps))
        people: dict[str, Person | str] = {}
        for speaker, found in tracks.items():
            try:
                people[speaker] = Person.of(found)
            except InputError as error:
                people[speaker] = str(error)
        figures = {
            "look_from": repertoire.source,
            "look_r2": look.figures["pose_map_r2"],
            "approximate": repertoire.approximate,
        }
        return cls(people, puppet, look, cache, figures)

    def key(self, recording: Recording) -> str:
        """Digest of all that decides a recording's codes. Raises InputError where the video cannot be read."""
        person = self.people.get(recording.speaker)
        known = astuple(person) if isinstance(person, Person) else (str(person),)
        arrays = [*known, *astuple(self.puppet), self.look.dual, self.look.anchors]
        digests = [hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest() for a in map(np.asarray, arrays)]
        text = json.dumps([VERSION, file_digest(recording.video), *digests])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def see(self, recording: Recording) -> Pictures:
        """Codes of the face for a recording; without landmarks, which would be the person's.

        Raises InputError, naming the video, where it cannot be read, shows no face in a fifth of its pictures, or nobody knows
        the person's range.
        """
        person = self.people.get(recording.speaker, "nothing is known of this speaker")
        if isinstance(person, str):
            raise InputError(f"{recording.video}: {recording.speaker}: {person}")
        times, end = picture_times(recording.video)
        track = cached_track(recording.video, self.cache, strict=False)
        rows, quality = on_clock(track, times, end)
        if not (quality > 0).any() or track.lost.mean() > 1 - MIN_FOUND:
            raise InputError(f"{recording.video}: a face was found in only {1 - track.lost.mean():.0%} of its pictures")
        codes = self.codes(person, rows)
        seen = float((~track.lost).mean())
        return Pictures(codes, quality, np.zeros((0, 68, 2), np.float32), len(times) / end, seen)

    def codes(self, person: Person, landmarks: np.ndarray) -> np.ndarray:
        """(T, 16) float32 of landmarks (T, 68, 2) px at 60 Hz."""
        shape = self.puppet.shape(person.wanted(landmarks, FPS, self.puppet))
        points = self.look.shape_mean + np.tensordot(shape, self.look.shape_modes, 1)
        return self.look.codes(np.zeros((len(shape), 0)), points)


def on_clock(track: Track, times: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (T, 68, 2) px and quality (T,) 0..1 at (i + 1) / 60 s, of pictures at `times` (N,) s, the last of which ends at `end`.

    Where no face was found landmarks are put in line between their neighbours, and quality is 0.
    """
    if len(times) != len(track.landmarks):  # pictures that are not later than the one before
        times = (np.arange(len(track.landmarks)) + 0.5) / track.fps
    wanted = frame_clock(end)
    if track.lost.all():
        return np.zeros((len(wanted), 68, 2)), np.zeros(len(wanted), np.float32)
    points = np.where(track.lost[:, None, None], 0.0, track.landmarks.astype(np.float64))
    rows = to_clock(times, bridge(times, points, ~track.lost), wanted)
    sure = np.where(track.lost, 0.0, track.confidence)
    return rows, quality_to_clock(times, sure, wanted, duration=1 / track.fps).astype(np.float32)


def picture_times(video: Path) -> tuple[np.ndarray, float]:
    """(N,) s: the middle of each picture's time on show; and when the last one ends, on the clock of `timed_pictures`."""
    shown = [(time, duration) for time, duration, _ in timed_pictures(video)]
    if not shown:
        raise InputError(f"{video}: no picture could be decoded")
    return np.array([time + duration / 2 for time, duration in shown]), sum(shown[-1])


__all__ = ["Retargeter", "on_clock", "picture_times"]
