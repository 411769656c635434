"""Videos: as long as the sound, 60 frames per second, the sound inside and in step; no half file is left behind."""

import json
from dataclasses import replace

import numpy as np
import pytest

from th_audio_features import extract
from th_audio_io.sources import example_path
from th_common.default_model import find_model
from th_common.errors import InputError, ModelError
from th_common.model_folder import read_card
from th_face_predictor import build_network, load_predictor
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.known_voices import load_known_voices
from th_face_renderer.testing import synthetic_face
from th_training import cli
from th_training import synthesize as module
from th_training.sound_track import SOUND_RATE
from th_training.synthesize import synthesize

av = pytest.importorskip("av", reason="PyAV is not installed")
soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
RATE = 16_000


def tensors():
    import torch

    torch.manual_seed(0)
    net = build_network("BBF", 8)
    values = {f"net.{name}": tensor.numpy() for name, tensor in net.state_dict().items()}
    ones = {"feature.sd": np.full(40, 10, np.float32), "code.sd": np.ones(16, np.float32)}
    return values | ones | {"feature.mean": np.zeros(40, np.float32), "code.mean": np.zeros(16, np.float32)}


@pytest.fixture(scope="module", params=[5, None], ids=["lookahead", "whole"])
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("face")
    synthetic_face(folder, side=64, lookahead=request.param, predictor=tensors())
    return folder


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """1.3 s: silence, then from 0.5 s on a buzz."""
    time = np.arange(int(1.3 * RATE)) / RATE
    buzz = np.where(time > 0.5, 0.3 * np.sign(np.sin(2 * np.pi * 150 * time)), 0)
    path = tmp_path_factory.mktemp("sound") / "speech.wav"
    soundfile.write(path, np.stack([buzz, 0.5 * buzz], 1), RATE)
    return path


def contents(path):
    with av.open(str(path)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        facts = {
            "rate": video.average_rate,
            "codec": video.codec_context.name,
            "size": (video.height, video.width),
            "sound": sound.codec_context.name,
            "channels": sound.codec_context.channels,
        }
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(path)) as container:
        parts = list(container.decode(audio=0))
        heard = np.concatenate([part.to_ndarray() for part in parts], 1)
        begin = float(parts[0].pts * parts[0].time_base)
    return facts, frames, heard, begin


def test_a_video(model, speech, tmp_path):
    told = []
    frames = synthesize(speech, tmp_path / "face.mp4", model=model, size=128, tell=lambda *n: told.append(n))
    facts, decoded, heard, begin = contents(tmp_path / "face.mp4")
    assert frames == decoded == 78  # 1.3 s
    assert facts == {"rate": 60, "codec": "h264", "size": (128, 128), "sound": "aac", "channels": 2}
    assert told[-1] == (60, 78)
    loud = np.flatnonzero(np.abs(heard[0]) > 0.1)
    assert begin + loud[0] / SOUND_RATE == pytest.approx(0.5, abs=0.01)
    assert heard.shape[1] / SOUND_RATE == pytest.approx(1.3, abs=0.05)
    assert [path.name for path in tmp_path.iterdir()] == ["face.mp4"]


def test_a_frame_shows_the_middle_of_its_time(model, speech):
    samples, _ = soundfile.read(speech, dtype="float32")
    predictor = load_predictor(model)
    codes = predictor.predict(extract(samples, RATE, profile="robot"))
    source = module._Counted(speech)
    due = np.stack(
        list(module._due_codes(module._predicted(source, model, module._ear(model, "", adapt=True)), source))
    )
    assert len(due) == 78
    between = (codes[:-1] + codes[1:]) / 2
    np.testing.assert_allclose(due[0], codes[0], atol=1e-5)
    np.testing.assert_allclose(due[1 : len(codes)], between, atol=1e-5)
    np.testing.assert_allclose(due[len(codes) :], np.broadcast_to(codes[-1], due[len(codes) :].shape), atol=1e-5)


def test_what_goes_wrong_is_said_and_leaves_nothing(model, speech, tmp_path):
    with pytest.raises(InputError, match="no sound file"):
        synthesize(tmp_path / "none.wav", tmp_path / "a.mp4", model=model)
    (tmp_path / "words.wav").write_text("these are words")
    with pytest.raises(InputError, match="not a sound file"):
        synthesize(tmp_path / "words.wav", tmp_path / "a.mp4", model=model)
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    with pytest.raises(InputError, match="no sound"):
        synthesize(tmp_path / "empty.wav", tmp_path / "a.mp4", model=model)
    with pytest.raises(InputError, match="cannot be written"):
        synthesize(speech, tmp_path / "nowhere" / "a.mp4", model=model)
    with pytest.raises(InputError, match=r"\.mp4"):
        synthesize(speech, tmp_path / "a.avi", model=model)
    with pytest.raises(InputError, match="even"):
        synthesize(speech, tmp_path / "a.mp4", model=model, size=127)
    with pytest.raises(ModelError, match="does not exist"):
        synthesize(speech, tmp_path / "a.mp4", model=tmp_path / "nobody")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.wav", "words.wav"]


