"""A small study of what is at hand: a synthetic voice in seven emotions, the shipped face, and the same face with a mouth that is
opened by loudness alone (what a robot too slow for the network shows)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile

from th_audio_features import extract
from th_common.default_model import find_model
from th_common.errors import DeviceError, InputError
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_predictor.mouth import ENERGY, EnergyMouth
from th_training.speech.sentences import EMOTIONS, ENGLISH
from th_training.speech.voices import HELD_OUT, VOICES, Voice, installed, speak
from th_training.study.stimuli import Method
from th_training.study.table import Sentence, read_sentences
from th_training.tiles import make_folder

PREFERRED = ("heart-alto", "joe-small", "awb", "espeak-m3", "espeak-f4")
"""Voices that no shipped face has heard, the most natural first."""


def demo_sentences(folder: Path, *, seed: int = 0) -> tuple[list[Sentence], str]:
    """Write FOLDER/sentences.csv and its sounds: the shortest sentence of each emotion; the sentences, and the voice's name.

    Raises:
        DeviceError: no voice is installed. InputError: the files cannot be written.
    """
    voice = demo_voice()
    make_folder(folder)
    rows = []
    try:
        for emotion in EMOTIONS:
            text = min(ENGLISH[emotion], key=lambda sentence: abs(len(sentence) - 45))
            said = speak(voice, text, emotion, seed=seed)
            soundfile.write(folder / f"{emotion}.wav", said.samples, said.sample_rate)
            rows.append({"sound": f"{emotion}.wav", "emotion": emotion, "id": emotion})
        with (folder / "sentences.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, ["sound", "emotion", "id"])
            table.writeheader()
            table.writerows(rows)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error})") from error
    return read_sentences(folder / "sentences.csv"), voice.id


def demo_methods(folder: Path, sentences: list[Sentence]) -> list[Method]:
    """The default face, and its mouth opened by loudness, whose codes are written to FOLDER/loudness. Raises ModelError."""
    model = find_model("")
    mouth, predictor = EnergyMouth.of_model(model, read_card(model)), load_predictor(model)
    make_folder(folder / "loudness")
    for sentence in sentences:
        samples, rate = soundfile.read(sentence.sound, dtype="float32")
        energies = extract(samples, rate, profile=predictor.profile)[:, ENERGY]
        codes = np.stack([mouth.code(mouth.hear(float(energy))) for energy in energies]).astype(np.float32)
        np.savez_compressed(folder / "loudness" / f"{sentence.id}.npz", codes=codes)
        mouth = EnergyMouth.of_model(model, read_card(model))
    return [Method("proposed", model=model), Method("loudness", recorded=folder / "loudness", face=model)]


def demo_voice() -> Voice:
    """The most natural voice that is installed and that no shipped face has heard. DeviceError where there is none."""
    for name in PREFERRED:
        voice = next(voice for voice in VOICES if voice.id == name)
        assert name in HELD_OUT
        if installed(voice):
            return voice
    raise DeviceError("no voice is installed: apt install espeak-ng (make system-packages)")
