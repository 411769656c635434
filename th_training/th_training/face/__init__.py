"""`th face`: a face model from nothing. Voices speak, the virtual actor moves, its face becomes an AAM, the motion becomes codes,
a network learns them, and a model folder is written.

Each step keeps its result in the work folder under a digest of all that it depends on, so that a run that was killed, or one
with something changed, does only what is left to do. Characters share what was recorded; all else of one that is not the human
lies in a folder of its name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np

from th_common.errors import DeviceError
from th_common.model_folder import Card, read_card
from th_training.face.blendshapes import teach_blendshapes
from th_training.face.characters import HUMAN, Character, find_character
from th_training.face.digests import digest, sources
from th_training.face.effort import FULL, Effort
from th_training.face.model import write_face
from th_training.face.preview import preview
from th_training.face.readout import teach_readout
from th_training.face.steps import Clock, console
from th_training.face.training import movement, train_or_keep
from th_training.face.voices import tell_voices
from th_training.progress import bar
from th_training.speech import flite

if TYPE_CHECKING:
    from th_training.aam.make import ActorFace
    from th_training.aam.make import Sitter as Actor  # under this name finished steps of work folders know it
    from th_training.speech.voices import Voice


def make_face(
    out: str | os.PathLike[str],
    *,
    seed: int = 0,
    effort: Effort = FULL,
    work: str | os.PathLike[str] = "build/face",
    jobs: int = 2,
    recipe: str = "default",
    character: str = HUMAN.name,
    live: str | os.PathLike[str] | None = None,
) -> Card:
    """Make a face model and write its folder; returns its card.

    `live`: the folder of a second one, with the same face and a predictor that answers sooner: it hears the profile "live" and is
    trained by the recipe of that name.

    Raises:
        DeviceError: no voice is installed, or there is no OpenGL for the human actor.
        InputError, ModelError: there is no such character; a step cannot use what the one before gave; the model is larger than MAX_BYTES.
    """
    from th_training.aam.lips import opening_by_code
    from th_training.corpus import actor as corpora
    from th_training.expressions import EXPRESSIONS, expression_codes
    from th_training.speech import voices

    who = find_character(character)
    folder = Path(work)
    own = folder if who is HUMAN else folder / who.name  # what depends on the face
    clock = Clock(own / "minutes.json")
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
        sitter = who.sitter()
        tracks = corpora.tracks(recorded, blinks=who.blinks)
        face = _actor_face(own, who, sitter, tracks, effort.pictures, seed)
    tensors = face.model.to_tensors()
    made_of = [
        *who.sources(),
        {name: hashlib.sha256(tensor.tobytes()).hexdigest() for name, tensor in tensors.items()},
    ]
    makings = [_Making("robot", recipe, Path(out), own / "corpus")]
    if live is not None:
        makings.append(_Making("live", "live", Path(live), own / "corpus-live"))
    for making in makings:
        with clock.step(f"codes, {making.profile}"):
            corpus = corpora.encode(
                recorded,
                making.corpus,
                lambda poses: face.pose_map.codes(poses, sitter.landmarks),
                face=digest(made_of),
                seed=seed,
                profile=making.profile,
                progress=bar("encoding"),
            )
        with clock.step(f"training, {making.recipe}"):
            recipe_of = effort.recipe(making.recipe, seed)
            chosen = replace(recipe_of, code_weights=movement(corpus), lips=opening_by_code(face.model))
            trained = train_or_keep(own, corpus, chosen, jobs)
        name = making.out.name if effort == FULL else "quick"
        about = {
            "seed": seed,
            "face": face.figures,
            "corpus": corpus.summary() | {"held_out_voices": corpus.about["held_out"]},
            "minutes": dict(clock.minutes),
        }
        expressions = expression_codes(face.model, sitter, EXPRESSIONS)
        write_face(making.out, name, who, face.model, expressions, trained, speakers, about)
    with clock.step("blendshapes"):
        teach_blendshapes(face, who, sitter, recorded, [making.out for making in makings], seed)
    with clock.step("read-out"):
        for making in makings:
            teach_readout(making.out, making.corpus)
    with clock.step("voices"):
        for making in makings:
            tell_voices(making.out, making.corpus)
    with clock.step("preview"):
        preview(out, own)
    return read_card(out)


@dataclass(frozen=True)
class _Making:
    """One of the models that are made of a face: what it hears, how it is trained, where it and its corpus go."""

    profile: str
    recipe: str
    out: Path
    corpus: Path


def _actor_face(
    folder: Path, character: Character, sitter: Actor, tracks: np.ndarray, pictures: int, seed: int
) -> ActorFace:
    from th_training import aam

    memory = joblib.Memory(folder / "cache", verbose=0)
    code = digest([*character.sources(), sources(aam)])
    return memory.cache(_draw_face, ignore=["sitter"])(tracks, pictures, seed, code, sitter=sitter)


def _draw_face(tracks: np.ndarray, pictures: int, seed: int, code: str, *, sitter: Actor) -> ActorFace:
    """`code` is the digest of the sources that this depends on: part of the key under which the result is kept."""
    from th_training.aam.make import make_actor_face

    return make_actor_face(sitter, tracks, count=pictures, seed=seed, progress=bar("drawing"))


def _say_voices(speakers: Sequence[Voice]) -> None:
    natural = [voice.id for voice in speakers if voice.natural]
    console.print(f"{len(speakers)} voices, natural ones: {', '.join(natural) or 'none (see requirements/actor.txt)'}")
    if not flite.installed():
        console.print("flite or praat-parselmouth is not installed: four natural voices less")
