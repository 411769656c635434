import subprocess
import sys

import numpy as np
import pytest

from th_audio_features import sptk
from th_audio_features.dither import Dither, settle
from th_audio_features.history import History
from th_audio_features.pitch import PitchStream, rapt
from th_audio_features.profiles import PROFILES

from .golden import golden, recording

RATE, HOP = 24_000, 400


def track(samples: np.ndarray, profile: str = "robot") -> np.ndarray:
    stream = PitchStream.of(PROFILES[profile])
    whole = len(samples) // HOP * HOP
    found = stream.push(samples[:whole].astype(np.float32).reshape(-1, HOP))
    return np.concatenate([found, stream.flush(samples[whole:].astype(np.float32))])


def tone(frequency: np.ndarray | float, seconds: float, amplitude: float = 8000.0) -> np.ndarray:
    """Ten partials of a fundamental that may glide."""
    f = np.broadcast_to(frequency, int(seconds * RATE))
    phase = 2 * np.pi * np.cumsum(f) / RATE
    return amplitude / 3 * sum(np.cos(k * phase) / k for k in range(1, 11))


def test_the_noise_is_sptks_own() -> None:
    settle()
    expected = 50.0 * sptk.excite(np.zeros(2), 20_000, 1, True, 1)
    dither = Dither()
    ours = np.concatenate([dither.next(n) for n in (1, 999, 3001, 15_999)])
    np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize("strangers_length", [3000, 3001])
def test_a_strangers_calls_change_nothing(strangers_length: int) -> None:
    samples = golden("espeak_24000_wav").astype(np.float32)
    before = rapt(samples, RATE, HOP)
    sptk.rapt(np.ones(strangers_length, np.float32), RATE, HOP, min=60, max=500)
    assert np.array_equal(rapt(samples, RATE, HOP), before)


