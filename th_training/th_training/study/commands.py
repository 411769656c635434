"""`th study`: make a study, serve it, report what people said."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from th_common.errors import InputError
from th_training.study.rehearse import Folder, named_values, plan, simulate

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The article's blind study with people.")
Seed = Annotated[int | None, typer.Option(help="Of orders and sides [default: a random one].", min=0)]


@app.command()
def make(
    folder: Folder,
    sentences: Annotated[Path, typer.Argument(help="Table of sound files (CSV: sound, emotion), or a corpus folder.")],
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FOLDER", help="A face model that hears the sentences.")
    ] = None,
    recorded: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help="Codes (ID.npz) or videos of the sentences; the name original for the true ones.",
        ),
    ] = None,
    face: Annotated[
        Path | None,
        typer.Option(
            help="What draws recorded codes: a model folder, or the file of a face [default: the corpus' or the first --model's]."
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="All clips of a corpus, not its test clips: for what th train --folds left.")
    ] = False,
    title: Annotated[str, typer.Option(help="What people see above the consent text.")] = "Talking faces",
    each: Annotated[int, typer.Option(help="Sentences that a person sees; 0: all.", min=0)] = 0,
    size: Annotated[int, typer.Option(help="px, height and width, even.", min=64, max=1080)] = 512,
    consent: Annotated[Path | None, typer.Option(help="Text file with the words that people agree to.")] = None,
    checks: Annotated[bool, typer.Option(help="Ask for attention once in each part.")] = True,
    seed: Seed = None,
) -> None:
    """Render the videos of a study: --model and --recorded in the order given, models first."""
    from th_common.default_model import find_model
    from th_training.evaluate.load import named
    from th_training.progress import bar
    from th_training.study.make import make_study
    from th_training.study.stimuli import Method
    from th_training.study.table import corpus_face, read_sentences

    models = [Method(name, model=find_model(place)) for name, place in named_values(model or [], "--model")]
    drawn_by = face or corpus_face(sentences) or (models[0].model if models else find_model(""))
    codes = [Method(name, recorded=place, face=drawn_by) for name, place in named(recorded or [], "--recorded")]
    if not models and not codes:
        raise InputError("say what is to be compared: --model NAME=FOLDER and --recorded NAME=FOLDER, once or more")
    study = make_study(
        folder,
        read_sentences(sentences, every=every),
        [*models, *codes],
        title=title,
        each=each,
        size=size,
        seed=seed,
        checks=checks,
        consent=consent,
        progress=bar("videos"),
    )
    _tell(folder, len(study.emotions), study.methods, study.pair, study.about["loudness"]["level"])


@app.command()
def demo(
    folder: Folder,
    size: Annotated[int, typer.Option(help="px, height and width, even.", min=64, max=1080)] = 512,
    seed: Annotated[int, typer.Option(help="Of the voice, orders and sides.", min=0)] = 0,
) -> None:
    """A study of what is at hand: a synthetic voice, the default face, and the same face opened by loudness alone."""
    from th_training.progress import bar
    from th_training.study.demo import demo_methods, demo_sentences
    from th_training.study.make import make_study

    sentences, voice = demo_sentences(folder / "sentences", seed=seed)
    methods = demo_methods(folder / "sentences", sentences)
    study = make_study(folder, sentences, methods, size=size, seed=seed, progress=bar("videos"))
    print(f"voice: {voice}")
    _tell(folder, len(study.emotions), study.methods, study.pair, study.about["loudness"]["level"])


@app.command()
def serve(
    folder: Folder,
    host: Annotated[str, typer.Option(help="Address to serve at; 0.0.0.0 for other machines too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any free one.", min=0, max=65535)] = 8770,
    name: Annotated[
        list[str] | None, typer.Option(help="Another name that this machine is reached by (behind a proxy).")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File with a token that people's link must carry: ?token=...")
    ] = None,
) -> None:
    """Serve a study until Ctrl-C; answers are kept in the study's folder."""
    from th_face_renderer.display.page_token import exposed, read_token
    from th_training.study.serve import serve as serve_study
    from th_training.study.study import read_study

    token = read_token(str(token_file)) if token_file else ""

    def ready(address: str) -> None:
        invitation = f"?token={token}" if token else ""
        print(f"{address}{invitation}", flush=True)
        if exposed(host):
            print(f"from other machines: {address.replace('localhost', socket.gethostname())}{invitation}", flush=True)
            if not token:
                print("Whoever can reach this address can take part.", file=sys.stderr, flush=True)

    serve_study(folder, read_study(folder), host=host, port=port, names=name or (), token=token, ready=ready)


@app.command()
def report(
    folder: Folder,
    out: Annotated[Path, typer.Argument(help="Folder for report.html, report.md, report.json and the plots.")],
    answers: Annotated[Path | None, typer.Option(help="File of answers [default: the study's own].")] = None,
) -> None:
    """What people said, with intervals, tests and power."""
    from th_training.study.report import write_report
    from th_training.study.results import read_results
    from th_training.study.sections import verdict
    from th_training.study.store import Store
    from th_training.study.study import ANSWERS, read_study

    study, path = read_study(folder), answers or folder / ANSWERS
    if not path.is_file():
        raise InputError(f"{path}: there are no answers yet")
    store = Store(path, study.digest)
    try:
        found = write_report(study, read_results(study, store), read_results(study, store, everybody=True), out)
    finally:
        store.close()
    console = Console(highlight=False)
    people = found.results
    simulated = " SIMULATED" if people.simulated else ""
    console.print(
        f"{len(people.people)}{simulated} people counted of {people.began} who began; {people.failed} failed a check",
        markup=False,
        soft_wrap=True,
    )
    for test in found.tests.values():
        assert study.pair is not None
        console.print(verdict(test, study.pair), markup=False, soft_wrap=True)
    console.print(f"{out / 'report.html'}", markup=False, soft_wrap=True)


def _tell(folder: Path, sentences: int, methods: tuple[str, ...], pair: tuple[str, str] | None, level: float) -> None:
    console = Console(highlight=False)
    console.print(
        f"{folder}: {sentences} sentences by {', '.join(methods)}, at {level:.1f} LUFS", markup=False, soft_wrap=True
    )
    if pair is not None:
        console.print(f"compared in pairs: {pair[0]} and {pair[1]}", markup=False, soft_wrap=True)
    console.print(f"th study serve {folder}", markup=False, soft_wrap=True)


app.command()(simulate)
app.command()(plan)
