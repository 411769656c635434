"""Methods from what training has left: a trained predictor or face model (asked here), or the predictions of folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from th_common.errors import InputError, ModelError
from th_common.model_folder import CARD, read_card
from th_face_predictor import load_predictor
from th_face_predictor.predictor import Predictor
from th_face_renderer.face_model import FaceModel
from th_training.aam.files import read_face
from th_training.corpus.format import Corpus
from th_training.evaluate.methods import Method
from th_training.learn.data import Clips
from th_training.learn.folds import Held, read_folds
from th_training.learn.recipes import SOUND
from th_training.learn.trained import read_trained

KIND = {True: "proposed", False: "comparative"}


def named(options: Sequence[str], option: str) -> list[tuple[str, Path]]:
    """NAME=FOLDER, one by one. Raises InputError, naming the option, for anything else."""
    pairs = []
    for value in options:
        name, sign, folder = value.partition("=")
        if not (sign and name.strip() and folder):
            raise InputError(f"{option} takes NAME=FOLDER, not {value!r}")
        if not Path(folder).is_dir():
            raise InputError(f"{option} {name}: there is no folder {folder!r}")
        pairs.append((name.strip(), Path(folder)))
    return pairs


def ask_model(name: str, folder: Path, corpus: Corpus) -> Method:
    """The predictions of a model folder, or of a finished `th train`, for the corpus' test clips.

    Raises:
        InputError, ModelError: the folder is neither, its network does not fit the corpus, its codes are of another face, or it
            was trained on some of the test clips (a model folder does not say on which).
    """
    heard: set[str] = set()
    if (folder / CARD).is_file():
        card = read_card(folder)
        predictor, face, recipe = load_predictor(folder), card.id, _recipe(card.training)
        inputs = str(recipe.get("inputs", SOUND))
    else:
        try:
            trained = read_trained(folder)
        except InputError as error:
            raise ModelError(f"{name}: {error}; nor is there a {CARD}") from error
        predictor, face, recipe = trained.predictor(), str(trained.figures.get("face", "")), _recipe(trained.figures)
        inputs = str(trained.figures.get("inputs", SOUND))
        heard = set(map(str, trained.figures.get("heard") or ()))
    if predictor.profile != corpus.profile and inputs == SOUND:
        raise InputError(
            f"{name}: hears features of profile {predictor.profile!r}, the corpus has {corpus.profile!r}: they are not alike"
        )
    if (
        len(face) == len(corpus.face) and face != corpus.face
    ):  # a corpus of /1 may hold another digest than the face's id
        raise InputError(f"{name}: speaks codes of face {face[:12]}, the corpus has face {corpus.face[:12]}")
    test = Clips.of(corpus, "test", inputs=inputs)
    known = [clip.id for clip in test.clips if clip.id in heard]
    if known:
        raise InputError(
            f"{name}: was trained on {len(known)} of {len(test)} test clips, {known[0]} for one: say the --split and --seed that it was trained with"
        )
    codes = {clip.id: _predict(name, predictor, test.load(index)[0]) for index, clip in enumerate(test.clips)}
    about = {"folder": str(folder), "inputs": inputs, "lookahead": predictor.lookahead}
    if "centre" in recipe:
        about["centred"] = bool(recipe["centre"])
    return Method(
        name, codes, KIND[inputs == SOUND], str(recipe.get("network", "")), str(recipe.get("name", "")), about
    )


def _recipe(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe that a card (of `th export`; of `th face`, by part) or a training.json tells; {} where it tells none."""
    for place in (figures, figures.get("predictor")):
        if isinstance(place, Mapping) and isinstance(place.get("recipe"), Mapping):
            return dict(place["recipe"])
    return {}


def _predict(name: str, predictor: Predictor, inputs: Any) -> Any:
    try:
        return predictor.predict(inputs)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def read_predicted(name: str, folder: Path) -> tuple[Method, Held]:
    """The predictions that `th train --folds` has left in a folder. Raises InputError where it is not finished, or damaged."""
    held = read_folds(folder)
    figures = [fold.figures for fold in held.folds]
    recipe, inputs = dict(figures[0].get("recipe", {})), str(figures[0].get("inputs", SOUND))
    about = {
        "folder": str(folder),
        "inputs": inputs,
        "lookahead": recipe.get("lookahead"),
        "parameters": figures[0].get("parameters"),
        "centred": bool(recipe.get("centre", False)),
        "minutes": round(sum(float(f.get("minutes") or 0) for f in figures), 2),
    }
    network = str(recipe.get("network", ""))
    return Method(name, held.predictions, KIND[inputs == SOUND], network, str(recipe.get("name", "")), about), held


def parts_of(corpus: Corpus, held: Sequence[tuple[str, Held]]) -> tuple[Corpus, ...]:
    """The corpus once for each fold, with the fold's splits.

    Clips of the corpus that no fold has (left out there) are in no test. Raises InputError, naming both, where two methods' folds
    differ, or where they are of another corpus.
    """
    first, folds = held[0][0], held[0][1].folds
    for name, other in held[1:]:
        if [(set(f.train), set(f.test)) for f in folds] != [(set(f.train), set(f.test)) for f in other.folds]:
            raise InputError(
                f"{first} and {name} were not trained on the same folds: they cannot be compared clip by clip"
            )
    known = {clip.id: clip for clip in corpus.clips}
    foreign = sorted({c for f in folds for c in (*f.train, *f.validation, *f.test)} - set(known))
    if foreign:
        raise InputError(f"{first}: was trained on clip {foreign[0]!r}, which {corpus.folder} does not have")
    parts = []
    for fold in folds:
        split = {name: which for which in ("train", "validation", "test") for name in getattr(fold, which)}
        parts.append(replace(corpus, clips=tuple(replace(known[c], split=s) for c, s in split.items())))
    return tuple(parts)


def face_of(corpus: Corpus, given: Path | None) -> FaceModel | None:
    """What draws the corpus' codes: the given face, else the corpus' own; None where there is neither.

    Raises ModelError where it cannot be used, and InputError where its codes have another width than the corpus'.
    """
    path = given or corpus.face_path
    if path is None:
        return None
    face = read_face(path)
    clip = next((c for c in corpus.clips if c.split == "test"), corpus.clips[0] if corpus.clips else None)
    if clip is not None:
        width = corpus.load(clip)[1].shape[1]
        if width != sum(face.dimensions):
            raise InputError(f"{path}: draws codes of {sum(face.dimensions)} numbers, {corpus.folder} has {width}")
    return face
