"""What a face model makes of voices of the actor's corpus that it has not heard: moods, lips, closures. And a picture of the moods.

    python benchmarks/moods.py build/face/corpus --model models/default --sheet docs/images/moods.jpg

The corpus is what `th face` left in its work folder: its test clips are voices held out, and sentences that no voice said in training.
Mood: correlation of the clips' mean codes with the true ones, mean over dimensions; and how often the emotion is named right by a
linear discriminant that knows true codes only, of how often the commonest emotion would be. Closures: runs of 3 to 15 frames of closed
lips inside speech (m, b, p), and the share of them in which the drawn lips come closer than SHUT.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from th_audio_features import extract
from th_face_predictor import Predictor, load_predictor
from th_face_renderer import FaceDecoder, load_face
from th_training.corpus.format import Clip, Corpus, read_corpus
from th_training.evaluate.emotion import Discriminant, describe_clip
from th_training.landmarks.measures import lip_opening
from th_training.learn.metrics import correlation
from th_training.speech import sentences, voices
from th_training.tiles import grid, label, write_picture

CLOSED, OPEN, SHUT = 0.012, 0.05, 0.02  # inter-ocular distances
SENTENCE = "Your parcel weighs three kilograms and will be shipped on Thursday."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", type=Path, default=Path("models/default"))
    parser.add_argument("--sheet", type=Path, help="picture of one sentence said with every emotion by voices held out")
    chosen = parser.parse_args()
    face, predictor, corpus = load_face(chosen.model), load_predictor(chosen.model), read_corpus(chosen.corpus)
    naming = Discriminant.fit(*_described(corpus, [c for c in corpus.split("train") if c.kind == "speech"]))
    for who, clips in _groups(corpus).items():
        _report(who, clips, corpus, face, predictor, naming)
    if chosen.sheet:
        write_picture(chosen.sheet, _sheet(face, predictor))


def _groups(corpus: Corpus) -> dict[str, list[Clip]]:
    spoken = [clip for clip in corpus.split("test") if clip.kind == "speech"]
    held = set(corpus.about["held_out"])
    return {
        "voices held out": [clip for clip in spoken if clip.speaker in held],
        "other voices": [clip for clip in spoken if clip.speaker not in held],
    }


def _described(corpus: Corpus, clips: list[Clip]) -> tuple[np.ndarray, list[str]]:
    codes = [corpus.load(clip)[1] for clip in clips]
    return np.stack([describe_clip(y) for y in codes]), [clip.emotion for clip in clips]


def _report(
    who: str, clips: list[Clip], corpus: Corpus, face: FaceDecoder, predictor: Predictor, naming: Discriminant
) -> None:
    loaded = [corpus.load(clip) for clip in clips]
    true, drawn = [y for _, y in loaded], [predictor.predict(x) for x, _ in loaded]
    mood = correlation(np.stack([y.mean(0) for y in drawn]), np.stack([y.mean(0) for y in true]))
    openings = [(_opening(face, y), _opening(face, z)) for y, z in zip(true, drawn, strict=True)]
    lips = [float(correlation(b[:, None], a[:, None])[0]) for a, b in openings]
    least = [gap for a, b in openings for gap in _closures(a, b)]
    described = np.stack([describe_clip(y) for y in drawn])
    emotions = [clip.emotion for clip in clips]
    named = np.mean([a == b for a, b in zip(naming(described), emotions, strict=True)])
    commonest = Counter(emotions).most_common(1)[0][1] / len(emotions)
    print(
        f"{who}: {len(clips)} clips, mood {np.nanmean(mood):.3f}, emotion named {named:.2f} (commonest {commonest:.2f}), "
        f"lips {np.nanmean(lips):.3f}, closures {np.mean(np.array(least) < SHUT):.2f} of {len(least)}"
    )


def _opening(face: FaceDecoder, codes: np.ndarray) -> np.ndarray:
    return lip_opening(np.stack([face.landmarks(code) for code in codes]))


def _closures(true: np.ndarray, drawn: np.ndarray) -> list[float]:
    """The least drawn opening in each closure of the true lips, a frame more on either side."""
    spoken = np.flatnonzero(true > OPEN)
    if len(spoken) < 2:
        return []
    closed = np.zeros(len(true) + 1, bool)
    closed[spoken[0] : spoken[-1]] = true[spoken[0] : spoken[-1]] < CLOSED
    begins, ends = (np.flatnonzero(np.diff(closed.astype(int)) == step) + 1 for step in (1, -1))
    runs = [(b, e) for b, e in zip(begins, ends, strict=True) if 3 <= e - b <= 15]
    return [float(drawn[b - 1 : e + 1].min()) for b, e in runs]


def _sheet(face: FaceDecoder, predictor: Predictor) -> np.ndarray:
    """Rows: voices that no face is trained on. The picture is of the mean code while it speaks."""
    tiles = []
    for voice in (v for v in voices.VOICES if v.id in ("heart-alto", "joe-small") and voices.installed(v)):
        for emotion in sentences.EMOTIONS:
            spoken = voices.speak(voice, SENTENCE, emotion, seed=1)
            codes = predictor.predict(extract(spoken.samples, spoken.sample_rate, profile=predictor.profile))
            picture = face.render(codes[len(codes) // 10 : -len(codes) // 10].mean(0), size=(256, 256))
            tiles.append(label(picture, f"{voice.id}: {emotion}"))
    return grid(tiles, len(sentences.EMOTIONS))


if __name__ == "__main__":
    main()
