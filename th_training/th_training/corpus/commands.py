"""`th corpus`: make and inspect corpora."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from th_training.corpus.recordings import Found

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make and inspect corpora (docs/corpus.md).")
console = Console(highlight=False)

_Folder = Annotated[Path, typer.Argument(help="Folder of the recordings.")]
_Out = Annotated[Path, typer.Argument(help="Folder for the corpus.")]
_Face = Annotated[
    Path | None,
    typer.Option(help="Model folder, or a face that `th aam build` wrote [default: built of the training clips]."),
]
_Profile = Annotated[str, typer.Option(help="Acoustic features: paper, robot or live.")]
_Seed = Annotated[int, typer.Option(help="Of the splits, and of the choice of pictures for the face.", min=0)]
_Pictures = Annotated[int, typer.Option(help="Pictures that a face is built from.", min=20)]
_Lag = Annotated[
    float, typer.Option(help="s by which the pictures come later than the sound; taken out.", min=-2.0, max=2.0)
]
_ApplyLag = Annotated[
    bool, typer.Option("--apply-lag", help="Take out the lag that is found, and make the clips again.")
]
_Jobs = Annotated[int | None, typer.Option(help="Processes [default: one per core].", min=1, max=256)]
_Cache = Annotated[Path, typer.Option(help="Where measured landmarks are remembered.")]
_CACHE = Path("build/cache/landmarks")


@app.command()
def savee(
    folder: _Folder,
    out: _Out,
    speaker: Annotated[str, typer.Option(help="DC (the paper's), JE, JK or KL.")] = "DC",
    texts: Annotated[
        Path | None, typer.Option(help="Sentences, `a01 what is said` a line [default: text files in the folder].")
    ] = None,
    face: _Face = None,
    profile: _Profile = "paper",
    seed: _Seed = 0,
    pictures: _Pictures = 600,
    lag: _Lag = 0.0,
    apply_lag: _ApplyLag = False,
    jobs: _Jobs = None,
    cache: _Cache = _CACHE,
) -> None:
    """SAVEE, the paper's corpus, as its owners hand it out: one speaker's 120 sentences with seven emotions."""
    from th_training.corpus.savee import find_savee

    found = find_savee(folder, speaker.upper(), texts=texts)
    _prepare(found, out, "savee", profile=profile, face=face, seed=seed, pictures=pictures, lag=lag, apply_lag=apply_lag,
             jobs=jobs, cache=cache)  # fmt: skip


@app.command()
def grid(
    folder: _Folder,
    out: _Out,
    face: _Face = None,
    profile: _Profile = "paper",
    seed: _Seed = 0,
    pictures: _Pictures = 600,
    lag: _Lag = 0.0,
    apply_lag: _ApplyLag = False,
    jobs: _Jobs = None,
    cache: _Cache = _CACHE,
) -> None:
    """One speaker of GRID: videos ID.mpg, and their words in ID.align (without: what the name says)."""
    from th_training.corpus.grid import find_grid

    _prepare(find_grid(folder), out, "grid", profile=profile, face=face, seed=seed, pictures=pictures, lag=lag,
             apply_lag=apply_lag, jobs=jobs, cache=cache)  # fmt: skip


@app.command()
def video(
    folder: _Folder,
    out: _Out,
    speaker: Annotated[str, typer.Option(help="Name of the person.")] = "speaker",
    emotion: Annotated[str, typer.Option(help="Of all videos that the table does not speak of.")] = "neutral",
    language: Annotated[str, typer.Option(help="Of what is said; phones are found in en.")] = "en",
    table: Annotated[
        Path | None,
        typer.Option(
            help="Table (.csv, .tsv) with the columns name, text, emotion, speaker, language, source, sound, labels."
        ),
    ] = None,
    text_suffix: Annotated[str, typer.Option(help="Of the file beside a video that says what is said.")] = ".txt",
    face: _Face = None,
    retarget: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Another face, which is to move as the person does, and whose codes are kept (docs/retarget.md): `default`, a "
            "model folder, or a corpus of that face.",
        ),
    ] = None,
    profile: _Profile = "paper",
    seed: _Seed = 0,
    pictures: _Pictures = 600,
    lag: _Lag = 0.0,
    apply_lag: _ApplyLag = False,
    jobs: _Jobs = None,
    cache: _Cache = _CACHE,
) -> None:
    """Any folder of videos in which one person talks."""
    from th_training.corpus.videos import find_videos

    found = find_videos(
        folder, speaker=speaker, emotion=emotion, language=language, table=table, text_suffix=text_suffix
    )
    kind = "video" if retarget is None else "retargeted video"
    _prepare(found, out, kind, profile=profile, face=face, retarget=retarget, seed=seed, pictures=pictures, lag=lag,
             apply_lag=apply_lag, jobs=jobs, cache=cache)  # fmt: skip


@app.command()
def actor(
    out: _Out,
    clips: Annotated[int, typer.Option(help="Sentences of each voice.", min=1, max=10_000)] = 120,
    voices: Annotated[
        str, typer.Option(help="Names of voices, separated by commas [default: one natural voice].")
    ] = "",
    face: Annotated[
        Path | None, typer.Option(help="A face of the character [default: the one that is shipped].")
    ] = None,
    character: Annotated[str, typer.Option(help="Who moves: human, or drawn (a robot of flat shapes).")] = "human",
    profile: _Profile = "paper",
    seed: _Seed = 0,
    jobs: _Jobs = None,
) -> None:
    """The virtual actor laid out like the paper's corpus: sentences of one voice with seven emotions."""
    from th_common.default_model import DEFAULT, shipped_model
    from th_training.corpus.cast import cast, find_voices, make_actor_corpus
    from th_training.face.characters import HUMAN, find_character
    from th_training.progress import bar
    from th_training.workers import cores

    names = [name.strip() for name in voices.split(",") if name.strip()]
    _check_profile(profile)
    takes = cast(find_voices(names), clips=clips, seed=seed, profile=profile)
    who = find_character(character)
    place = face or shipped_model(DEFAULT if who is HUMAN else who.name)
    make_actor_corpus(out, takes, face=place, character=who.name, seed=seed, jobs=jobs or cores(), progress=bar)
    show(out)


