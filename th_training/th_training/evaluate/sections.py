"""The parts of the report's page, from the figures of `summary.summarise`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from th_training.evaluate import plots
from th_training.evaluate.emotion import TRUE
from th_training.evaluate.intervals import Interval
from th_training.evaluate.methods import NETWORKS, PAPER_CORR
from th_training.evaluate.page import cell, matrix, name_cell, number, plot, table, text

WORDS = {
    "lip_opening": "lip opening",
    "lip_width": "lip width",
    "corner_height": "mouth corners'\nheight",
    "brow_height": "brow height",
    "eye_opening": "eye opening",
}
Figures = Mapping[str, Any]


def dimension_names(shape: int, width: int) -> list[str]:
    """p1 .. pS, λ1 .. λA."""
    return [f"p{k + 1}" for k in range(shape)] + [f"λ{k + 1}" for k in range(width - shape)]


def lead(found: Figures) -> str:
    """The answer in a few lines."""
    methods, leads = found["methods"], found["leads"]
    lines = []
    for kind, name in leads.items():
        if kind == "baseline":
            continue
        f = methods[name]
        lips = f.get("lip_opening")
        also = f", lip opening r = {text(lips)}" if lips is not None and math.isfinite(lips.value) else ""
        paper = f"; the article's best, on another speaker: {PAPER_CORR[kind]}" if kind in PAPER_CORR else ""
        lines.append(f"<li><b>{text(name)}</b> ({kind}): CORR {text(f['corr'])}{also}{paper}.</li>")
    for difference in found["differences"]:
        if difference["one"] == leads.get("proposed") and difference["other"] == leads.get("comparative"):
            lines.append(f"<li>Proposed minus comparative: CORR {_gain(difference.get('corr'))}.</li>")
    base = [f"{name} {number(methods[name]['corr'].value)}" for name in methods if methods[name]["kind"] == "baseline"]
    lines.append(f"<li>Baselines, CORR: {text(', '.join(base))}.</li>")
    return f'<div class="lead"><ul>{"".join(lines)}</ul></div>'


def _gain(figure: Interval | None) -> str:
    if figure is None or not math.isfinite(figure.low):
        return "–" if figure is None else f"{figure.value:+.3f}, of too few clips for an interval"
    verdict = "outside" if figure.excludes_zero else "within"
    return (
        f"{figure.value:+.3f} ({figure.low:+.3f} .. {figure.high:+.3f}), {verdict} what chance among clips would give"
    )


def table1(found: Figures) -> Iterator[str]:
    """The article's table 1."""
    yield "<h2>Table 1: CORR of three networks</h2>"
    rows = []
    for kind, row in found["table1"].items():
        if not row["cells"]:
            continue
        cells = [cell(row["cells"][n]["corr"]) if n in row["cells"] else "<td>–</td>" for n in NETWORKS]
        mine = number(row["best"]) if row["best"] is not None else "–"
        rows.append([name_cell(kind, kind), *cells, f"<td>{mine}</td>", f"<td>{row['paper']:.5f}</td>"])
    yield table(["", *NETWORKS, "best", "the article's best\n(SAVEE, speaker DC)"], rows)
    yield (
        "<p class='soft'>CORR: the normalised correlation over time of the predicted with the true trajectory of one code dimension in one "
        "video, averaged over all videos and dimensions. Below each figure its 95 % interval (bootstrap over clips). "
        "The article's figures are of another speaker and another corpus: they say what the method gave there.</p>"
    )


def all_methods(found: Figures) -> Iterator[str]:
    """CORR, lips and error of everything, baselines included."""
    methods = found["methods"]
    yield "<h2>Every method beside the baselines</h2>"
    yield plot(
        plots.bars([(n, f["kind"], f["corr"]) for n, f in methods.items()], label="CORR"),
        "CORR and its 95 % interval. Dotted: the article's best proposed and comparative figures.",
        small=True,
    )
    seen = any(math.isfinite(_value(f, "seen_lip_opening")) for f in methods.values())
    columns = {"corr": "CORR", "corr_shape": "CORR\nshape", "corr_appearance": "CORR\nappearance"}
    columns |= {"lip_opening": "lip opening r", "lip_width": "lip width r"}
    if seen:
        columns |= {"seen_lip_opening": "lip opening r\n(picture)", "seen_lip_width": "lip width r\n(picture)"}
    yield table(
        ["", *columns.values()],
        [[name_cell(n, f["kind"]), *(cell(f.get(key)) for key in columns)] for n, f in methods.items()],
    )
    yield (
        "<p class='soft'>r: correlation over time, averaged over clips, of what is measured at the 68 landmarks of the "
        "predicted codes with the "
        "same of the true codes"
        + (", and, under “picture”, with landmarks that a tracker found in the original pictures" if seen else "")
        + ". <b>Shuffled sound</b> is the best proposed method's prediction for another clip of about the same length: what is left without the right sound. "
        "<b>Mean trajectory</b> is the training clips' mean code at the same time since the beginning. <b>Ridge</b> "
        "maps ±6 frames of features linearly.</p>"
    )


