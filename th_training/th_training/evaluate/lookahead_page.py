"""docs/lookahead.md and its plot: figures by lookahead, and what follows from them for the models that ship."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from th_audio_features import PROFILES
from th_training.evaluate import plots
from th_training.evaluate.intervals import Interval
from th_training.tiles import make_folder
from th_training.whole import replacing

Compared = Mapping[str, tuple[Interval, Interval]]
"""By measure ("corr", "lip_opening"): the figure, and how much it is above that of whole sequences, clip by clip."""

FRAME_MS = 1000 / 60
WORDS = {"corr": "CORR", "lip_opening": "lip opening r"}
TRAINED, CUT = "trained for it", "cut off"
GOALS = {"live": 0.02, "quality": 0.01}
"""CORR that a model may lose against whole sequences: its lookahead is the smallest that keeps to it."""


@dataclass(frozen=True)
class Row:
    """One lookahead.

    Attributes:
        lookahead: frames; None: whole sequences.
        clips: that were predicted.
        trained, cut: trained for it, and trained over whole sequences and cut off (None for whole sequences).
        ms: processor time per emitted frame; None for whole sequences.
    """

    lookahead: int | None
    clips: int
    trained: Compared
    cut: Compared | None
    ms: float | None

    @property
    def name(self) -> str:
        """ms, or "full"."""
        return "full" if self.lookahead is None else f"{self.lookahead * FRAME_MS:.0f}"


_HEAD = """\
# Lookahead

Written by `{command}`: do not edit. What a network loses that may look only so far ahead (`th_face_predictor/limited_context.py`): *{trained}*, by the
recipe that `at_lookahead` makes of `best` (`th_training/learn/recipes.py`; [why](best.md)), and the network of whole sequences, `best`, merely
*cut off* at run time. {title}: {clips} clips, each predicted by a network that had not heard it, {first} of {folds} folds, one seed. CORR as in
[table1.md](table1.md); in brackets 95 % intervals, bootstrap over clips; differences to whole sequences are taken clip by clip, **bold** where the interval
excludes zero. {machine}.

"""

_ON_TOP = """
The lookahead is the network's own. Features look ahead on top, and their deltas tell something of what comes: {delays}, from a
frame's centre to the last sample that it needs. ms is what one frame of BBF 262 takes, in processor time of one core, as a stream
computes it (`make bench`: `predictor_ms_*`).
"""


def lookahead_page(
    rows: Sequence[Row], docs: Path, *, title: str, folds: tuple[int, int], machine: str, profile: str, command: str
) -> str:
    """The page; its plot goes to DOCS/images. `folds`: how many were trained, of how many; `profile`: the corpus'."""
    images = docs / "images"
    make_folder(images)
    picture = images / "lookahead.svg"
    with replacing(picture) as partial:
        partial.write_text(plot(rows) + "\n", encoding="utf-8")
    head = _HEAD.format(
        command=command,
        trained=TRAINED,
        title=title,
        clips=rows[0].clips,
        first=folds[0],
        folds=folds[1],
        machine=machine,
    )
    lines = [head, *_tables(rows), f"![CORR and lip opening r by lookahead](images/{picture.name})"]
    delays = [
        f"{1000 * p.delay:.0f} ms in profile `{name}`{', that of this study' if name == profile else ''}"
        for name, p in PROFILES.items()
    ]
    lines += [_ON_TOP.format(delays=", ".join(delays)), "## What follows", "", *_follows(rows)]
    return "\n".join(lines).rstrip() + "\n"


def plot(rows: Sequence[Row]) -> str:
    """CORR and lip opening over lookahead, trained for it and cut off: an <svg>."""
    lines: dict[str, tuple[str, dict[str, list[Interval | None]]]] = {}
    for name, kind in ((TRAINED, "proposed"), (CUT, "comparative")):
        found = [row.trained if name == TRAINED else row.cut or row.trained for row in rows]
        lines[name] = kind, {w: [f[key][0] if key in f else None for f in found] for key, w in WORDS.items()}
    return plots.steps([row.name for row in rows], lines, label="lookahead, ms")


def chosen(rows: Sequence[Row]) -> dict[str, Row]:
    """The smallest lookahead that keeps to each of GOALS, whole sequences where none does."""
    return {
        name: next((row for row in rows if row.trained["corr"][1].value >= -goal), rows[-1])
        for name, goal in GOALS.items()
    }


def _tables(rows: Sequence[Row]) -> Iterator[str]:
    """One a measure."""
    for key in (key for key in WORDS if key in rows[0].trained):
        head = ["lookahead, ms", "frames", f"{WORDS[key]}, {TRAINED}", "above full", CUT, "above full", "ms per frame"]
        yield "| " + " | ".join(head) + " |"
        yield "|---" * len(head) + "|"
        for row in rows:
            cells = [row.name, "" if row.lookahead is None else str(row.lookahead)]
            for of in (row.trained, row.cut):
                cells += ["", ""] if of is None else [f"{of[key][0]}", _gain(of[key][1], row)]
            yield "| " + " | ".join([*cells, "" if row.ms is None else f"{row.ms:.2f}"]) + " |"
        yield ""


def _gain(difference: Interval, row: Row) -> str:
    if row.lookahead is None:
        return ""
    text = f"{difference.value:+.3f} ({difference.low:+.3f} .. {difference.high:+.3f})"
    return f"**{text}**" if difference.excludes_zero else text


def _follows(rows: Sequence[Row]) -> Iterator[str]:
    for name, row in chosen(rows).items():
        if row.lookahead is None:
            yield f"- `{name}`: whole sequences; every lookahead loses more than {GOALS[name]:.2f} of CORR."
            continue
        yield (
            f"- `{name}`: {row.lookahead} frames, {row.name} ms, the least that loses at most {GOALS[name]:.2f} of CORR "
            f"({-row.trained['corr'][1].value:.3f}); recipe `th train --recipe best --lookahead {row.lookahead}`."
        )