@app.command()
def record(
    out: Annotated[Path, typer.Argument(help="Folder for the clips (features and poses of the virtual actor).")],
    seed: Annotated[int, typer.Option(help="Decides what is said, and how.", min=0)] = 0,
    scale: Annotated[float, typer.Option(help="1: about two hours.", min=0.001, max=100.0)] = 1.0,
    jobs: Annotated[int, typer.Option(help="Processes.", min=1)] = os.cpu_count() or 1,
    profile: Annotated[str, typer.Option(help="Acoustic features.")] = "robot",
) -> None:
    """Let every installed voice speak and the virtual actor move; an interrupted run goes on."""
    from th_training.corpus import actor as corpora
    from th_training.progress import bar

    takes = corpora.plan(seed=seed, scale=scale, profile=profile)
    corpora.record(takes, out, jobs=jobs, progress=bar("recording"))
    show(out)


@app.command("show")
def show_command(corpus: Annotated[Path, typer.Argument(help="Folder of a corpus.")]) -> None:
    """Say what a corpus holds: splits, arrays, face, lag, notes, what was left out; damaged clips are named."""
    show(corpus)


@app.command("voices")
def voices_command() -> None:
    """List the voices, which of them are installed, and their licences."""
    from th_training.speech import voices as known

    table = Table("voice", "engine", "sex", "language", "installed", "held out")
    for voice in known.VOICES:
        here = "yes" if known.installed(voice) else "no"
        table.add_row(voice.id, voice.engine, voice.sex, voice.language, here, "x" * (voice.id in known.HELD_OUT))
    console.print(table)
    for engine, licence in known.LICENCES.items():
        console.print(f"{engine}: {licence}", markup=False)


def show(folder: Path) -> None:
    """Print what a corpus holds."""
    from th_training.corpus.format import read_corpus
    from th_training.corpus.show import show_corpus

    show_corpus(read_corpus(folder), console)


def _prepare(found: Found, out: Path, kind: str, **plan: Any) -> None:
    from th_training.corpus.prepare import Plan, prepare
    from th_training.corpus.show import show_corpus
    from th_training.progress import bar

    _check_profile(plan["profile"])
    done = prepare(found, out, Plan(**plan), about={"kind": kind}, progress=bar)
    show_corpus(done.corpus, console)
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in done.seconds.items())
    console.print(
        f"{len(done.corpus.clips)} clips of {len(found.recordings)} recordings; {took}", markup=False, soft_wrap=True
    )


def _check_profile(name: str) -> None:
    from th_audio_features import PROFILES
    from th_common.errors import InputError

    if name not in PROFILES:
        raise InputError(f"there is no profile {name!r} ({', '.join(PROFILES)})")
