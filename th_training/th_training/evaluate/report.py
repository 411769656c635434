"""One report of a corpus and the methods tried on it: report.html, report.json, pictures and videos."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.corpus.format import Clip, Corpus
from th_training.evaluate import pictures, sections
from th_training.evaluate.baselines import baselines, shuffled
from th_training.evaluate.emotion import name_emotions
from th_training.evaluate.examples import Example, clip_corr, draw_examples, plot_codes
from th_training.evaluate.intervals import Bootstrap
from th_training.evaluate.methods import Method, best, common_clips
from th_training.evaluate.page import page, picture, plot, text
from th_training.evaluate.partial import what_it_adds
from th_training.evaluate.scores import Scores, Truth, read_truths, score
from th_training.evaluate.summary import plain, summarise
from th_training.tiles import make_folder
from th_training.whole import replacing, sweep

HTML, JSON = "report.html", "report.json"
FORMAT = "talking-head-report/1"
Progress = Callable[[str], Callable[[Iterable[Any], int], Iterable[Any]]]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a report is made.

    title: of the page; centre: see `baselines.baselines`; examples: clips of which pictures and a video are made;
    seed: of bootstrap and shuffling; notes: what else is to be told (command, machine), name -> words;
    progress: name of a step -> wrapper of its iterable, say in a bar.
    """

    title: str = "How the face follows the voice"
    centre: bool = True
    examples: int = 3
    seed: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = lambda what: lambda items, total: items


