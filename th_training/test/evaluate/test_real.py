import os
from pathlib import Path

import av
import numpy as np
import pytest

from th_common.errors import InputError, ModelError
from th_training.evaluate import real
from th_training.evaluate.real import pauses, resample, rows, score_clip, summarise
from th_training.landmarks.dlib68 import Box
from th_training.landmarks.video import Track

CORPUS = Path(os.environ.get("TH_CORPUS", Path(__file__).parents[3] / ".." / "shared" / "corpus"))


def track(opening: np.ndarray, fps: float = 25.0) -> Track:
    points = np.zeros((len(opening), 68, 2), np.float32)
    points[:, 45, 0] = 1.0
    points[:, [67, 66, 65], 1] = opening[:, None]
    return Track(points, np.ones(len(opening), np.float32), fps)


def opening(time: np.ndarray) -> np.ndarray:
    return 0.1 + 0.05 * np.sin(2 * np.pi * 1.3 * time)


def at_video(seconds: float = 3.0) -> np.ndarray:
    return (np.arange(round(25 * seconds)) + 0.5) / 25


def at_sound(seconds: float = 3.0) -> np.ndarray:
    return (np.arange(round(60 * seconds) - 1) + 1) / 60


def test_video_and_sound_share_one_clock():
    found = resample(opening(at_video()), 25.0, len(at_sound()))
    inside = np.isfinite(found)
    assert inside.sum() > 170
    np.testing.assert_allclose(found[inside], opening(at_sound())[inside], atol=1e-3)


def test_the_right_lips_score_1_and_late_ones_show_their_lag():
    score = score_clip("a", opening(at_sound()), np.zeros(179), track(opening(at_video())))
    assert score.face > 0.999
    assert score.lag == 0
    assert score.energy == 0
    early = score_clip("b", opening(at_sound() + 0.1), np.zeros(179), track(opening(at_video())))
    assert early.lag == pytest.approx(0.1)
    assert early.face < early.face_at_lag
    assert early.face_at_lag > 0.999


def test_pauses_are_long_and_quiet():
    energy = np.full(180, 16.0)
    energy[:40] = 6.0
    energy[100:104] = 6.0
    found = np.flatnonzero(pauses(energy))
    assert found.min() == 3
    assert found.max() == 36


def test_gaps_in_pauses_and_speech_are_told_apart():
    energy = np.where(at_sound() < 1, 6.0, 16.0)
    lips = np.where(at_sound() < 1, 0.02, 0.2)
    seen = np.where(at_video() < 1, 0.03, 0.15)
    score = score_clip("a", lips, energy, track(seen))
    assert score.gap_pause == pytest.approx(0.02)
    assert score.real_gap_pause == pytest.approx(0.03)
    assert score.gap_speech == pytest.approx(0.2, abs=0.02)


def test_summary_holds_its_interval():
    scores = []
    for k in range(12):
        noise = np.random.default_rng(k).normal(0, 0.03, 179)
        scores.append(score_clip(str(k), opening(at_sound()) + noise, noise, track(opening(at_video()))))
    figures = summarise(scores)
    mean, low, high = figures["face"]
    assert low < mean < high
    assert figures["clips"] == 12
    assert figures["face_minus_energy"][0] == pytest.approx(mean - figures["energy"][0], abs=1e-3)
    assert len(list(rows(figures))) == 9


@pytest.fixture
def model(tmp_path):
    """A made-up face whose network has random weights."""
    from th_face_predictor.architecture import Architecture
    from th_face_renderer.testing import synthetic_face

    architecture = Architecture(name="BBF", units=8)
    rng = np.random.default_rng(0)
    tensors = {f"net.{k}": rng.normal(0, 0.5, v).astype(np.float32) for k, v in architecture.tensor_shapes().items()}
    for name, size in (("feature", 40), ("code", 16)):
        tensors |= {f"{name}.mean": np.zeros(size, np.float32), f"{name}.sd": np.ones(size, np.float32)}
    synthetic_face(tmp_path / "model", network=architecture.to_card(), predictor=tensors)
    return tmp_path / "model"


def write_clip(path, *, sound=True):
    """Two seconds of moving noise and a tone that comes and goes."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        audio = container.add_stream("aac", rate=24000) if sound else None
        for frame in np.random.default_rng(1).integers(0, 255, (50, 96, 128, 3), np.uint8):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(video.encode())
        if audio is not None:
            time = np.arange(48000) / 24000
            wave = (0.3 * np.sin(2 * np.pi * 200 * time) * (np.sin(6 * time) > 0)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            frame.sample_rate = 24000
            container.mux(audio.encode(frame))
            container.mux(audio.encode())


def test_a_folder_is_scored_and_bad_clips_are_named(model, tmp_path, monkeypatch):
    class Finder:
        def detect(self, image, *, enlarge=1.0):
            return Box(60.0, 40.0, 50.0, 1.0)

        def landmarks(self, image, box):
            return track(np.array([image[:, :, 0].mean() / 500])).landmarks[0].astype(float), 0.9

    monkeypatch.setattr(real, "Landmarker", Finder)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    write_clip(corpus / "good.mp4")
    write_clip(corpus / "mute.mp4", sound=False)
    (corpus / "broken.mpg").write_bytes(b"no video")
    report = real.evaluate_folder(model, corpus, cache=tmp_path / "cache")
    assert [score.name for score in report.clips] == ["good"]
    assert np.isfinite(report.clips[0].face)
    assert set(report.left_out) == {"mute", "broken"}
    assert "sound" in report.left_out["mute"]


def test_what_cannot_be_scored_is_refused(model, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no video"):
        real.evaluate_folder(model, empty)
    (empty / "broken.mpg").write_bytes(b"no video")
    with pytest.raises(ModelError):
        real.evaluate_folder(tmp_path / "nothing", empty)


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS} (TH_CORPUS names one)")
def test_loudness_follows_real_lips():
    pytest.importorskip("dlib", reason="optional extra: pip install dlib-bin")
    from th_audio_features import extract
    from th_training.evaluate.real import ENERGY, VIDEOS, read_sound
    from th_training.landmarks import track_video

    video = next(path for path in sorted(CORPUS.rglob("*")) if path.suffix in VIDEOS)
    try:
        found = track_video(video)
    except InputError as error:
        pytest.skip(str(error))
    energy = extract(*read_sound(video), profile="robot")[:, ENERGY]
    score = score_clip(video.stem, energy, energy, found)
    assert score.energy > 0.3
    assert abs(score.lag) < 0.1
