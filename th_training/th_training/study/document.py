"""A report as blocks, written as one HTML page that needs nothing beside it, and as Markdown beside its pictures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from th_training.evaluate.page import page, text


@dataclass(frozen=True)
class Heading:
    """A heading below the title."""

    words: str


@dataclass(frozen=True)
class Words:
    """A paragraph; `soft`: small print."""

    words: str
    soft: bool = False


@dataclass(frozen=True)
class Lead:
    """The answer in a few lines."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Cells of plain words."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A PNG beside the report."""

    path: Path
    caption: str


Block = Heading | Words | Lead | Table | Picture


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """A whole page, pictures inside."""
    return page(title, [f"<h1>{text(title)}</h1>", *(_html(block) for block in blocks)])


def to_markdown(title: str, blocks: Sequence[Block]) -> str:
    """The same words; pictures by their names."""
    return "\n\n".join([f"# {title}", *(_markdown(block) for block in blocks)]) + "\n"


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{text(block.words)}</h2>"
    if isinstance(block, Words):
        return f"<p{' class=soft' if block.soft else ''}>{text(block.words)}</p>"
    if isinstance(block, Lead):
        return f'<div class="lead"><ul>{"".join(f"<li>{text(line)}</li>" for line in block.lines)}</ul></div>'
    if isinstance(block, Table):
        head = "".join(f"<th>{text(cell)}</th>" for cell in block.head)
        rows = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
        return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    data = base64.b64encode(block.path.read_bytes()).decode()
    shown = f'<img alt="{text(block.caption)}" src="data:image/png;base64,{data}">'
    return f'<figure><div class="plot">{shown}</div><figcaption>{text(block.caption)}</figcaption></figure>'


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {block.words}"
    if isinstance(block, Words):
        return block.words
    if isinstance(block, Lead):
        return "\n".join(f"- {line}" for line in block.lines)
    if isinstance(block, Table):
        lines = [block.head, tuple("---" for _ in block.head), *block.rows]
        return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
    return f"![{block.caption}]({block.path.name})\n\n*{block.caption}*"
