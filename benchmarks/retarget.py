"""How far a corpus' codes move its face as the people in its videos move, by the tracker's landmarks of every clip.

    th corpus video ../shared/corpus/grid_s1/video build/s1 --retarget default --profile robot
    python benchmarks/retarget.py build/s1 --words ../shared/corpus/grid_s1

With --predictions FOLDS (of `th train build/s1 FOLDS --folds 3 ...`) the codes are what networks make of clips that they have not heard.

Correlations over time, mean over clips: each measure of the drawn face against the same of the landmarks as they were measured. Closed:
the real lips touch (opening in the lowest fifth of its range over all clips), the face's are less than 2 px of a 160 px eye distance apart.
With GRID's transcripts: the least opening in each m, b and p. Jerk: third difference of the shape codes, in sd/s^3.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_training.aam.files import read_face
from th_training.corpus.format import FPS, Clip, read_corpus
from th_training.corpus.grid import find_grid
from th_training.corpus.sound import read_sound
from th_training.landmarks import cached_track
from th_training.landmarks.measures import brow_height, corner_height, eye_opening, lip_opening, lip_width
from th_training.learn.folds import read_predictions
from th_training.learn.metrics import correlation
from th_training.retarget.transfer import on_clock, picture_times
from th_training.speech.align import align

MEASURES = {
    "lip opening": lip_opening,
    "lip width": lip_width,
    "corners' height": corner_height,
    "brows": brow_height,
    "eyes": eye_opening,
}
TOUCHING = 0.2  # of the real opening's range
SHUT = 0.0125  # inter-ocular distances, of the drawn lips
BILABIALS = ("M", "B", "P")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("build/cache/landmarks"))
    parser.add_argument("--words", type=Path, help="folder of GRID's transcripts and videos")
    parser.add_argument("--predictions", type=Path, help="folder that `th train --folds` wrote")
    chosen = parser.parse_args()
    corpus = read_corpus(chosen.corpus)
    assert corpus.face_path is not None
    face = read_face(corpus.face_path)
    texts = {one.id: one.text for one in find_grid(chosen.words).recordings} if chosen.words else {}
    predicted = read_predictions(chosen.predictions) if chosen.predictions else None
    rows, real, drawn, jerk, bilabials = [], [], [], [], []
    for clip in corpus.clips:
        if predicted is not None and clip.id not in predicted:
            continue
        codes = corpus.arrays(clip, "codes")["codes"] if predicted is None else predicted[clip.id]
        measured, points = people(clip, chosen.cache), face.landmark_track(codes)
        rows.append([correlation(f(points)[:, None], f(measured)[:, None])[0] for f in MEASURES.values()])
        real.append(lip_opening(measured))
        drawn.append(lip_opening(points))
        jerk.append(np.abs(np.diff(codes[:, : len(face.shape_modes)], 3, axis=0)).mean() * FPS**3)
        bilabials += least_openings(clip, texts.get(clip.id, ""), drawn[-1])
    print(f"{len(rows)} clips, mean r over clips (lowest clip)")
    for name, values in zip(MEASURES, np.array(rows).T, strict=True):
        print(f"{name:16s} {np.nanmean(values):.3f} ({np.nanmin(values):.3f})")
    one, other = np.concatenate(real), np.concatenate(drawn)
    low, high = np.quantile(one, (0.02, 0.98))
    closed = one <= low + TOUCHING * (high - low)
    print(
        f"real lips touch in {closed.mean():.1%} of the rows, the face's too in {(other[closed] < SHUT).mean():.1%} of these"
    )
    print(f"where the real ones are apart, the face's touch in {(other[~closed] < SHUT).mean():.1%}")
    if bilabials:
        share = (np.array(bilabials) < SHUT).mean()
        print(
            f"{len(bilabials)} m, b, p: the face's lips touch in {share:.0%}, median opening {np.median(bilabials):.3f}"
        )
    print(f"jerk {np.mean(jerk):.0f} sd/s^3")


def people(clip: Clip, cache: Path) -> np.ndarray:
    """(T, 68, 2) px: what the tracker measured of a clip's person, row by row."""
    video = Path(clip.extra["video"])
    landmarks, _ = on_clock(cached_track(video, cache, strict=False), *picture_times(video))
    first = round(clip.extra["start"] * FPS)
    return landmarks[first : first + clip.frames]


def least_openings(clip: Clip, text: str, opening: np.ndarray) -> list[float]:
    """The smallest opening in each m, b and p of a clip, found by forced alignment."""
    if not text:
        return []
    sound = read_sound(Path(clip.extra["video"]))
    try:
        phones = align(sound.samples, sound.rate, text)
    except InputError:
        return []
    first = clip.extra["sound_start"]
    spans = [(start - first, end - first) for start, end, name in phones if name in BILABIALS]
    rows = [(max(0, int(start * FPS) - 1), int(np.ceil(end * FPS))) for start, end in spans]
    return [float(opening[a:b].min()) for a, b in rows if b > a and b <= len(opening)]


if __name__ == "__main__":
    main()
