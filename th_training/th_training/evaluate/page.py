"""The report's page: one HTML file that needs nothing beside it, readable on a wide and a narrow screen."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from th_training.evaluate.intervals import Interval

STYLE = """
:root{--ink:#20242a;--soft:#5d6672;--line:#e1e4e8;--tint:#f6f7f9;--proposed:#1f6f9f;--comparative:#d1782a}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1.2rem 1.2rem 4rem;color:var(--ink);background:#fff;
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:1.6rem;line-height:1.25;margin:.4rem 0 .2rem}
h2{font-size:1.2rem;margin:2.4rem 0 .4rem;padding-top:.7rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.4rem 0 .3rem}
p{margin:.4rem 0 .8rem;max-width:46rem}
.soft,small,figcaption{color:var(--soft)}
figure{margin:0}
figcaption{font-size:.86rem;margin:.2rem 0 .6rem;max-width:46rem}
.wide{overflow-x:auto;margin:.5rem 0}
.wide svg{display:block;width:100%;min-width:34rem;height:auto;max-width:56rem}
.small svg{min-width:20rem}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums;min-width:20rem}
th,td{padding:.3rem .65rem;text-align:right;border-bottom:1px solid var(--line);vertical-align:baseline;white-space:nowrap}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:#fff}
thead th{font-weight:600;border-bottom:2px solid var(--line);vertical-align:bottom}
td small{display:block;font-size:.74rem;line-height:1.2}
td.sure{font-weight:600}
tr.rule td{border-top:2px solid var(--line)}
.dot{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.45em;background:#8b929c}
.dot.proposed{background:var(--proposed)}.dot.true{background:var(--ink)}.dot.comparative{background:var(--comparative)}
.lead{background:var(--tint);border-left:4px solid var(--proposed);padding:.7rem 1rem;margin:1rem 0;max-width:50rem}
.lead ul{margin:.2rem 0;padding-left:1.1rem}
.matrices{display:flex;flex-wrap:wrap;gap:1.2rem 2rem}
.matrix td,.matrix th{padding:.22rem .4rem;text-align:center;font-size:.78rem;border:0}
.matrix th:first-child{text-align:right}.matrix{min-width:0}
img{max-width:100%;height:auto;display:block}
.wide img{max-width:none;width:100%;min-width:44rem}
video{width:100%;max-width:60rem;background:#000;border-radius:4px}
pre{overflow-x:auto;background:var(--tint);padding:.6rem .8rem;font-size:.82rem;border-radius:4px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem;margin:.4rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--soft)}
@media(max-width:36rem){body{padding:.8rem .8rem 3rem;font-size:15px}h1{font-size:1.35rem}dl{grid-template-columns:1fr}dt{margin-top:.3rem}}
"""


def page(title: str, body: Iterable[str]) -> str:
    """A whole HTML document."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Any words, safe within HTML."""
    return html.escape(str(value))


def number(value: float, digits: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def cell(figure: Interval | None, digits: int = 3, *, sign: bool = False) -> str:
    """A table cell: the figure, and its interval below; in bold if `sign` and the interval excludes zero."""
    if figure is None or not math.isfinite(figure.value):
        return "<td>–</td>"
    value = f"{figure.value:+.{digits}f}" if sign else number(figure.value, digits)
    interval = ""
    if math.isfinite(figure.low):
        interval = f"<small>{figure.low:.{digits}f} .. {figure.high:.{digits}f}</small>"
    sure = ' class="sure"' if sign and figure.excludes_zero else ""
    return f"<td{sure}>{value}{interval}</td>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls sideways by itself; `rows` are cells with their <td>, heads are plain words (\\n breaks a line)."""
    columns = "".join(f"<th>{text(name).replace(chr(10), '<br>')}</th>" for name in head)
    lines = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{columns}</tr></thead><tbody>\n{lines}\n</tbody></table></div>'


def name_cell(name: str, kind: str) -> str:
    """A method's name with its colour."""
    return f'<td><span class="dot {text(kind)}"></span>{text(name)}</td>'


def plot(svg: str, caption: str, *, small: bool = False) -> str:
    """An <svg> with words below; a `small` one can be read at a telephone's width."""
    return f'<figure><div class="wide{" small" * small}">{svg}</div><figcaption>{text(caption)}</figcaption></figure>'


def picture(path: Path, caption: str) -> str:
    """A JPEG, inside the page."""
    data = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<figure><div class="wide"><img alt="{text(caption)}" src="data:image/jpeg;base64,{data}"></div>'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )


def matrix(labels: Sequence[str], counts: Sequence[Sequence[int]], caption: str) -> str:
    """A confusion matrix: a row is what was true, a column what was named, in shares of the row."""
    head = "".join(f"<th>{text(label[:4])}</th>" for label in labels)
    lines = []
    for label, row in zip(labels, counts, strict=True):
        total = sum(row)
        cells = []
        for count in row:
            share = count / total if total else 0.0
            ink = "#fff" if share > 0.55 else "var(--ink)"
            shown = f"{share:.0%}" if count else "·"
            cells.append(f'<td style="background:rgba(31,111,159,{share:.2f});color:{ink}">{shown}</td>')
        lines.append(f"<tr><th>{text(label)}</th>{''.join(cells)}</tr>")
    return (
        f'<figure><table class="matrix"><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(lines)}</tbody>'
        f"</table><figcaption>{text(caption)}</figcaption></figure>"
    )