def errors(found: Figures) -> Iterator[str]:
    """Error in sd and pixels, velocity and jerk."""
    methods = found["methods"]
    yield "<h2>Movement and error</h2>"
    columns = {
        "velocity_ratio": ("velocity\nrms / true", 2),
        "velocity_corr": ("velocity\nr", 3),
        "jerk_ratio": ("jerk\nrms / true", 2),
        "jerk_corr": ("jerk\nr", 3),
        "rmse": ("code error\nsd", 2),
        "rmse_centred": ("code error\nsd, centred", 2),
        "px": ("landmarks\npx", 2),
        "px_centred": ("landmarks\npx, centred", 2),
        "seen_px_centred": ("against picture\npx, centred", 2),
    }
    columns = {k: v for k, v in columns.items() if any(math.isfinite(_value(f, k)) for f in methods.values())}
    yield table(
        ["", *(words for words, _ in columns.values())],
        [[name_cell(n, f["kind"]), *(cell(f.get(k), d) for k, (_, d) in columns.items())] for n, f in methods.items()],
    )
    yield (
        "<p class='soft'>Velocity and jerk are first and third differences between frames at 60 Hz. Error is root mean "
        "square per clip; “centred”: each "
        "clip's own mean error taken off, since pose and light of a recording are not in the voice. Pixels are those "
        "of the face's canvas.</p>"
    )


def expression(found: Figures) -> Iterator[str]:
    """Brows, eyes and the mouth's corners; mean levels over clips."""
    methods = found["methods"]
    if not any(math.isfinite(_value(f, "brow_height")) for f in methods.values()):
        return
    yield "<h2>Mouth, brows and eyes</h2><h3>Within a clip: r over time</h3>"
    yield table(
        ["", *(WORDS[k] for k in WORDS)],
        [[name_cell(n, f["kind"]), *(cell(f.get(k)) for k in WORDS)] for n, f in methods.items()],
    )
    yield "<h3>Between clips: r of each clip's mean with the true mean</h3>"
    yield table(
        ["", *(WORDS[k] for k in WORDS)],
        [[name_cell(n, f["kind"]), *(cell(f["levels"].get(k)) for k in WORDS)] for n, f in methods.items()],
    )


def differences(found: Figures) -> Iterator[str]:
    """Paired differences."""
    if not found["differences"]:
        return
    yield "<h2>Differences, clip by clip</h2>"
    keys = {"corr": "CORR", "corr_shape": "shape", "corr_appearance": "appearance"} | WORDS
    keys = {k: v for k, v in keys.items() if any(k in d for d in found["differences"])}
    rows = [
        [f"<td>{text(d['one'])} − {text(d['other'])}</td>", *(cell(d.get(k), sign=True) for k in keys)]
        for d in found["differences"]
    ]
    yield table(["", *keys.values()], rows)
    yield "<p class='soft'>Mean over clips of the difference within each; in bold where the 95 % interval excludes zero.</p>"


def adds(found: Figures) -> Iterator[str]:
    """What the best proposed and the best comparative method know that the other does not."""
    if not found["adds"]:
        return
    yield "<h3>What one adds to the other</h3>"
    keys = {k: v for k, v in ({"corr": "all dimensions"} | WORDS).items() if k in found["adds"]["proposed"]}
    names = found["leads"]
    pairs = [("proposed", "comparative"), ("comparative", "proposed")]
    rows = [
        [
            f"<td>{text(names[one])}, without what {text(names[other])} says</td>",
            *(cell(found["adds"][one][k], sign=True) for k in keys),
        ]
        for one, other in pairs
    ]
    yield table(["partial r", *keys.values()], rows)
    yield (
        "<p class='soft'>Correlation of prediction and truth over time once what the other method predicts is taken out of both: "
        "above 0, the method knows something that the other does not.</p>"
    )


