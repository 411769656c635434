"""Word boundaries of `th_training.speech.align` against GRID's own, and transcripts that are not what is spoken.

    python benchmarks/alignment.py ../shared/corpus/grid_s1
    python benchmarks/alignment.py --voices      # takes of the synthetic voices, as they are and distorted

GRID's boundaries are an automatic alignment too (Cooke et al. 2006), made with a model of its 51 words.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_training.corpus.augment import Distortion
from th_training.corpus.sound import Sound, recorded_sound
from th_training.speech import sentences
from th_training.speech.align import alignment, unknown_words, words
from th_training.speech.voices import VOICES, installed, speak


def boundaries(path: Path) -> list[tuple[float, float, str]]:
    """(start, end, word) in s of a GRID transcript."""
    rows = (line.split() for line in path.read_text().splitlines())
    return [(int(a) / 25_000, int(b) / 25_000, word) for a, b, word in rows if word not in ("sil", "sp")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--voices", action="store_true")
    chosen = parser.parse_args()
    if chosen.voices:
        of_voices()
    if chosen.folder is not None:
        of_grid(chosen.folder)


def of_grid(folder: Path) -> None:
    """Boundaries and wrong transcripts of GRID's clips."""
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


def of_voices() -> None:
    """How often right and wrong texts of English voices are refused, and the fit of the right ones."""
    texts = [text for _, text in sentences.english() if not unknown_words(text)]
    takes: dict[str, list[tuple[float | None, bool]]] = {}
    for v, voice in enumerate(voice for voice in VOICES if voice.language == "en" and installed(voice)):
        for k in range(4):
            text, other = texts[(17 * k + 3 * v) % len(texts)], texts[(31 * k + 3 * v + 50) % len(texts)]
            utterance = speak(voice, text, ("anger", "neutral", "sadness", "neutral")[k], seed=k)
            samples = utterance.samples
            if k >= 2:
                samples = Distortion.draw(np.random.default_rng(k + v)).apply(samples, utterance.sample_rate)
            sound = Sound(samples, utterance.sample_rate)
            try:
                fit = alignment(sound.samples, sound.rate, text).fit
            except InputError:
                fit = None
            kind = f"{'natural' if voice.natural else 'espeak'}, {'distorted' if k >= 2 else 'as they are'}"
            takes.setdefault(kind, []).append((fit, _refused(sound, list(words(other)))))
    for kind, rows in takes.items():
        fits = [fit for fit, _ in rows if fit is not None]
        print(
            f"{kind}: {len(rows)} takes, right text refused {len(rows) - len(fits)}, lowest fit {min(fits):.2f}, "
            f"wrong text refused {sum(refused for _, refused in rows)}"
        )


def _refused(sound: Sound, text: list[str]) -> bool:
    try:
        alignment(sound.samples, sound.rate, " ".join(text))
    except InputError:
        return True
    return False


if __name__ == "__main__":
    main()
