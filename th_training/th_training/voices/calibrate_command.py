"""`th calibrate SPEECH --out anna.json`: measure a voice and its microphone on half a minute of speech."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from th_common.default_model import find_model
from th_common.errors import InputError, ModelError
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_predictor.known_voices import KnownVoices, load_known_voices
from th_face_predictor.mouth import EnergyMouth
from th_face_predictor.proof import prove
from th_face_predictor.voice import Voice, learn
from th_face_predictor.voice_file import LONGEST, write_voice
from th_training.features.analyse import analyse

MOST_CLIPPED = 0.002
"""Share of samples at full scale: beyond, the spectrum is the clipping's and not the voice's."""
LONGEST_PART = 600.0
"""s of a file that are listened to."""

app = typer.Typer(add_completion=False)


@app.command()
def command(
    speech: Annotated[
        Path, typer.Argument(help="20 to 30 s of one voice reading: wav, flac, mp3, ogg, or a video's sound.")
    ],
    out: Annotated[Path | None, typer.Option(help="File to write (.json) [default: only tell].")] = None,
    name: Annotated[str, typer.Option(help="What to call the voice [default: the name of the file].")] = "",
    model: Annotated[
        str, typer.Option(help="Model that shall hear it: name or folder [default: the default one].")
    ] = "",
    start: Annotated[float, typer.Option(help="s; listen from here.")] = 0.0,
    end: Annotated[float | None, typer.Option(help="s; listen no further [default: the end].")] = None,
) -> None:
    """Measure a voice and its microphone, for the parameter `voice` of face_predictor.

    Where the voice is among those that the model knows, nothing will be corrected, and it says so. Too little speech, too faint, too loud,
    too noisy, too far from every known voice, or lips that would not move better for it: nothing is written.
    """
    voice, known = calibrate(speech, name=name or speech.stem, model=model, start=start, end=end)
    if out is not None:
        if out.exists() and out.samefile(speech):
            raise InputError(f"{str(out)!r} is the sound itself; write to another name")
        write_voice(out, voice)
    Console(highlight=False, soft_wrap=True).print(f"{voice.name}: {known.describe(voice)}", markup=False)


def calibrate(
    speech: Path, *, name: str = "", model: str = "", start: float = 0.0, end: float | None = None
) -> tuple[Voice, KnownVoices]:
    """Measure the voice of a sound file for a model; also the voices that this model knows.

    Raises:
        InputError: no such file, no usable speech in it, a voice too far from all that are known, or one that a correction does not help.
        ModelError: the model is missing, damaged, or does not say which voices it knows.
    """
    folder = find_model(model)
    card = read_card(folder)
    known = load_known_voices(folder, card)
    if known is None:
        raise ModelError(f"{folder} does not say which voices it knows: `th voices` writes it")
    last = start + LONGEST_PART if end is None else min(end, start + LONGEST_PART)
    found = analyse(speech, card.profile, start=start, end=last, keep=True)
    assert found.features is not None
    if found.facts.clipped_share > MOST_CLIPPED:
        raise InputError(
            f"{speech}: {found.facts.clipped_share:.1%} of the samples are at full scale: turn the microphone down"
        )
    try:
        label = "".join(c for c in name if c.isprintable())[:LONGEST]
        voice = learn(found.features, profile=card.profile, name=label)
        offset = known.correction(voice)
        if offset.any():
            prove(load_predictor(folder), EnergyMouth.of_model(folder, card), found.features, offset)
    except InputError as error:
        raise InputError(f"{speech}: {error}") from error
    return voice, known
