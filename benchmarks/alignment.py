"""Word boundaries of `th_training.speech.align` against GRID's own, and transcripts that are not what is spoken.

    python benchmarks/alignment.py ../shared/corpus/grid_s1

GRID's boundaries are an automatic alignment too (Cooke et al. 2006), made with a model of its 51 words.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_training.corpus.sound import recorded_sound
from th_training.speech.align import alignment


def boundaries(path: Path) -> list[tuple[float, float, str]]:
    """(start, end, word) in s of a GRID transcript."""
    rows = (line.split() for line in path.read_text().splitlines())
    return [(int(a) / 25_000, int(b) / 25_000, word) for a, b, word in rows if word not in ("sil", "sp")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rng = np.random.default_rng(0)
    clips = sorted((folder / "align").glob("*.align"))
    known = {path.stem: boundaries(path) for path in clips}
    errors, fits, refused, other, one = [], [], [], [], []
    for name, truth in known.items():
        sound = recorded_sound(folder / "video" / f"{name}.mpg", None)
        text = [word for *_, word in truth]
        try:
            found = alignment(sound.samples, sound.rate, " ".join(text))
        except InputError as error:
            refused.append(str(error))
            continue
        fits.append(found.fit)
        errors.append([(a[0] - b[0], a[1] - b[1]) for a, b in zip(found.words, truth, strict=True)])
        wrong = [word for *_, word in known[str(rng.choice(list(known)))]]
        if sum(a == b for a, b in zip(text, wrong, strict=True)) <= 2:
            other.append(_refused(sound, wrong))
        k = int(rng.integers(len(text)))
        changed = [*text[:k], str(rng.choice(sorted({t[k][2] for t in known.values()} - {text[k]}))), *text[k + 1 :]]
        one.append(_refused(sound, changed))
    e = np.abs(np.array(errors))
    inner = np.concatenate((e[:, 1:, 0].ravel(), e[:, :-1, 1].ravel()))
    figures = {
        "clips": len(known),
        "refused": refused,
        "boundary_median_s": np.median(e),
        "boundary_p95_s": np.percentile(e, 95),
        "inner_median_s": np.median(inner),
        "inner_p95_s": np.percentile(inner, 95),
        "first_start_median_s": np.median(e[:, 0, 0]),
        "first_start_p95_s": np.percentile(e[:, 0, 0], 95),
        "fit_lowest": min(fits),
        "other_sentence_found_out": f"{sum(other)} of {len(other)}",
        "one_word_changed_found_out": f"{sum(one)} of {len(one)}",
    }
    print(json.dumps({k: round(float(v), 3) if isinstance(v, float) else v for k, v in figures.items()}, indent=1))


def _refused(sound, words: list[str]) -> bool:
    try:
        alignment(sound.samples, sound.rate, " ".join(words))
    except InputError:
        return True
    return False


if __name__ == "__main__":
    main()
