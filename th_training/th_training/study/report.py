"""`th study report`: what people said, as a page, as Markdown, as pictures and as figures."""

from __future__ import annotations

import json
from pathlib import Path

from th_common.errors import InputError
from th_training.study.document import to_html, to_markdown
from th_training.study.figures import to_json
from th_training.study.plots import draw
from th_training.study.results import Results
from th_training.study.sections import sections
from th_training.study.study import Study
from th_training.study.summary import Summary, summarise
from th_training.tiles import make_folder
from th_training.whole import replacing


def write_report(study: Study, counted: Results, everybody: Results, out: Path) -> Summary:
    """Write OUT/report.html, report.md, report.json and the plots.

    Args:
        counted: of the people who passed the attention checks. everybody: of all who finished.

    Raises:
        InputError: nobody is counted, or the files cannot be written.
    """
    if not counted.people:
        raise InputError(
            f"there is nothing to report: {counted.began} people have begun, {counted.finished} have finished, "
            f"{counted.failed} of them failed an attention check"
        )
    make_folder(out)
    found, all_of_them = summarise(study, counted), summarise(study, everybody)
    try:
        pictures = draw(found, out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error})") from error
    blocks = list(sections(found, all_of_them, pictures))
    title = f"{study.title}: what people saw"
    figures = {**to_json(found), "with_everybody": to_json(all_of_them)["tests"]}
    for name, words in (
        ("report.html", to_html(title, blocks)),
        ("report.md", to_markdown(title, blocks)),
        ("report.json", json.dumps(figures, indent=1) + "\n"),
    ):
        with replacing(out / name) as partial:
            partial.write_text(words, encoding="utf-8")
    return found
