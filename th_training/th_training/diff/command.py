"""`th diff`: what a change did to the face, by the codes of two bags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from th_common.default_model import DEFAULT, LIVE, find_model
from th_common.errors import InputError, ModelError, TalkingHeadError
from th_common.model_folder import read_card
from th_face_renderer import FaceDecoder, load_face
from th_training.diff.codes import Codes, read_codes
from th_training.diff.measures import Difference, compare

DIFFERENT, TROUBLE = 1, 2
ALIGNMENTS = ("auto", "stamp", "start")

app = typer.Typer(add_completion=False)


@app.command()
def diff(
    a: Annotated[Path, typer.Argument(help="A bag with facial codes, or with sound to make them of.")],
    b: Annotated[Path, typer.Argument(help="The bag to compare it with.")],
    tolerance: Annotated[float, typer.Option(help="sd of a mode that a code may be off.", min=0.0)] = 0.0,
    align: Annotated[str, typer.Option(help="Codes belong together by stamp, start, or auto.")] = "auto",
    compute: Annotated[bool, typer.Option(help="Make the codes of a's sound anew, also where it has some.")] = False,
    model: Annotated[str, typer.Option(help="Face model of a, for computing and drawing [default: as it says].")] = "",
    model_b: Annotated[str, typer.Option(help="Face model of b [default: as it says].")] = "",
    topic: Annotated[str, typer.Option(help="Of the codes, where a bag holds those of several faces.")] = "",
    sound: Annotated[str, typer.Option(help="Topic of the sound, where a bag holds several.")] = "",
    video: Annotated[Path | None, typer.Option(help="Write both faces side by side, with the sound (.mp4).")] = None,
    size: Annotated[int, typer.Option(help="px, height and width of one face in the video.", min=64, max=1024)] = 384,
    to_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the report.")] = False,
) -> None:
    """Compare the facial codes of two bags.

    Exit status: 0 the same (within --tolerance, no code missing), 1 different, 2 they cannot be compared.
    """
    try:
        if align not in ALIGNMENTS:
            raise InputError(f"--align must be one of {', '.join(ALIGNMENTS)}, not {align!r}")
        one = read_codes(a, topic=topic, sound=sound, model=model, compute=compute)
        two = read_codes(b, topic=topic, sound=sound, model=model_b or model)
        faces = _face(one, model), _face(two, model_b or model)
        first, second = faces
        landmarks = None if first is None or second is None else (first.landmarks, second.landmarks)
        found = compare(one, two, tolerance=tolerance, align=align, landmarks=landmarks)
        if video is not None:
            _write_video(video, a, b, one, two, faces, found, sound, size)
    except TalkingHeadError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"th diff: {error}", markup=False)
        raise typer.Exit(TROUBLE) from error
    if to_json:
        print(json.dumps({"a": str(a), "b": str(b), "tolerance": tolerance, **found.to_json()}, indent=1))
    else:
        _report(Console(highlight=False), a, b, one, two, found, tolerance)
        if video is not None:
            print(f"{video}: both faces")
    if found.differs(tolerance):
        raise typer.Exit(DIFFERENT)


def _face(codes: Codes, model: str) -> FaceDecoder | None:
    """The face that the codes belong to: the model given, or the one of those that come with the packages; None: unknown here."""
    for name in (model,) if model else (DEFAULT, LIVE):
        try:
            folder = find_model(name)
            if read_card(folder).id == codes.model:
                return load_face(folder)
        except ModelError:
            if model:
                raise
    return None


def _write_video(
    out: Path,
    a: Path,
    b: Path,
    one: Codes,
    two: Codes,
    faces: tuple[FaceDecoder | None, FaceDecoder | None],
    found: Difference,
    sound: str,
    size: int,
) -> None:
    from th_training.diff.movie import write_side_by_side

    first, second = faces
    if first is None or second is None:
        unknown = one.model if first is None else two.model
        raise InputError(f"no face model {unknown[:12]} here to draw these codes with: say --model (and --model-b)")
    if size % 2:
        raise InputError(f"the size must be even, not {size}")
    write_side_by_side(
        out,
        (one, two),
        (first, second),
        (a.name, b.name),
        shift=round(found.shift * 1e9),
        bag=a,
        topic=sound,
        size=size,
    )


def _report(console: Console, a: Path, b: Path, one: Codes, two: Codes, found: Difference, tolerance: float) -> None:
    console.print(f"[bold]{a.name}[/bold] and [bold]{b.name}[/bold]", soft_wrap=True)
    facts = Table(box=None, show_header=False, padding=(0, 2))
    for name, codes, count in ((a.name, one, found.codes_a), (b.name, two, found.codes_b)):
        kind = "made of its sound" if codes.computed else "recorded"
        again = f", {codes.again} more of a time that was there before" if codes.again else ""
        facts.add_row(name, f"{count} codes {kind}, model {codes.model[:12]}{again}")
    facts.add_row("in common", f"{found.matched}" + (f", second moved by {found.shift:+.6f} s" if found.shift else ""))
    facts.add_row("missing", f"{found.missing_in_a} in the first, {found.missing_in_b} in the second")
    if found.identical:
        facts.add_row("codes", "the same, to the bit")
    else:
        facts.add_row("largest difference", f"{found.worst:.4g} sd (tolerance {tolerance:g})")
    if found.first is not None:
        facts.add_row(
            "first beyond tolerance",
            f"{found.first:.3f} s, {_name(found.first_dimension or 0, one.shape)}; {found.beyond} of {found.matched} codes",
        )
    if found.delays is not None:
        d = found.delays
        facts.add_row(
            "presentation delay",
            f"{1e3 * d.a:.1f} and {1e3 * d.b:.1f} ms (spread {1e3 * d.spread_a:.1f} and {1e3 * d.spread_b:.1f})",
        )
        facts.add_row("skew", f"{1e3 * d.skew:+.1f} ms, p99 {1e3 * d.skew_p99:.1f}")
    r = found.lip_opening_r
    facts.add_row("lip opening", "unknown" if r is None else f"r = {r:.4f}")
    console.print(facts)
    if not found.identical:
        console.print(_by_dimension(found, one.shape))
    verdict = "[red]different[/red]" if found.differs(tolerance) else "[green]the same[/green]"
    console.print(verdict)


def _by_dimension(found: Difference, shape: int) -> Table:
    table = Table(box=None, padding=(0, 2))
    for heading in ("sd", "RMS", "largest"):
        table.add_column(heading, justify="right" if heading != "sd" else "left")
    for k, (rms, largest) in enumerate(zip(found.rms, found.largest, strict=True)):
        table.add_row(_name(k, shape), f"{rms:.5f}", f"{largest:.5f}")
    return table


def _name(dimension: int, shape: int) -> str:
    return f"shape {dimension + 1}" if dimension < shape else f"appearance {dimension - shape + 1}"
