"""Splits: the paper's counts, whole sources on one side, and folds that test every clip once."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from th_common.errors import InputError
from th_training.corpus.format import Clip, Corpus
from th_training.corpus.splits import folds, paper_split, paper_splits

EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "neutral")


def make_corpus(count=120, *, repeats=1):
    clips = [
        Clip(
            id=f"c{k:03d}",
            speaker=f"s{k % repeats}",
            frames=100,
            source=f"text {k // repeats}",
            emotion=EMOTIONS[k % len(EMOTIONS)],
        )
        for k in range(count)
    ]
    return Corpus(Path("nowhere"), "paper", "f", tuple(clips))


def counts(corpus):
    return tuple(len(corpus.split(name)) for name in ("train", "validation", "test"))


def sides(corpus):
    found = {}
    for clip in corpus.clips:
        found.setdefault(clip.source or clip.id, set()).add(clip.split)
    return found


@pytest.mark.parametrize(
    ("clips", "expected"),
    [(120, (108, 6, 6)), (116, (104, 6, 6)), (20, (18, 1, 1)), (3, (1, 1, 1)), (2, (2, 0, 0)), (1, (1, 0, 0))],
)
def test_the_papers_counts(clips, expected):
    assert counts(paper_split(make_corpus(clips))) == expected


def test_splits_are_seeded_and_do_not_depend_on_the_order():
    corpus = make_corpus()
    first, again, other = (paper_splits(corpus.clips, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert paper_splits(corpus.clips[::-1], seed=1) == first


def test_one_source_is_on_one_side():
    corpus = make_corpus(120, repeats=4)
    divided = paper_split(corpus, 3)
    assert all(len(side) == 1 for side in sides(divided).values())
    train, validation, test = counts(divided)
    assert train + validation + test == 120
    assert 1 <= validation <= 6
    assert 1 <= test <= 6


def test_sources_larger_than_a_split_still_leave_one_to_test():
    clips = tuple(replace(clip, source=f"text {k % 4}") for k, clip in enumerate(make_corpus(40).clips))
    divided = paper_split(Corpus(Path("nowhere"), "paper", "f", clips))
    assert counts(divided) == (20, 10, 10)


@pytest.mark.parametrize("repeats", [1, 3])
def test_folds_test_every_clip_once(repeats):
    corpus = make_corpus(120, repeats=repeats)
    parts = folds(corpus, 10, 0)
    tested = Counter(clip.id for part in parts for clip in part.split("test"))
    assert tested == dict.fromkeys((clip.id for clip in corpus.clips), 1)
    for part in parts:
        assert all(len(side) == 1 for side in sides(part).values())
        assert part.folder == corpus.folder
        train, validation, test = counts(part)
        assert abs(test - 12) <= 3
        assert 1 <= validation <= 0.06 * (train + validation)


def test_folds_deal_emotions_evenly():
    for part in folds(make_corpus(120), 5, 1):
        dealt = Counter(clip.emotion for clip in part.split("test"))
        assert dealt["neutral"] == 6
        assert all(dealt[emotion] == 3 for emotion in EMOTIONS if emotion != "neutral")


def test_folds_are_seeded():
    corpus = make_corpus(40)
    first, again, other = (folds(corpus, 4, seed) for seed in (0, 0, 5))
    assert first == again != other


@pytest.mark.parametrize("k", [0, 1, 41])
def test_folds_that_cannot_be_are_refused(k):
    with pytest.raises(InputError, match="2 to 40 folds"):
        folds(make_corpus(40), k)


def test_a_corpus_of_one_clip_has_no_folds():
    with pytest.raises(InputError, match="1 sources"):
        folds(make_corpus(1), 2)
