"""`th calibrate` measures a voice or says why not; `th voices` says in a model which ones it knows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from th_audio_io.sources import example_path
from th_common.default_model import find_model
from th_common.errors import InputError, ModelError
from th_common.model_folder import CARD, VOICES, read_card
from th_face_predictor.known_voices import load_known_voices
from th_face_predictor.voice_file import read_voice
from th_training import cli
from th_training.corpus.format import Clip, read_corpus, write_clip, write_manifest
from th_training.voices.calibrate_command import calibrate
from th_training.voices.known_command import add_known_voices


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 20 s of one voice."""
    samples, rate = soundfile.read(example_path(), dtype="float32")
    path = tmp_path_factory.mktemp("reading") / "anna.wav"
    soundfile.write(path, np.tile(samples, -(-20 * rate // len(samples))), rate)
    return path


def test_a_good_voice_is_written(reading: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["calibrate", str(reading), "--out", str(tmp_path / "anna.json")])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("anna: ")
    assert "nothing to correct" in said
    voice = read_voice(tmp_path / "anna.json")
    assert (voice.name, voice.profile) == ("anna", "robot")
    assert voice.speech > 5.0


def test_what_is_none_is_refused_and_nothing_written(reading: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(reading, dtype="float32", frames=8 * 16000)
    spoilt = {
        "silent": (samples * 0, "s of speech"),
        "clipped": (np.clip(samples * 100, -1, 1), "full scale"),
        "short": (samples[: 4 * rate], "s of speech"),
        "faint": (samples * 0.003, "too faint|s of speech"),
    }
    for name, (sound, reason) in spoilt.items():
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, sound, rate)
        with pytest.raises(InputError, match=reason):
            calibrate(path)


def test_the_sound_is_not_written_over(reading: Path) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["calibrate", str(reading), "--out", str(reading)])
    assert stop.value.code == 1
    assert soundfile.info(reading).duration >= 20


def test_a_model_learns_which_voices_it_knows(reading: Path, tmp_path: Path) -> None:
    model, rng = tmp_path / "model", np.random.default_rng(0)
    shutil.copytree(find_model(""), model)
    raw = json.loads((model / CARD).read_text())
    del raw["files"][VOICES]
    (model / CARD).write_text(json.dumps(raw))
    with pytest.raises(ModelError, match="th voices"):
        calibrate(reading, model=str(model))
    clips = []
    for k in range(60):
        x = rng.normal(0, 1, (120, 40)) + np.r_[rng.normal(0, 5, 12), rng.normal(20, 2), np.zeros(27)]
        x[:, 12] = np.where(np.arange(120) % 40 < 30, x[:, 12], 11)
        x[:, 39] = np.where(x[:, 12] > 13, np.exp(rng.normal(5, 0.3)), 0)
        clip = Clip(id=f"c{k}", speaker="a", frames=120, split="train", source=f"{k}", kind="speech")
        codes = np.zeros((120, 16), np.float32)
        clips.append(write_clip(tmp_path / "corpus", clip, features=x.astype(np.float32), codes=codes))
    write_manifest(tmp_path / "corpus", clips, profile="robot")
    known = add_known_voices(model, read_corpus(tmp_path / "corpus"))
    found = load_known_voices(model, read_card(model))
    assert found is not None
    assert found.reach == pytest.approx(known.reach)
    write_manifest(tmp_path / "corpus", clips, profile="paper")
    with pytest.raises(ModelError, match="'paper'"):
        add_known_voices(model, read_corpus(tmp_path / "corpus"))