def test_an_interruption_removes_the_partial_file(model, speech, tmp_path):
    def stop(frames, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(speech, tmp_path / "a.mp4", model=model, size=64, tell=stop)
    assert list(tmp_path.iterdir()) == []


def test_command(model, speech, tmp_path, capsys):
    out = tmp_path / "face.mp4"
    with pytest.raises(SystemExit) as stop:
        cli.main(["synthesize", str(speech), str(out), "--model", str(model), "--size", "64"])
    assert stop.value.code == 0
    assert "78 frames, 1.30 s" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.main(["synthesize", str(tmp_path / "none.wav"), str(out), "--model", str(model)])
    assert stop.value.code == 1
    assert "th: there is no sound file" in capsys.readouterr().err


def test_a_silent_video_has_no_sound_track_and_a_softer_one_is_softer(model, speech, tmp_path):
    synthesize(speech, tmp_path / "silent.mp4", model=model, size=64, gain=None)
    with av.open(str(tmp_path / "silent.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    level = {}
    for gain in (1.0, 0.25):
        synthesize(speech, tmp_path / "face.mp4", model=model, size=64, gain=gain)
        heard = contents(tmp_path / "face.mp4")[2]
        level[gain] = float(np.sqrt(np.mean(heard[0] ** 2)))
    assert level[0.25] / level[1.0] == pytest.approx(0.25, rel=0.02)


def test_given_codes_are_drawn_in_place_of_the_predicted(model, speech, tmp_path):
    still = np.zeros((200, 16), np.float32)  # longer than the sound
    frames = synthesize(speech, tmp_path / "face.mp4", model=model, size=64, codes=still)
    assert frames == 78
    with av.open(str(tmp_path / "face.mp4")) as container:
        pictures = [frame.to_ndarray(format="bgr24").astype(int) for frame in container.decode(video=0)]
    assert max(np.abs(picture - pictures[0]).max() for picture in pictures) < 12
    synthesize(speech, tmp_path / "of-a-file.mp4", model=model / "face.safetensors", size=64, codes=still)
    with av.open(str(tmp_path / "of-a-file.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert np.array_equal(picture, pictures[0])
    for bad in (np.zeros((0, 16)), np.zeros((9, 15)), np.full((9, 16), np.nan)):
        with pytest.raises(InputError, match="codes"):
            synthesize(speech, tmp_path / "bad.mp4", model=model, size=64, codes=bad)


def test_a_measured_voice_moves_the_face_and_another_is_refused(tmp_path):
    far = {
        "format": "talking-head-voice/1",
        "name": "dull",
        "features": "robot",
        "speech_s": 10.0,
        "voiced": 0.7,
        "snr_db": 30.0,
        "place": [13.0, 14.3, 12.5, 9.5, 4.2, 1.9, 1.0, 1.3, 1.9, 1.9, 1.6, 1.9, 23.9, 4.7],
        "f0_spread": 0.2,
    }
    (tmp_path / "dull.json").write_text(json.dumps(far))
    (tmp_path / "other.json").write_text(json.dumps(far | {"features": "paper"}))
    folder, source = find_model(""), module._Counted(example_path())
    plain, moved = (
        np.concatenate(list(module._predicted(source, folder, module._ear(folder, voice, adapt=False))))
        for voice in ("", str(tmp_path / "dull.json"))
    )
    assert plain.shape == moved.shape
    assert np.abs(plain - moved).max() > 0.05
    with pytest.raises(InputError, match="'paper'"):
        synthesize(example_path(), tmp_path / "face.mp4", voice=str(tmp_path / "other.json"))
    with pytest.raises(InputError, match="codes are given"):
        synthesize(example_path(), tmp_path / "face.mp4", voice="dull", codes=plain)
    assert not (tmp_path / "face.mp4").exists()


def test_a_voice_that_nobody_measured_is_slowly_brought_nearer_as_in_the_graph(monkeypatch):
    folder, source = find_model(""), module._Counted(example_path())
    usual = load_known_voices(folder, read_card(folder))
    known = replace(usual, mean=usual.mean + 30 * np.sqrt(np.diag(usual.covariance)) * (np.arange(14) == 1))
    monkeypatch.setattr(module, "load_known_voices", lambda folder, card: known)
    plain, adapted = (
        np.concatenate(list(module._predicted(source, folder, module._ear(folder, "", adapt=adapt))))
        for adapt in (False, True)
    )
    speech, rate = soundfile.read(example_path(), dtype="float32")
    features = VoiceAdaptation(known).push(extract(speech, rate, profile="robot"))
    np.testing.assert_allclose(adapted, load_predictor(folder).predict(features), atol=1e-3)
    assert np.abs(adapted - plain).max() > 0.1
