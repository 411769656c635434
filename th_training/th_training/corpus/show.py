"""What a corpus holds, to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from th_common.errors import InputError
from th_training.corpus.format import SPLITS, Corpus
from th_training.corpus.lag import TELLABLE
from th_training.corpus.own_face import read_figures
from th_training.speech.phones import UNKNOWN

_MOST = 20  # lines of a kind; the manifest has them all


def show_corpus(corpus: Corpus, console: Console, *, arrays: bool = True) -> None:
    """Print clips, minutes, speakers and emotions by split, arrays, face, lag, notes, and what was left out."""
    summary = corpus.summary()
    table = Table("split", "clips", "minutes", "speakers", "sources")
    for split in SPLITS:
        sources = len({clip.source or clip.id for clip in corpus.split(split)})
        table.add_row(split, *(str(summary[key][split]) for key in ("clips", "minutes", "speakers")), str(sources))
    console.print(table)

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    kinds = ", ".join(f"{minutes} min {kind}" for kind, minutes in summary["minutes_by_kind"].items())
    say(f"{corpus.folder}: profile {corpus.profile}, {kinds}")
    _say_emotions(corpus, say)
    if arrays:
        _say_arrays(corpus, say)
    _say_face(corpus, say)
    _say_retarget(corpus.about.get("retarget"), say)
    try:
        _say_lag(corpus.about, say)
    except (AttributeError, KeyError, TypeError, ValueError):
        say(f"lag: what the manifest says cannot be read ({corpus.about.get('lag_left')!r})")
    _say_some(say, "note", {clip.id: _words(clip.extra["notes"]) for clip in corpus.clips if clip.extra.get("notes")})
    _say_some(say, "left out", corpus.left_out)


def _say_emotions(corpus: Corpus, say: Any) -> None:
    counts = {split: Counter(clip.emotion for clip in corpus.split(split) if clip.kind == "speech") for split in SPLITS}
    emotions = sorted(set().union(*counts.values()))
    if len(emotions) == 1:
        say(f"emotion: {emotions[0]}")
    elif emotions:
        each = (f"{emotion} {' + '.join(str(counts[split][emotion]) for split in SPLITS)}" for emotion in emotions)
        say(f"emotions ({' + '.join(SPLITS)}): " + ", ".join(each))


def _say_arrays(corpus: Corpus, say: Any) -> None:
    """Which arrays how many clips have; read from the clips themselves, so that damage is named here."""
    held: Counter[str] = Counter()
    phones = rows = 0
    quality: list[float] = []
    damaged: dict[str, str] = {}
    for clip in corpus.clips:
        try:
            found = corpus.arrays(clip)
        except InputError as error:
            damaged[clip.id] = str(error)
            continue
        held.update(list(found))
        rows += clip.frames
        if "phones" in found and found["phones"].ndim == 2:
            phones += int((found["phones"] != UNKNOWN).all(1).sum())
        if "quality" in found and found["quality"].dtype.kind == "f":
            quality.append(float(np.mean(found["quality"])))
    total = len(corpus.clips)
    say(
        "arrays: "
        + ", ".join(f"{name}{'' if n == total else f' ({n} of {total} clips)'}" for name, n in sorted(held.items()))
    )
    if "phones" in held:
        say(f"phones are known in {phones / max(rows, 1):.1%} of the rows")
    if quality:
        say(f"quality of the codes: {np.mean(quality):.3f} (mean over clips), {min(quality):.3f} (worst)")
    _say_some(say, "damaged", damaged)


def _say_face(corpus: Corpus, say: Any) -> None:
    if not corpus.face:
        return
    known = read_figures(corpus.folder) if corpus.face_file else {}
    text = f"face {corpus.face[:12]}"
    if "shape_explained" in known:
        text += (
            f", built of {known['frames']:.0f} pictures of {known['clips']} training clips; explained: "
            f"shape {known['shape_explained']:.1%}, appearance {known['appearance_explained']:.1%}"
        )
    elif "from" in known:
        text += f", from {known['from']}"
    say(text)
    for reason in known.get("not_used", [])[:_MOST]:
        say(f"not in the face: {reason}")


def _say_retarget(known: Any, say: Any) -> None:
    if not isinstance(known, dict):
        return
    text = (
        f"retargeted: codes are of that face, moved by people; its look learnt from its {known.get('look_from')} codes"
    )
    if isinstance(known.get("look_r2"), float):
        text += f" (R2 {known['look_r2']:.2f} held out)"
    if known.get("approximate"):
        text += "; approximate: only its plain speech is known, name a corpus of that face for all of it"
    say(text)


def _say_lag(about: Mapping[str, Any], say: Any) -> None:
    lag = about.get("lag_left")
    applied = about.get("lag_applied") or 0.0
    if applied:
        say(f"lag taken out: {applied:+.3f} s")
    if not lag:
        return
    small = abs(lag["seconds"]) <= TELLABLE
    say(
        f"lag{' left' if applied else ''}: pictures {abs(lag['seconds']):.3f} s {'later' if lag['seconds'] >= 0 else 'earlier'} than the "
        f"sound ({lag['low']:+.3f} .. {lag['high']:+.3f}, {lag['clips']} clips, r {lag['correlation']:.2f})"
        + (f"; below {TELLABLE:g} s it may be the speaker's own way" if small else "; --apply-lag takes it out")
    )
    _say_some(say, "out of step with the others", {name: f"{value:+.3f} s" for name, value in lag["outliers"].items()})


def _words(notes: Any) -> str:
    return "; ".join(map(str, notes)) if isinstance(notes, (list, tuple)) else str(notes)


def _say_some(say: Any, what: str, lines: Mapping[str, str]) -> None:
    for name, text in list(lines.items())[:_MOST]:
        say(f"{what}: {name}: {text}")
    if len(lines) > _MOST:
        say(f"{what}: {len(lines) - _MOST} more, see manifest.json")