@pytest.mark.parametrize("rate", [24_000, 44_100])
@pytest.mark.parametrize("kind", ["synth", "espeak"])
def test_the_whole_utterance_is_as_sptk_39_has_it(kind: str, rate: int) -> None:
    expected = golden(f"{kind}_{rate}_sptk39_rapt")
    found = rapt(golden(f"{kind}_{rate}_wav"), rate, rate // 60)
    np.testing.assert_allclose(found, expected[: len(found)], atol=1e-4)


@pytest.mark.parametrize("kind", ["synth", "espeak"])
def test_the_stream_finds_what_the_whole_utterance_gives(kind: str) -> None:
    expected = golden(f"{kind}_24000_sptk39_rapt")
    found = track(golden(f"{kind}_24000_wav"))
    steady = min(len(found), len(expected)) - 3  # RAPT itself gives up on the last frames
    np.testing.assert_allclose(found[:steady], expected[:steady], atol=0.2)


def test_chunks_of_hops_do_not_matter() -> None:
    samples = golden("espeak_24000_wav").astype(np.float32)
    hops = samples[: len(samples) // HOP * HOP].reshape(-1, HOP)
    stream = PitchStream.of(PROFILES["robot"])
    found = np.concatenate([stream.push(hop[None]) for hop in hops] + [stream.flush(samples[hops.size :])])
    assert np.array_equal(found, track(samples))


def test_a_glide_is_followed() -> None:
    glide = np.geomspace(110, 220, 2 * RATE)
    found = track(tone(glide, 2.0))
    centres = (np.arange(len(found)) / 60 + 0.006).clip(max=2.0 - 1 / RATE)
    truth = glide[(centres * RATE).astype(int)]
    inner = slice(5, -5)
    assert (found[inner] > 0).all()
    np.testing.assert_allclose(found[inner], truth[inner], rtol=0.01)


@pytest.mark.parametrize("loudness", [0.3, 0.1, 0.03, 0.01])
def test_a_quiet_microphone_keeps_its_voice(loudness: float) -> None:
    _, samples = recording()
    speech = np.interp(np.arange(len(samples) * 3 // 2) / 1.5, np.arange(len(samples)), samples)
    loud, quiet = track(speech), track(speech * loudness)
    assert (loud > 0).mean() > 0.3
    assert ((loud > 0) != (quiet > 0)).mean() < 0.03
    both = (loud > 0) & (quiet > 0)
    assert np.median(np.abs(loud - quiet)[both]) < 0.2


def test_an_offset_does_not_hide_a_quiet_voice() -> None:
    voice = tone(140.0, 1.0, amplitude=100.0)
    assert ((track(voice + 6000.0) > 0) == (track(voice) > 0)).mean() > 0.95


@pytest.mark.parametrize("level", [0.0, 1.0, 30.0, 3000.0])
def test_silence_and_noise_have_no_voice(level: float) -> None:
    noise = np.random.default_rng(1).normal(size=3 * RATE) * level
    assert (track(np.round(noise)) > 0).mean() < 0.01


@pytest.mark.parametrize("loudness", [0.02, 0.1])
def test_a_knock_on_the_microphone_does_not_hide_a_quiet_voice(loudness: float) -> None:
    voice = tone(140.0, 4.0) * loudness
    knocked = voice.copy()
    knocked[RATE : RATE + 24] = 30_000.0
    assert (track(knocked)[90:-5] > 0).mean() > 0.98


def test_a_quiet_voice_is_heard_seconds_after_a_loud_one() -> None:
    voice = np.concatenate([tone(120.0, 2.0), tone(150.0, 6.0) * 0.05])
    assert (track(voice)[4 * 60 : -5] > 0).mean() > 0.98


def test_a_faint_hum_is_no_voice() -> None:
    t = np.arange(6 * RATE) / RATE
    hum = 10.0 * np.sin(2 * np.pi * 100 * t) + 3.0 * np.random.default_rng(0).normal(size=len(t))
    assert (track(np.round(hum)) == 0).all()


def test_a_strangers_call_between_two_of_ours_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = golden("espeak_24000_wav").astype(np.float32)
    expected = rapt(samples, RATE, HOP)
    calls = []

    def settle_and_be_disturbed() -> bool:
        stood = settle()
        calls.append(stood)
        if len(calls) == 1:
            sptk.rapt(np.ones(4001, np.float32), 16_000, 80, min=60, max=240)
        return stood

    monkeypatch.setattr("th_audio_features.pitch.settle", settle_and_be_disturbed)
    assert np.array_equal(rapt(samples, RATE, HOP), expected)
    assert len(calls) == 4  # before and after, twice


FORK = """
import os
from th_audio_features import pitch

with pitch._one_at_a_time:
    child = os.fork()
    if child == 0:
        os._exit(0 if pitch._one_at_a_time.acquire(blocking=False) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_forked_while_a_thread_works_does_not_wait_for_it() -> None:
    """Data loaders fork their workers from processes with threads. (In a fresh process: this one may hold threads of any library.)"""
    assert subprocess.run([sys.executable, "-c", FORK], timeout=60).returncode == 0


@pytest.mark.parametrize("hops", [0, 1, 2, 3, 7])
def test_the_shortest_sounds_are_survived(hops: int) -> None:
    found = track(tone(150.0, 0.2)[: hops * HOP + 7])
    assert len(found) == hops
    assert np.isfinite(found).all()


def test_rapt_is_never_given_what_it_leaks_at() -> None:
    with pytest.raises(ValueError, match="needs 6 hops"):
        rapt(np.zeros(5 * HOP, np.float32), RATE, HOP)


def test_history_forgets_the_oldest_only() -> None:
    history = History(10)
    for k in range(0, 100, 4):
        history.append(np.arange(k, k + 4, dtype=np.float32))
        start = max(0, history.end - 10)
        assert np.array_equal(history.view(start, history.end), np.arange(start, history.end))
    with pytest.raises(IndexError, match="not among the last 10"):
        history.view(80, 100)
