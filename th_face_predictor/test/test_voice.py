"""A voice is measured on its speech alone, and only where that tells something."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from th_common.errors import InputError
from th_face_predictor.voice import F0, PLACE, Listener, learn

Speak = Callable[..., np.ndarray]


def test_the_place_is_where_the_speech_is(speak: Speak) -> None:
    place = np.linspace(-5, 8, PLACE)
    place[12], place[13] = 19.0, np.log(220.0)
    voice = learn(speak(place=place), profile="robot", name="anna")
    assert np.abs(np.array(voice.place) - place).max() < 0.15
    assert voice.f0[1] == pytest.approx(220.0, rel=0.02)
    assert voice.f0[0] < 190.0 < 250.0 < voice.f0[2]
    assert voice.level == pytest.approx((19.0 - 27.5) * 4.343, abs=0.2)
    assert voice.snr > 30.0
    assert 15.0 < voice.speech < 22.0


def test_pauses_do_not_count(speak: Speak) -> None:
    x = speak()
    loud = x[:, 12] > 15
    changed = x.copy()
    changed[~loud, :12] += 30.0
    assert learn(changed, profile="robot").place == learn(x, profile="robot").place


def test_whispering_has_no_f0(speak: Speak) -> None:
    x = speak()
    x[:, F0] = 0.0
    voice = learn(x, profile="robot")
    assert (voice.voiced, voice.place[13]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda x: x[:300], "s of speech in 5.0 s"),
        (lambda x: np.where(np.arange(40) == 12, 9.0, x), "only 0.0 s of speech"),
        (lambda x: x[:0], "only 0.0 s of speech"),
        (lambda x: x - 5.0 * (np.arange(40) == 12), "too faint"),
        (lambda x: x + 7.2 * (np.arange(40) == 12), "full scale"),
    ],
)
def test_what_tells_no_voice_is_refused(speak: Speak, spoil: Callable[[np.ndarray], np.ndarray], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        learn(spoil(speak()).astype(np.float32), profile="robot")


def test_noise_is_refused(speak: Speak) -> None:
    with pytest.raises(InputError, match="above the background"):
        learn(speak(60, quiet=17.2), profile="robot")


@pytest.mark.parametrize("x", [np.zeros((9, 39), np.float32), np.full((2000, 40), np.nan), np.zeros((2000, 40), int)])
def test_what_is_no_features_is_refused(x: np.ndarray) -> None:
    with pytest.raises(InputError, match="finite features"):
        learn(x, profile="robot")


def test_old_frames_are_forgotten(speak: Speak) -> None:
    place = np.array([0.0] * 12 + [20.0, np.log(150.0)])
    listener = Listener(memory=300)
    for row in np.concatenate([speak(60, place=place + 5 * (np.arange(PLACE) < 12)), speak(60, place=place)]):
        listener.hear(row)
    assert np.abs(listener.place(np.zeros(PLACE), 0.0)[:12]).max() < 0.3


def test_no_number_of_a_frame_overflows() -> None:
    listener = Listener()
    for _ in range(60):
        listener.hear(np.full(40, 3e38, np.float32))
    assert np.isfinite(listener.place(np.zeros(PLACE), 1.0)).all()
