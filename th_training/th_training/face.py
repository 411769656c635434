"""`th face`: a face model from nothing. Voices speak, the virtual actor moves, its face becomes an AAM, the motion becomes codes,
a network learns them, and a model folder is written.

Each step keeps its result in the work folder under a digest of all that it depends on, so that a run that was killed, or one
with something changed, does only what is left to do.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import joblib
import numpy as np
import typer
from rich.console import Console

from th_common.errors import DeviceError, InputError, ModelError
from th_common.model_folder import BLENDSHAPES, CARD, FACE, PREDICTOR, Card, add_tensors, read_card, write_model
from th_training.progress import bar

if TYPE_CHECKING:
    from th_face_renderer.face_model import FaceModel
    from th_training.aam.make import ActorFace
    from th_training.actor import Actor
    from th_training.corpus.format import Corpus
    from th_training.learn.recipes import Recipe
    from th_training.learn.train import Trained
    from th_training.speech.voices import Voice

MAX_BYTES = 12_000_000  # of a whole model folder
CANVAS = 512  # px, the portrait's side

LICENCE = "CC0-1.0"
LICENCE_TEXT = """\
The face model in this folder (card.json, face.safetensors, predictor.safetensors) is dedicated to the public domain under
CC0 1.0 Universal (https://creativecommons.org/publicdomain/zero/1.0/).

It shows no living person. The face is a drawn character, made of the MakeHuman base mesh (CC0) by this software. Its motion was
learnt from sentences of this software's own, spoken by speech synthesisers; no recording of them is in the model. The voices
and their licences:

"""

app = typer.Typer(add_completion=False)
console = Console(highlight=False)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much of everything: `scale` of the corpus, `pictures` the AAM is built from, the recipe's epochs and units."""

    scale: float = 1.0
    pictures: int = 800
    epochs: tuple[int, ...] | None = None
    units: int | None = None


FULL = Effort()
QUICK = Effort(scale=0.04, pictures=150, epochs=(6,), units=64)


@dataclass
class _Clock:
    """Minutes by step."""

    minutes: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        console.rule(name, align="left", style="dim")
        begin = time.perf_counter()
        yield
        self.minutes[name] = round((time.perf_counter() - begin) / 60, 2)


@app.command()
def command(
    out: Annotated[Path, typer.Argument(help="Model folder to write.")],
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    quick: Annotated[
        bool, typer.Option(help="A small corpus, few pictures, a small network: to see that it works.")
    ] = False,
    work: Annotated[Path, typer.Option(help="Where steps keep their results.")] = Path("build/face"),
    jobs: Annotated[int, typer.Option(help="Processes and threads.", min=1)] = os.cpu_count() or 1,
    recipe: Annotated[str, typer.Option(help="Training recipe (th train --help names them).")] = "default",
    live: Annotated[
        Path | None, typer.Option(help="Another model folder to write: the same face, answering sooner (recipe live).")
    ] = None,
) -> None:
    """Make a face model from nothing: voices, actor, AAM, corpus, training."""
    card = make_face(out, seed=seed, effort=QUICK if quick else FULL, work=work, jobs=jobs, recipe=recipe, live=live)
    for folder in (out, live) if live else (out,):
        console.print(
            f"{folder}: face model {card.id[:12]} ({_size(folder) / 1e6:.1f} MB), pictures in {work}", markup=False
        )


def make_face(
    out: str | os.PathLike[str],
    *,
    seed: int = 0,
    effort: Effort = FULL,
    work: str | os.PathLike[str] = "build/face",
    jobs: int = 2,
    recipe: str = "default",
    live: str | os.PathLike[str] | None = None,
) -> Card:
    """Make a face model and write its folder; returns its card.

    `live`: the folder of a second one, with the same face and a predictor that answers sooner: it hears the profile "live" and is
    trained by the recipe of that name.

    Raises:
        DeviceError: no voice is installed, or there is no OpenGL for the actor.
        InputError, ModelError: a step cannot use what the one before gave; the model is larger than MAX_BYTES.
    """
    from th_training import actor
    from th_training.corpus import actor as corpora
    from th_training.expressions import EXPRESSIONS, expression_codes
    from th_training.speech import voices

    folder = Path(work)
    clock = _Clock()
    speakers = [voice for voice in voices.VOICES if voices.installed(voice)]
    if not speakers:
        raise DeviceError(
            "no voice is installed: apt install espeak-ng, and see requirements/actor.txt for natural ones"
        )
    _say_voices(speakers)
    with clock.step("speech"):
        takes = corpora.plan(seed=seed, scale=effort.scale, speakers=speakers)
        also = () if live is None else ("live",)
        recorded = corpora.record(takes, folder / "recorded", jobs=jobs, also=also, progress=bar("recording"))
    with clock.step("face"):
        sitter = actor.Actor(CANVAS)
        face = _actor_face(folder, sitter, corpora.tracks(recorded), effort.pictures, seed)
    tensors = face.model.to_tensors()
    made_of = [
        _sources(actor),
        {name: hashlib.sha256(tensor.tobytes()).hexdigest() for name, tensor in tensors.items()},
    ]
    makings = [_Making("robot", recipe, Path(out), folder / "corpus")]
    if live is not None:
        makings.append(_Making("live", "live", Path(live), folder / "corpus-live"))
    for making in makings:
        with clock.step("codes"):
            corpus = corpora.encode(
                recorded,
                making.corpus,
                lambda poses: face.pose_map.codes(poses, sitter.landmarks),
                face=_digest(made_of),
                seed=seed,
                profile=making.profile,
                progress=bar("encoding"),
            )
        with clock.step(f"training, {making.recipe}"):
            chosen = replace(_recipe(making.recipe, effort, seed), code_weights=movement(corpus))
            trained = _train(folder, corpus, chosen, jobs)
        name = making.out.name if effort == FULL else "quick"
        about = {
            "seed": seed,
            "face": face.figures,
            "corpus": corpus.summary() | {"held_out_voices": corpus.about["held_out"]},
            "minutes": dict(clock.minutes),
        }
        expressions = expression_codes(face.model, sitter, EXPRESSIONS)
        _write(making.out, name, face.model, expressions, trained, speakers, about)
    with clock.step("blendshapes"):
        _teach_blendshapes(face, sitter, recorded, [making.out for making in makings], seed)
    with clock.step("preview"):
        preview(out, folder)
    return read_card(out)


@dataclass(frozen=True)
class _Making:
    """One of the models that are made of a face: what it hears, how it is trained, where it and its corpus go."""

    profile: str
    recipe: str
    out: Path
    corpus: Path


def _write(
    out: Path,
    name: str,
    face: FaceModel,
    expressions: Mapping[str, list[float]],
    trained: Trained,
    speakers: Sequence[Voice],
    about: Mapping[str, Any],
) -> Card:
    """Write a model folder with its licence. Raises ModelError where it is larger than MAX_BYTES."""
    from th_training.speech import voices

    shape, appearance = face.dimensions
    used = sorted({voice.engine for voice in speakers})
    card = write_model(
        out,
        name=name,
        profile=trained.profile,
        shape=shape,
        appearance=appearance,
        lookahead=trained.lookahead,
        licence=LICENCE,
        network=trained.network,
        training={
            "summary": "virtual actor (MakeHuman head, CC0) speaking our own sentences with synthetic voices",
            **about,
            "voices": {engine: [v.id for v in speakers if v.engine == engine] for engine in used},
            "voice_licences": {engine: voices.LICENCES[engine] for engine in used},
            "predictor": {k: v for k, v in trained.figures.items() if k not in ("corpus", "heard", "left_out")},
        },
        face=face.to_tensors(),
        predictor=trained.tensors,
        expressions=expressions,
    )
    notes = "".join(f"* {voices.LICENCES[engine]}\n" for engine in used)
    (out / "LICENSE").write_text(LICENCE_TEXT + notes, encoding="utf-8")
    if _size(out) > MAX_BYTES:
        raise ModelError(f"{os.fspath(out)}: {_size(out) / 1e6:.1f} MB, a face model may have {MAX_BYTES / 1e6:.0f}")
    return card


def _teach_blendshapes(face: ActorFace, sitter: Actor, recorded: Corpus, models: Sequence[Path], seed: int) -> None:
    """Let models of the face speak in ARKit's blendshapes, unless too little was recorded to learn that from."""
    from th_training.blendshapes.examples import all_examples, tracks
    from th_training.blendshapes.fit import fit_blendshapes

    known = tracks(recorded, seed=seed)
    if min(len(known.train), len(known.validation)) < 2:
        console.print("too few clips to learn blendshapes from", style="dim")
        return
    examples = all_examples(known, face.poses, face.codes, face.pose_map, sitter.landmarks)
    found = fit_blendshapes(*examples)
    for model in models:
        add_tensors(model, BLENDSHAPES, {"coefficients": found.coefficients})


def movement(corpus: Corpus) -> tuple[float, ...]:
    """How much each code dimension counts in training: the share of its variance that is movement within a clip, at least 0.1.

    The rest is the emotion that a clip is spoken with: more than half of all variance, of which little can be heard. Counted in
    full, it is learnt by heart, and training stops before the lips are learnt.
    """
    within, total, frames = 0.0, 0.0, 0
    codes = [y for _, _, y in corpus.pairs("train")]
    mean = np.concatenate(codes).mean(0)
    for y in codes:
        within = within + y.var(0) * len(y)
        total = total + np.square(y - mean).sum(0)
        frames += len(y)
    share = np.maximum(within / np.maximum(total, 1e-6 * frames), 0.1)
    return tuple(round(float(x), 3) for x in share)


def preview(model: str | os.PathLike[str], folder: Path) -> None:
    """Write preview.mp4 (a real recording, spoken by the face) and preview.png (16 moments of it) into a folder."""
    import cv2

    from th_audio_io.sources import example_path
    from th_training.synthesize import synthesize

    video = folder / "preview.mp4"
    frames = synthesize(example_path(), video, model=model, size=CANVAS)
    capture = cv2.VideoCapture(str(video))
    wanted = set(np.linspace(0, frames - 1, 16).astype(int).tolist())
    tiles = []
    for k in range(frames):
        there, picture = capture.read()
        if there and k in wanted:
            tile = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
            cv2.putText(tile, f"{k / 60:.2f} s", (6, 18), 0, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
            tiles.append(tile)
    capture.release()
    rows = [np.hstack(tiles[i : i + 4]) for i in range(0, len(tiles) - len(tiles) % 4, 4)]
    if not rows or not cv2.imwrite(str(folder / "preview.png"), np.vstack(rows)):
        raise InputError(f"the preview cannot be written into {folder}")


def _actor_face(folder: Path, sitter: Actor, tracks: np.ndarray, pictures: int, seed: int) -> ActorFace:
    from th_training import aam, actor

    memory = joblib.Memory(folder / "cache", verbose=0)
    code = _digest([_sources(actor), _sources(aam)])
    return memory.cache(_draw_face, ignore=["sitter"])(tracks, pictures, seed, code, sitter=sitter)


def _draw_face(tracks: np.ndarray, pictures: int, seed: int, code: str, *, sitter: Actor) -> ActorFace:
    """`code` is the digest of the sources that this depends on: part of the key under which the result is kept."""
    from th_training.aam.make import make_actor_face

    return make_actor_face(sitter, tracks, count=pictures, seed=seed, progress=bar("drawing"))


def _recipe(name: str, effort: Effort, seed: int) -> Recipe:
    from th_training.learn.recipes import find_recipe

    recipe = replace(find_recipe(name), seed=seed)
    if effort.units is not None:
        recipe = replace(recipe, units=effort.units)
    if effort.epochs is not None:
        stages = zip(recipe.stages, effort.epochs, strict=False)
        recipe = replace(recipe, stages=tuple(replace(stage, epochs=epochs) for stage, epochs in stages))
    return recipe


def _train(folder: Path, corpus: Corpus, recipe: Recipe, threads: int) -> Trained:
    """Train, or take what a finished run with the same corpus and recipe left."""
    from safetensors.numpy import load_file, save_file

    from th_training import learn
    from th_training.learn.fit import Epoch
    from th_training.learn.train import Trained, train

    key = _digest([[asdict(clip) for clip in corpus.clips], asdict(recipe), _sources(learn)])
    place = folder / f"training-{key}"
    done = place / "done.json"
    if done.is_file():
        kept = json.loads(done.read_text(encoding="utf-8"))
        console.print("kept from an earlier run")
        return Trained(
            load_file(place / PREDICTOR), kept["network"], kept["lookahead"], kept["profile"], kept["figures"]
        )

    def tell(e: Epoch) -> None:
        console.print(
            f"stage {e.stage + 1}/{len(recipe.stages)}  epoch {e.epoch + 1:3d}/{e.epochs}  loss {e.loss:.4f}  "
            f"validation {e.validation:.4f}  {e.frames_per_second:,.0f} frames/s"
        )

    trained = train(corpus.folder, recipe, place, threads=threads, report=tell)
    save_file({k: np.ascontiguousarray(v) for k, v in trained.tensors.items()}, place / PREDICTOR)
    kept = {name: getattr(trained, name) for name in ("network", "lookahead", "profile", "figures")}
    partial = done.with_suffix(".partial")
    partial.write_text(json.dumps(kept), encoding="utf-8")
    os.replace(partial, done)
    return trained


def _say_voices(speakers: Sequence[Voice]) -> None:
    natural = [voice.id for voice in speakers if voice.natural]
    console.print(f"{len(speakers)} voices, natural ones: {', '.join(natural) or 'none (see requirements/actor.txt)'}")
    if shutil.which("flite") is None:
        console.print("flite is not installed: four natural voices less")


def _sources(package: Any) -> str:
    """Digest of a package's own files."""
    root = Path(package.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return _digest([(str(path.relative_to(root)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _size(folder: str | os.PathLike[str]) -> int:
    names = (CARD, FACE, PREDICTOR, "LICENSE")
    return sum((Path(folder) / name).stat().st_size for name in names if (Path(folder) / name).is_file())
