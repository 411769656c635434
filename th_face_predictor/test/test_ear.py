"""What the network hears: as it came, with a measured voice, or adapting; by choice, while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from th_common.errors import InputError
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.ear import Ear
from th_face_predictor.known_voices import KnownVoices, corrected
from th_face_predictor.voice import learn

Speak = Callable[..., np.ndarray]
TILT = np.array([26.0, -9.0] + [0.0] * 12)


def hear(ear: Ear, x: np.ndarray) -> np.ndarray:
    return np.stack([ear.push(row, first=k == 0) for k, row in enumerate(x)])


@pytest.fixture
def far(known: KnownVoices, speak: Speak) -> np.ndarray:
    """A voice far from the known ones."""
    return speak(place=known.mean + TILT)


def test_without_anything_features_stay_as_they_came(known: KnownVoices, far: np.ndarray) -> None:
    ear = Ear(known, profile="robot")
    ear.use(None, adapt=False)
    assert np.array_equal(hear(ear, far), far)
    assert (ear.state, ear.moved) == ("none", 0.0)


def test_a_voice_is_heard_from_the_next_frame_on(known: KnownVoices, far: np.ndarray) -> None:
    ear = Ear(known, profile="robot")
    ear.use(None, adapt=False)
    hear(ear, far)
    voice = ear.learn(ear.recent(0.0), "anna")
    assert voice == learn(far, profile="robot", name="anna")
    ear.use(voice, adapt=True)
    assert np.array_equal(hear(ear, far), corrected(far, known.correction(voice)))
    assert ear.state == "anna"
    assert ear.moved == pytest.approx(known.length(known.correction(voice)))
    assert "of it corrected" in ear.tell(voice)


def test_adaptation_begins_anew_with_a_stream(known: KnownVoices, far: np.ndarray) -> None:
    ear = Ear(known, profile="robot")
    ear.use(None, adapt=True)
    expected = VoiceAdaptation(known).push(far)
    assert np.array_equal(hear(ear, far), expected)
    assert ear.state == "adapting"
    assert ear.moved > 0.2
    ear.use(None, adapt=True)  # said again: it goes on
    assert ear.moved > 0.2
    assert np.array_equal(hear(ear, far), expected)


def test_only_the_last_minute_is_remembered_and_a_stop_forgets_it(known: KnownVoices, speak: Speak) -> None:
    ear = Ear(known, profile="robot")
    hear(ear, np.concatenate([speak(70, place=known.mean + TILT), speak(20)]))
    assert known.distance(np.array(ear.learn(ear.recent(20.0), "b").place)) < 2.0
    assert ear.learn(ear.recent(60.0), "all").speech == pytest.approx(60 * 0.7, abs=1.0)
    ear.forget()
    with pytest.raises(InputError, match="nothing was heard"):
        ear.learn(ear.recent(0.0), "b")


@pytest.mark.parametrize("seconds", [-1.0, 61.0, float("nan"), float("inf")])
def test_other_spans_are_refused(known: KnownVoices, seconds: float) -> None:
    with pytest.raises(InputError, match="seconds"):
        Ear(known, profile="robot").recent(seconds)


def test_voices_that_do_not_fit(known: KnownVoices, far: np.ndarray) -> None:
    voice = learn(far, profile="robot", name="anna")
    ear = Ear(known, profile="live")
    with pytest.raises(InputError, match="measured in features 'robot'"):
        ear.use(voice, adapt=True)
    with pytest.raises(InputError, match="beyond 12"):
        ear.use(replace(voice, profile="live", place=(300.0, *voice.place[1:])), adapt=True)
    assert ear.state == "none"
    deaf = Ear(None, profile="robot")
    deaf.use(None, adapt=True)
    assert deaf.state == "none"
    assert np.array_equal(hear(deaf, far), far)
    with pytest.raises(InputError, match="does not say which voices"):
        deaf.use(voice, adapt=True)
