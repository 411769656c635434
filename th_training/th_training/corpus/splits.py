"""Which clips are trained on, watched, and tested: by source, so that no sentence is on both sides; seeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from th_common.errors import InputError

from .clip_files import Clip

if TYPE_CHECKING:
    from .format import Corpus

SPLITS = ("train", "validation", "test")
SHARE = 0.05
"""Of all clips, in validation and in test each: 108, 6 and 6 of 120 (Sakurai et al. 2018, section 4.1)."""


def assign_splits(
    clips: Iterable[Clip],
    *,
    seed: int,
    validation: float = SHARE,
    test: float = SHARE,
    held_out: Iterable[str] = (),
) -> tuple[Clip, ...]:
    """Give every clip a split: by source, so that no utterance is on both sides; voices held out are test only.

    `validation` and `test` are shares of the sources of each kind and language (at least one each from eight sources on).
    """
    clips = tuple(clips)
    held = set(held_out)
    rng = np.random.default_rng(seed)
    chosen: dict[str, str] = {}
    for group in sorted({(clip.kind, clip.language) for clip in clips}):
        sources = sorted({_source(clip) for clip in clips if (clip.kind, clip.language) == group})
        counts = [max(round(share * len(sources)), int(len(sources) >= 8)) for share in (validation, test)]
        for rank, index in enumerate(rng.permutation(len(sources))):
            name = "validation" if rank < counts[0] else "test" if rank < sum(counts) else "train"
            chosen.setdefault(sources[index], name)
    return tuple(replace(clip, split="test" if clip.speaker in held else chosen[_source(clip)]) for clip in clips)


def paper_splits(clips: Sequence[Clip], *, seed: int) -> dict[str, str]:
    """Clip id -> split: 5 % of the clips in test, 5 % in validation (at least one each from three clips on), the rest in train.

    Clips of one source are on one side, so that the counts may miss by a few where sources repeat.
    """
    rng = np.random.default_rng(seed)
    wanted = max(round(SHARE * len(clips)), int(len(clips) >= 3))
    groups = _groups(clips)
    order = rng.permutation(len(groups))
    left = [groups[k] for k in order]
    result: dict[str, str] = {}
    for name in ("test", "validation"):
        taken = _take(left, wanted)
        result |= {clip.id: name for group in taken for clip in group}
        left = [group for group in left if group not in taken]
    return result | {clip.id: "train" for group in left for clip in group}


def paper_split(corpus: Corpus, seed: int = 0) -> Corpus:
    """The corpus with the paper's protocol: 108, 6 and 6 of 120 clips (`paper_splits`). Nothing is written."""
    return corpus.with_splits(paper_splits(corpus.clips, seed=seed))


def folds(corpus: Corpus, k: int, seed: int = 0) -> tuple[Corpus, ...]:
    """The corpus k times, with splits such that every clip is in test exactly once.

    Clips of one source are on one side; emotions and kinds are dealt evenly; 5 % of what is not in test is validation.

    Raises:
        InputError: fewer than two folds, or more than there are sources.
    """
    groups = _groups(corpus.clips)
    if not 2 <= k <= len(groups):
        raise InputError(f"{corpus.folder}: {len(groups)} sources give 2 to {len(groups)} folds, not {k}")
    rng = np.random.default_rng(seed)
    parts: list[list[Clip]] = [[] for _ in range(k)]
    counts: list[Counter[tuple[str, str]]] = [Counter() for _ in range(k)]
    for group in sorted((groups[i] for i in rng.permutation(len(groups))), key=lambda g: (-len(g), _kind(g[0]))):
        kind = _kind(group[0])
        fold = min(range(k), key=lambda j: (counts[j][kind], len(parts[j])))
        parts[fold] += group
        counts[fold].update(_kind(clip) for clip in group)
    result = []
    for part in parts:
        tested = {clip.id for clip in part}
        rest = [clip for clip in corpus.clips if clip.id not in tested]
        left = _groups(rest)
        watched = _take(
            [left[i] for i in rng.permutation(len(left))], max(round(SHARE * len(rest)), int(len(left) > 1))
        )
        splits = {clip.id: "train" for clip in rest} | {clip.id: "validation" for group in watched for clip in group}
        result.append(corpus.with_splits(splits | dict.fromkeys(tested, "test")))
    return tuple(result)


def _take(groups: Sequence[list[Clip]], wanted: int) -> list[list[Clip]]:
    """The first groups that hold `wanted` clips together, or nearly; never all groups, one at least if any is wanted."""
    taken: list[list[Clip]] = []
    count = 0
    for group in groups:
        if count + len(group) <= wanted and len(taken) + 1 < len(groups):
            taken.append(group)
            count += len(group)
    if not taken and wanted and len(groups) > 1:
        taken = [min(groups, key=len)]
    return taken


def _groups(clips: Iterable[Clip]) -> list[list[Clip]]:
    """Clips of one source together, in an order that does not depend on that of the clips."""
    found: dict[str, list[Clip]] = {}
    for clip in sorted(clips, key=lambda clip: clip.id):
        found.setdefault(_source(clip), []).append(clip)
    return [found[source] for source in sorted(found)]


def _kind(clip: Clip) -> tuple[str, str]:
    return clip.kind, clip.emotion


def _source(clip: Clip) -> str:
    return clip.source or clip.id
