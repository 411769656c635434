"""Voices among the known ones are left alone; others are moved to where the network knows its way, and never further."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from th_common.errors import InputError, ModelError
from th_common.model_folder import VOICES, add_tensors, read_card
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.known_voices import FADE, FARTHEST, KnownVoices, corrected, load_known_voices
from th_face_predictor.voice import DB, F0, FAINTEST, FULL_SCALE, PLACE, learn, level

Speak = Callable[..., np.ndarray]
TILT = np.array([26.0, -9.0] + [0.0] * 12)
"""Of a microphone 6 sd from the known ones."""


@given(st.lists(st.floats(-60, 60), min_size=12, max_size=12), st.floats(-3, 5), st.floats(-1, 1))
def test_an_offset_leads_to_reach_and_not_beyond(known: KnownVoices, cepstra: list[float], e: float, f0: float) -> None:
    place = known.mean + np.array([*cepstra, e, f0])
    offset, distance = known.offset(place), known.distance(place)
    left = known.distance(place + offset)
    assert left <= distance + 1e-9
    if distance <= known.reach:
        assert not offset.any()
    elif distance < FARTHEST and level(place) >= FAINTEST + FADE:
        assert left == pytest.approx(known.reach)
    elif distance < FARTHEST:
        assert left >= known.reach - 1e-9
    assert known.length(offset) <= FARTHEST - known.reach + 1e-9


def test_faint_speech_is_not_moved(known: KnownVoices) -> None:
    place = known.mean + TILT
    place[12] = 17.0
    assert not known.offset(place).any()
    place[12] = FULL_SCALE + (FAINTEST + FADE / 2) / DB
    part, whole = known.offset(place), known.offset(known.mean + TILT)
    assert part.any()
    assert known.length(part) < known.length(whole)


def test_a_known_voice_stays_as_it_is_to_the_last_bit(known: KnownVoices, speak: Speak) -> None:
    x = speak()
    offset = known.correction(learn(x, profile="robot"))
    assert not offset.any()
    assert np.array_equal(corrected(x, offset), x)
    assert "nothing to correct" in known.describe(learn(x, profile="robot"))


def test_a_far_voice_comes_back(known: KnownVoices, speak: Speak) -> None:
    x = speak(place=known.mean + TILT)
    voice = learn(x, profile="robot")
    y = corrected(x, known.correction(voice))
    again = learn(y, profile="robot")
    assert known.distance(np.array(voice.place)) > 5.0
    assert known.distance(np.array(again.place)) == pytest.approx(known.reach, abs=0.3)
    assert np.array_equal(y[:, 13:F0], x[:, 13:F0])  # deltas
    assert np.array_equal(y[:, F0] == 0, x[:, F0] == 0)
    assert "corrected" in known.describe(voice)


def test_what_is_too_far_is_refused(known: KnownVoices, speak: Speak) -> None:
    voice = learn(speak(place=known.mean + 3 * TILT), profile="robot")
    with pytest.raises(InputError, match=r"beyond 12"):
        known.correction(voice)


def test_a_voice_without_f0_has_the_usual_one(known: KnownVoices, speak: Speak) -> None:
    voice = replace(learn(speak(), profile="robot"), voiced=0.0, place=(0.0,) * 12 + (20.0, 0.0))
    assert not known.correction(voice).any()
    assert "whispered" in known.describe(voice)


# --- adapting ------------------------------------------------------------------------------------------------------------


def test_adaptation_is_the_same_bits_in_any_portions(known: KnownVoices, speak: Speak) -> None:
    x = speak(20, place=known.mean + TILT)
    whole = VoiceAdaptation(known).push(x)
    stream = VoiceAdaptation(known)
    cuts = np.sort(np.random.default_rng(1).integers(0, len(x), 40))
    assert np.array_equal(np.concatenate([stream.push(part) for part in np.split(x, cuts)]), whole)
    stream.reset()
    assert np.array_equal(stream.push(x), whole)


def test_adaptation_comes_slowly_to_what_calibration_finds(known: KnownVoices, speak: Speak) -> None:
    adaptation = VoiceAdaptation(known)
    x = speak(180, place=known.mean + TILT)
    y = adaptation.push(x)
    assert np.array_equal(y[:60], x[:60])
    steps = np.abs(np.diff((y - x)[:, :12], axis=0))
    assert steps.max() < 0.2
    offset = known.correction(learn(x, profile="robot"))
    assert known.length(adaptation.offset - offset) < 0.5


def test_adaptation_leaves_known_voices_alone(known: KnownVoices, speak: Speak) -> None:
    x = speak(60)
    assert np.array_equal(VoiceAdaptation(known).push(x), x)


# --- in a model ----------------------------------------------------------------------------------------------------------


def test_a_model_keeps_them(make_model: Callable[..., Path], known: KnownVoices) -> None:
    folder = make_model()
    assert load_known_voices(folder, read_card(folder)) is None
    before = read_card(folder)
    card = add_tensors(folder, VOICES, known.to_tensors())
    assert (card.id, card.expressions) == (before.id, before.expressions)
    found = load_known_voices(folder, card)
    assert found is not None
    assert np.allclose(found.covariance, known.covariance)
    assert found.reach == known.reach


@pytest.mark.parametrize(
    "change",
    [
        {"mean": np.zeros(13, np.float32)},
        {"covariance": -np.eye(PLACE, dtype=np.float32)},
        {"covariance": np.zeros((PLACE, PLACE), np.float32)},
        {"reach": np.array([-1.0], np.float32)},
        {"reach": np.array([1e9], np.float32)},
        {"mean": np.full(PLACE, np.nan, np.float32)},
    ],
)
def test_a_model_with_others_is_refused(
    make_model: Callable[..., Path], known: KnownVoices, change: dict[str, np.ndarray]
) -> None:
    folder = make_model()
    card = add_tensors(folder, VOICES, known.to_tensors() | change)
    with pytest.raises(ModelError, match=r"voices\.safetensors"):
        load_known_voices(folder, card)


def test_face_and_predictor_cannot_be_added(make_model: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match="not to be replaced"):
        add_tensors(make_model(), "face.safetensors", {})


def test_they_are_measured_on_clips(speak: Speak) -> None:
    rng = np.random.default_rng(5)
    middle = np.array([0.0] * 12 + [20.0, 5.0])
    spread = np.array([3.0] * 12 + [1.0, 0.2])
    clips = [speak(3, place=middle + spread * rng.normal(size=PLACE), seed=k) for k in range(120)]
    known = KnownVoices.of([*clips, np.zeros((50, 40), np.float32)])
    assert np.abs(known.mean - middle).max() < 1.0
    assert np.sqrt(np.diag(known.covariance))[:12].mean() == pytest.approx(3.0, rel=0.15)
    assert 3.5 < known.reach < 5.0
    with pytest.raises(InputError, match="too little"):
        KnownVoices.of(clips[:10])