def write_report(
    parts: Sequence[Corpus],
    methods: Sequence[Method],
    out: Path,
    *,
    face: FaceModel | None,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write OUT/report.html and OUT/report.json, OUT/pictures and OUT/videos; returns the figures as in the JSON.

    Args:
        parts: the corpus with one split, or once for each fold; the methods' predictions are of their test clips.
        face: what draws the codes; without, landmarks and pictures are missing from the report, and it says so.

    Raises:
        InputError: predictions do not fit the corpus, no clip is left, or OUT cannot be written.
    """
    options = options or Options()
    begin = time.perf_counter()
    if not parts or not methods:
        raise InputError("there is nothing to report on: no corpus, or no method")
    make_folder(out)
    sweep(out)
    corpus = parts[0]
    tested = [clip for part in parts for clip in part.split("test")]
    if not tested:
        raise InputError(f"{corpus.folder}: has no test clip")
    simple, unusable = baselines(parts, centre=options.centre, progress=options.progress("baselines"))
    methods = [*methods, *simple]
    left_out = dict(corpus.left_out) | unusable
    clips, lacking = common_clips([clip for clip in tested if clip.id not in left_out], methods)
    truths, unreadable = read_truths(corpus, clips, face)
    left_out |= lacking | unreadable
    if not truths:
        raise InputError(f"{corpus.folder}: no test clip can be used; first: {next(iter(unreadable.values()))}")
    methods, scores = _score(methods, truths, face, options)
    shape = len(truths[0].codes[0]) // 2 if face is None else face.dimensions[0]
    found = summarise(methods, scores, truths, shape, seed=options.seed)
    naming = name_emotions(parts, methods, {truth.clip.id: truth.clip for truth in truths})
    shown = [m for kind in ("proposed", "comparative") if (m := _named(methods, found["leads"].get(kind))) is not None]
    adds = {}
    if len(shown) == 2:
        bootstrap = Bootstrap(len(truths), seed=options.seed)
        adds = {m.kind: what_it_adds(m, other, truths, face, bootstrap) for m, other in (shown, shown[::-1])}
    found = {
        "format": FORMAT,
        "title": options.title,
        "corpus": _about(corpus, truths),
        "protocol": {"parts": len(parts), "test_clips": len(truths), "centred": options.centre, "seed": options.seed},
        "clips": len(truths),
        "drawn": face is not None,
        "dimensions": sections.dimension_names(shape, truths[0].codes.shape[1]),
        "left_out": left_out,
        "notes": dict(options.notes),
        "adds": adds,
        "emotion": None if naming is None else naming.to_json(seed=options.seed),
        **found,
    }
    lead = scores[shown[0].name] if shown else None
    examples: list[Example] = []
    if face is not None and lead is not None:
        chosen = pictures.choose(truths, clip_corr(lead), options.examples)
        drawn = draw_examples(chosen, shown, face, corpus.folder, out)
        examples = list(options.progress("pictures")(drawn, len(chosen)))
    found["examples"] = [example.clip.id for example in examples]
    found["seconds"] = round(time.perf_counter() - begin, 1)
    lines = []
    if lead is not None:
        ridge = [m for m in methods if m.name == "ridge"]
        for truth, _ in pictures.choose(truths, clip_corr(lead), 2):
            lines.append((truth.clip, plot_codes(truth, [*shown, *ridge], found["dimensions"], shape)))
    _write(out / HTML, page(options.title, _body(found, [m.name for m in shown], examples, lines)))
    told = plain(found)
    _write(out / JSON, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return told


def _score(
    methods: Sequence[Method], truths: Sequence[Truth], face: FaceModel | None, options: Options
) -> tuple[list[Method], dict[str, Scores]]:
    """Scores of all methods, and of the best proposed one with shuffled sound."""
    every = list(methods)
    scores = {m.name: score(m, truths, face) for m in options.progress("scores")(every, len(every))}
    corr = {name: float(np.nan_to_num(s.values["corr"]).mean()) for name, s in scores.items()}
    lead = best(every, corr, "proposed") or best(every, corr, "comparative") or every[0]
    mixed = shuffled(lead, [truth.clip for truth in truths], seed=options.seed)
    scores[mixed.name] = score(mixed, truths, face)
    return [*every, mixed], scores


def _about(corpus: Corpus, truths: Sequence[Truth]) -> dict[str, Any]:
    frames = sum(len(truth.codes) for truth in truths)
    return {
        "folder": str(corpus.folder),
        "profile": corpus.profile,
        "face": corpus.face,
        "clips": len(corpus.clips),
        "speakers": len({truth.clip.speaker for truth in truths}),
        "emotions": sorted({truth.clip.emotion for truth in truths}),
        "test_frames": frames,
        "test_minutes": round(frames / 3600, 2),
    }


def _body(
    found: Mapping[str, Any], shown: Sequence[str], examples: Sequence[Example], lines: Sequence[tuple[Clip, str]]
) -> Iterator[str]:
    yield f"<h1>{text(found['title'])}</h1>"
    yield f'<p class="soft">{text(_protocol(found))}</p>'
    yield sections.lead(found)
    yield from sections.table1(found)
    yield from sections.all_methods(found)
    yield from sections.differences(found)
    yield from sections.adds(found)
    yield from sections.expression(found)
    yield from sections.emotions(found)
    yield from sections.naming(found)
    yield from sections.dimensions(found, [*shown, "ridge", "mean trajectory"])
    yield from sections.errors(found)
    if examples:
        yield "<h2>To look at</h2>"
        for example in examples:
            words = f"{example.clip.id}: {example.why}" + (f" (“{example.clip.text}”)" if example.clip.text else "")
            yield f"<h3>{text(words)}</h3>"
            for step, path in example.strips.items():
                yield picture(
                    path, f"Every {step}th frame ({step / 60:.2f} s apart), as the article's figures 4 and 5."
                )
            yield f'<video controls preload="metadata" src="{text(example.video)}"></video>'
            silent = "" if example.sound else " The corpus does not hold this clip's sound: the video is silent."
            yield f'<p class="soft">Side by side, 60 frames per second: <a href="{text(example.video)}">{text(example.video)}</a>.{silent}</p>'
    elif not found["drawn"]:
        yield "<h2>To look at</h2><p>No face was given: there are neither landmarks nor pictures in this report.</p>"
    if lines:
        yield "<h2>Trajectories</h2>"
        for clip, svg in lines:
            yield plot(svg, f"{clip.id}: codes over time in standard deviations, each without its mean over the clip.")
    yield "<h2>What this report stands on</h2>"
    yield sections.constants(found)
    yield from _left_out(found)
    corpus = found["corpus"]
    facts = {
        "corpus": corpus["folder"],
        "face": corpus["face"] or "not named",
        "features": f"profile {corpus['profile']}",
        "intervals": f"95 %, bootstrap over clips, seed {found['protocol']['seed']}",
        "ridge": f"alpha by the validation clips, by part: {', '.join(f'{a:g}' for a in found['methods']['ridge']['about']['alpha'])}",
        "baselines": "learnt on codes without each clip's mean"
        if found["protocol"]["centred"]
        else "learnt on the codes as they are",
        **found["notes"],
    }
    yield "<dl>" + "".join(f"<dt>{text(k)}</dt><dd>{text(v)}</dd>" for k, v in facts.items()) + "</dl>"


def _protocol(found: Mapping[str, Any]) -> str:
    corpus, parts = found["corpus"], found["protocol"]["parts"]
    how = (
        f"{parts} folds: each clip was predicted by a network that was not trained on it" if parts > 1 else "one split"
    )
    emotions = f", {len(corpus['emotions'])} emotions" if len(corpus["emotions"]) > 1 else ""
    return f"{found['clips']} test clips, {corpus['test_minutes']} minutes, {corpus['speakers']} speaker(s){emotions}; {how}."


def _left_out(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["left_out"]:
        yield "<p>No clip was left out.</p>"
        return
    yield f"<h3>Left out ({len(found['left_out'])})</h3><ul>"
    yield "".join(f"<li>{text(name)}: {text(reason)}</li>" for name, reason in found["left_out"].items()) + "</ul>"


def _named(methods: Sequence[Method], name: str | None) -> Method | None:
    return next((m for m in methods if m.name == name), None)


def _write(path: Path, content: str) -> None:
    with replacing(path) as partial:
        partial.write_text(content, encoding="utf-8")