def dimensions(found: Figures, shown: Sequence[str]) -> Iterator[str]:
    """CORR of each dimension: plot and table."""
    methods, names = found["methods"], found["dimensions"]
    yield "<h2>By code dimension</h2>"
    yield plot(
        plots.by_dimension(names, {n: (methods[n]["kind"], methods[n]["by_dimension"]) for n in shown}),
        "CORR of each dimension (p: shape, λ: appearance, most variance first) with 95 % intervals.",
    )
    rows = [[name_cell(n, f["kind"]), *(cell(v, 2) for v in f["by_dimension"])] for n, f in methods.items()]
    if "by_dimension_gain" in found:
        rows.append(
            [
                "<td>proposed − comparative (best of each)</td>",
                *(cell(v, 2, sign=True) for v in found["by_dimension_gain"]),
            ]
        )
    yield f"<details><summary>All figures</summary>{table(['', *names], rows)}</details>"


def emotions(found: Figures) -> Iterator[str]:
    """Proposed against comparative by the emotion of the clips."""
    if not found["by_emotion"]:
        return
    yield "<h2>By emotion</h2>"
    keys = {"corr": "CORR", **WORDS}
    for kind in ("proposed", "comparative"):
        if kind in found["leads"]:
            rows = [
                [f"<td>{text(e)}</td><td>{f['clips']}</td>", *(cell(f[kind].get(k)) for k in keys)]
                for e, f in found["by_emotion"].items()
            ]
            yield f"<h3>{text(found['leads'][kind])} ({kind})</h3>{table(['', 'clips', *keys.values()], rows)}"
    if {"proposed", "comparative"} <= set(found["leads"]):
        rows = [
            [f"<td>{text(e)}</td><td>{f['clips']}</td>", *(cell(f["difference"].get(k), sign=True) for k in keys)]
            for e, f in found["by_emotion"].items()
        ]
        yield f"<h3>Proposed minus comparative</h3>{table(['', 'clips', *keys.values()], rows)}"


def naming(found: Figures) -> Iterator[str]:
    """Which emotion a classifier names."""
    told = found.get("emotion")
    if not told:
        return
    yield "<h2>Which emotion the face shows</h2>"
    yield (
        "<p>A linear discriminant learns the emotion from the <b>true</b> codes of the training clips (mean and "
        "standard deviation of each dimension), and names "
        f"the emotion of the {told['clips']} test clips' codes. Naming the most frequent emotion always would be right "
        f"in {told['chance']:.0%} of all, and in {1 / len(told['labels']):.0%} in the mean over emotions. "
        "The comparative method is told the emotion; the proposed one has to hear it.</p>"
    )
    kinds = {name: f["kind"] for name, f in found["methods"].items()} | {TRUE: "true"}
    rows = [
        [name_cell(n, kinds.get(n, "")), cell(f["accuracy"], 2), f"<td>{number(f['balanced'], 2)}</td>"]
        for n, f in told["named"].items()
    ]
    yield table(["codes of", "named rightly", "mean over\nemotions"], rows)
    shown = [TRUE, *(found["leads"][k] for k in ("proposed", "comparative") if k in found["leads"])]
    cards = [
        matrix(told["labels"], told["named"][n]["confusion"], f"{n}: row the true emotion, column the named one")
        for n in shown
    ]
    yield f'<div class="matrices">{"".join(cards)}</div>'


def constants(found: Figures) -> str:
    """What was done about trajectories that do not move."""
    undefined = next(iter(found["methods"].values()))["undefined"]
    still = {n: f["still"] for n, f in found["methods"].items() if f["still"]}
    words = f"{undefined} of {found['clips'] * len(found['dimensions'])} true trajectories do not move: their correlation is undefined, and left out. "
    if still:
        words += "A predicted trajectory that does not move, where the true one does, counts as 0: "
        words += ", ".join(f"{name} {count}" for name, count in still.items()) + "."
    else:
        words += "No predicted trajectory stood still where the true one moved (it would count as 0)."
    return f"<p>{text(words)}</p>"


def _value(figures: Figures, name: str) -> float:
    figure = figures.get(name)
    return figure.value if isinstance(figure, Interval) else math.nan
