"""What predicted faces show of a voice that its phones do not tell: loudness in the lips, the melody in the brows.

    th train build/actor runs --recipe paper-BBF --recipe phonemes-BBF --folds 2
    python benchmarks/beyond_phones.py build/actor runs/paper-BBF runs/phonemes-BBF

Loudness: each vowel's widest lip opening and its loudest frame (log energy against the clip's 90th percentile), less their means over vowels of the same
phone and emotion, and with the vowel's length taken out: their correlation. Melody: F0 in octaves against the clip's median, smoothed over 0.4 s as the
actor's brows are, against the height of the brows; and as parts of one clip, with 95 % intervals by bootstrap over clips.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from th_training.corpus.format import FPS, read_corpus
from th_training.evaluate.load import face_of
from th_training.landmarks.measures import brow_height, lip_opening, lip_width
from th_training.learn.folds import read_folds
from th_training.learn.metrics import correlation
from th_training.speech.phones import PHONES, VOWELS

ENERGY, PITCH = 12, 39  # of the 40 features
SHORTEST = 3  # frames of a vowel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folds", type=Path, nargs="+", help="folders of `th train --folds`")
    chosen = parser.parse_args()
    corpus = read_corpus(chosen.corpus)
    face = face_of(corpus, None)
    if face is None:
        parser.error(f"{chosen.corpus} has no face")
    methods = {folder.name: read_folds(folder).predictions for folder in chosen.folds}
    clips = [c for c in corpus.clips if c.kind == "speech" and all(c.id in codes for codes in methods.values())]
    known = {c.id: corpus.arrays(c, "features", "codes", "phones") for c in clips}
    methods["truth"] = {c.id: known[c.id]["codes"] for c in clips}
    points = {name: {c.id: face.landmark_track(codes[c.id]) for c in clips} for name, codes in methods.items()}
    for name in methods:
        print(f"{name}, {len(clips)} clips")
        codes = [np.nanmean(correlation(methods[name][c.id], known[c.id]["codes"])) for c in clips]
        print(f"  CORR {_interval(codes)}")
        for measure in (lip_opening, lip_width, brow_height):
            r = [_r(measure(points[name][c.id]), measure(points["truth"][c.id])) for c in clips]
            print(f"  {measure.__name__} r {_interval(r)}")
        r = [_r(brow_height(points[name][c.id]), melody(known[c.id]["features"][:, PITCH])) for c in clips]
        print(f"  brows with the melody r {_interval(r)}")
        rows = [row for c in clips for row in vowels(known[c.id], lip_opening(points[name][c.id]), c.emotion)]
        print(f"  lips with loudness r {lips_with_loudness(rows):.3f} of {len(rows)} vowels")


def melody(f0: np.ndarray) -> np.ndarray:
    """F0 (T,) Hz, 0 unvoiced, as octaves above its median, smoothed; 0 where nothing is voiced."""
    voiced = f0 > 0
    octaves = np.zeros(len(f0))
    if voiced.any():
        octaves[voiced] = np.log2(f0[voiced] / np.median(f0[voiced]))
    window = np.hanning(round(0.4 * FPS) + 2)[1:-1]
    return np.convolve(octaves, window / window.sum(), "full")[len(window) // 2 :][: len(f0)]


def vowels(known: dict[str, np.ndarray], opening: np.ndarray, emotion: str) -> list[tuple[str, float, float, int]]:
    """(phone and emotion, widest opening, loudest frame, length) of each vowel of a clip."""
    phones = known["phones"]
    loud = known["features"][:, ENERGY] - np.percentile(known["features"][:, ENERGY], 90)
    starts = np.flatnonzero(phones[:, 3] == 0)
    found = []
    for a, b in zip(starts, [*starts[1:], len(phones)], strict=True):
        name = PHONES[phones[a, 1]]
        if name in VOWELS and b - a >= SHORTEST:
            found.append((f"{name} {emotion}", float(opening[a:b].max()), float(loud[a:b].max()), int(b - a)))
    return found


def lips_with_loudness(rows: list[tuple[str, float, float, int]]) -> float:
    """Correlation of opening and loudness among vowels of one phone and emotion, their length taken out."""
    keys = np.array([row[0] for row in rows])
    values = np.array([row[1:] for row in rows], float)
    for key in np.unique(keys):
        values[keys == key] -= values[keys == key].mean(0)
    opening, loudness, length = values.T
    left = [x - length * (x @ length) / (length @ length) for x in (opening, loudness)]
    return float(np.corrcoef(*left)[0, 1])


def _r(a: np.ndarray, b: np.ndarray) -> float:
    return float(correlation(a[:, None], b[:, None])[0])


def _interval(values: list[float]) -> str:
    x = np.array(values)
    x = x[np.isfinite(x)]
    drawn = np.random.default_rng(0).integers(len(x), size=(2000, len(x)))
    low, high = np.percentile(x[drawn].mean(1), (2.5, 97.5))
    return f"{x.mean():.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
