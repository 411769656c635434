"""A sound file -> its features, what it is like, and an excerpt to draw; in memory that hardly grows with the file."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from th_audio_features import FeatureStream, Profile
from th_audio_features.profiles import CEPSTRA, FRAME_RATE, get_profile
from th_audio_io.sources import FileSource
from th_common.errors import InputError
from th_training.features.sound import SoundFacts, SoundMeter

ENERGY, F0 = CEPSTRA, 39
LEAD = 30  # s of sound before the start: F0's level has then forgotten what it does not hear
FULL_SCALE = 32768.0


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The part of the sound that is drawn.

    Attributes:
        start: s, of the first sample in the file.
        samples: float32 (N,), mean of the channels.
        clipped: bool (N,): some channel was at full scale.
        times: (T,) s in the file, the frames' centres.
        features: float32 (T, 40).
    """

    rate: int
    start: float
    samples: np.ndarray
    clipped: np.ndarray
    times: np.ndarray
    features: np.ndarray

    @property
    def end(self) -> float:
        return self.start + len(self.samples) / self.rate


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What `analyse` found.

    Attributes:
        start, end: s in the file, the part that was analysed.
        facts: of the sound in it.
        frames: number of feature vectors, those whose centres lie in it.
        voiced: share of frames that have an F0.
        f0: 10th, 50th, 90th percentile of F0 in Hz over voiced frames, None where there are none.
        loud, quiet: 95th and 10th percentile of the frames' level in dB of full scale.
        limited: samples beyond 16 times full scale.
        features: float32 (frames, 40) and times (frames,), if they were to be kept.
    """

    path: str
    profile: Profile
    start: float
    end: float
    facts: SoundFacts
    frames: int
    voiced: float
    f0: tuple[float, float, float] | None
    loud: float
    quiet: float
    limited: int
    excerpt: Excerpt
    features: np.ndarray | None = None
    times: np.ndarray | None = None


def analyse(
    path: str | os.PathLike[str],
    profile: str | Profile = "robot",
    *,
    start: float = 0.0,
    end: float | None = None,
    excerpt: float = 30.0,
    keep: bool = False,
    tell: Callable[[float], None] | None = None,
) -> Analysis:
    """Read a sound file and measure it.

    Frames are the file's own, centred at (i + 1)/60 s, whatever the start: the numbers are those of the whole file (with a start
    after 30 s, all but rare decisions of F0). Memory: some 4 MB per hour of sound, 35 MB more with `keep`.

    Args:
        start, end: s; the part to look at. None: to the end of the file.
        excerpt: s, length of the part that is drawn, from the start; 1/30 or more.
        keep: return all features, not only the excerpt's.
        tell: called with the s that are done.

    Raises:
        InputError: no such file or profile, no sound in it, the part is empty or shorter than a frame.
    """
    chosen = get_profile(profile)
    stop = math.inf if end is None else end
    if not 0.0 <= start < math.inf or not start < stop:
        raise InputError(f"the part must begin at 0 s or later and end after it begins, not {start:g} to {stop:g} s")
    if not excerpt >= 1.0 / 30.0:
        raise InputError(f"at least a frame must be drawn (1/30 s), not {excerpt:g} s")
    source = FileSource(path)
    part = _Part(source, chosen, start, stop, excerpt, keep)
    for done in part.read():
        if tell is not None:
            tell(done)
    return part.analysis()


class _Part:
    """One pass over the file; `read` works, `analysis` tells."""

    def __init__(
        self, source: FileSource, profile: Profile, start: float, end: float, excerpt: float, keep: bool
    ) -> None:
        rate = source.rate
        self._source, self._profile, self._keep = source, profile, keep
        self._first = round(start * rate)
        self._last = math.inf if end == math.inf else round(end * rate)
        self._drawn = min(self._last, self._first + round(excerpt * rate))
        # Whole seconds hold whole numbers of frames and samples: the frames stay the file's own.
        self._lead = max(0, int(start) - LEAD)
        self._meter = SoundMeter(rate, source.channels)
        self._stream = FeatureStream(rate, profile)
        self._frame = self._lead * FRAME_RATE  # number in the file of the next vector
        self._begin: int | None = None  # number in the file of the part's first vector
        self._read = 0
        self._sound: list[np.ndarray] = []
        self._clipped: list[np.ndarray] = []
        self._shown: list[np.ndarray] = []
        self._rows: list[np.ndarray] = []
        self._energies: list[np.ndarray] = []
        self._pitch: list[np.ndarray] = []

    def read(self) -> Iterator[float]:
        """Work through the file; yields the s that are done."""
        rate = self._source.rate
        skip = self._lead * rate
        for block in self._source.blocks():
            begin, self._read = self._read, self._read + len(block)
            self._take_sound(begin, block)
            self._take(self._stream.push(block[max(0, skip - begin) :]))
            if self._centre(self._frame) > self._last:
                return
            yield self._read / rate
        self._take(self._stream.flush())

    def _centre(self, frame: int) -> float:
        """In samples of the file."""
        return (frame + 1) / FRAME_RATE * self._source.rate

    def _take_sound(self, begin: int, block: np.ndarray) -> None:
        low, high = max(0, self._first - begin), min(len(block), self._last - begin)
        if low >= high:
            return
        wanted = block[low : int(high)]
        sound = self._meter.push(wanted)
        drawn = max(0, min(len(sound), int(self._drawn - begin) - low))
        if drawn:
            self._sound.append(sound[:drawn])
            self._clipped.append((np.abs(wanted[:drawn]) >= 0.999).any(axis=1))

    def _take(self, rows: np.ndarray) -> None:
        rate = self._source.rate
        centres = (np.arange(self._frame, self._frame + len(rows)) + 1) / FRAME_RATE * rate
        inside = (centres >= self._first) & (centres <= self._last)
        if self._begin is None and inside.any():
            self._begin = self._frame + int(inside.argmax())
        self._frame += len(rows)
        if not inside.any():
            return
        rows, centres = rows[inside], centres[inside]
        self._energies.append(rows[:, ENERGY].copy())
        self._pitch.append(rows[:, F0].copy())
        if centres[0] <= self._drawn:
            self._shown.append(rows[centres <= self._drawn])
        if self._keep:
            self._rows.append(rows)

    def analysis(self) -> Analysis:
        source, profile, rate = self._source, self._profile, self._source.rate
        name = repr(str(source.path))
        if not self._read:
            raise InputError(f"{name} holds no sound")
        if self._first >= self._read:
            raise InputError(f"{name} ends at {self._read / rate:.2f} s, before the part begins")
        if self._begin is None:
            raise InputError(f"{name} is, in this part, shorter than one frame of sound (1/30 s)")
        pitch, energies = np.concatenate(self._pitch), np.concatenate(self._energies)
        features = np.concatenate(self._shown)
        times = (np.arange(self._begin, self._begin + len(pitch)) + 1) / FRAME_RATE
        levels = frame_level(energies, profile)
        voices = pitch[pitch > 0]
        low, middle, high = np.percentile(voices, [10, 50, 90]) if len(voices) else (0.0, 0.0, 0.0)
        return Analysis(
            path=str(source.path),
            profile=profile,
            start=self._first / rate,
            end=min(self._last, self._read) / rate,
            facts=self._meter.facts(replaced=source.replaced),
            frames=len(pitch),
            voiced=len(voices) / len(pitch),
            f0=(float(low), float(middle), float(high)) if len(voices) else None,
            loud=float(np.percentile(levels, 95)),
            quiet=float(np.percentile(levels, 10)),
            limited=self._stream.limited,
            excerpt=Excerpt(
                rate=rate,
                start=self._first / rate,
                samples=np.concatenate(self._sound),
                clipped=np.concatenate(self._clipped),
                times=times[: len(features)],
                features=features,
            ),
            features=np.concatenate(self._rows) if self._keep else None,
            times=times if self._keep else None,
        )


def frame_level(energy: np.ndarray, profile: Profile) -> np.ndarray:
    """e (natural logarithm of the energy on the int16 scale) -> level of the frame in dB of full scale."""
    return 10.0 / np.log(10.0) * (energy - np.log(profile.window)) - 20.0 * np.log10(FULL_SCALE)
