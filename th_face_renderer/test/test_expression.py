"""Expressions asked for: names, the circumplex, how they come and go, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from th_common.errors import InputError
from th_face_renderer.expression import ALSO, CIRCUMPLEX, FALL, RISE, Expressions, known, shares

CODES = {name: np.full(16, k, np.float32) for k, name in enumerate(CIRCUMPLEX)}


def weights(expressions: Expressions, time: float) -> list[float]:
    return [weight for _, weight in expressions.over(time)]


def test_the_seven_have_the_names_of_ros4hri_and_others() -> None:
    assert set(CIRCUMPLEX) == {"neutral", "angry", "sad", "happy", "surprised", "disgusted", "scared"}
    assert known(" Happy ") == known("happiness") == known("JOY") == "happy"
    assert set(ALSO.values()) <= set(CIRCUMPLEX)
    for word in ("", "hungry", "x" * 1000):
        with pytest.raises(InputError, match="there are neutral, happy"):
            known(word)


@pytest.mark.parametrize("name", list(CIRCUMPLEX))
def test_at_its_own_place_each_is_itself_most(name: str) -> None:
    found = shares(*CIRCUMPLEX[name])
    assert max(found, key=found.__getitem__) == name
    assert sum(found.values()) == pytest.approx(1.0)


def test_the_quadrants_of_the_circumplex() -> None:
    assert shares(1, 0.6)["happy"] > 0.5
    assert shares(-0.9, -0.6)["sad"] > 0.7
    assert shares(0.1, 0.1)["neutral"] > 0.6
    unpleasant = shares(-0.6, 0.6)
    assert unpleasant["scared"] + unpleasant["angry"] + unpleasant["disgusted"] > 0.9
    for corner in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        assert np.isfinite(list(shares(*corner).values())).all()


@pytest.mark.parametrize("place", [(1.1, 0), (0, -2), (float("nan"), 0), (0, float("inf"))])
def test_places_off_the_circumplex_are_refused(place: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="is not in -1"):
        shares(*place)


def test_a_demand_rises_holds_and_falls() -> None:
    asked = Expressions(CODES)
    asked.ask("sad", intensity=0.8, duration=3.0, now=10.0)
    assert weights(asked, 10.0) == []
    assert weights(asked, 10.0 + RISE / 2) == pytest.approx([0.4])
    assert weights(asked, 12.9) == pytest.approx([0.8])
    assert weights(asked, 13.0 + FALL / 2) == pytest.approx([0.4])
    assert weights(asked, 13.0 + FALL) == []
    np.testing.assert_array_equal(asked.over(12.0)[0][0], CODES["sad"])


def test_without_a_duration_it_stays_until_the_next_or_rest() -> None:
    asked = Expressions(CODES)
    asked.ask("sad", now=0.0)
    assert weights(asked, 1e6) == [1.0]
    asked.ask("happy", now=1e6)
    assert weights(asked, 1e6 + 0.1)[0] > 0.5, "the one before is still going"
    assert weights(asked, 1e6 + 1) == [1.0]
    asked.rest(2e6)
    assert weights(asked, 2e6 + FALL) == []


def test_feelings_blend_codes() -> None:
    asked = Expressions(CODES)
    asked.feel(0.6, 0.6, now=0.0)
    wanted = sum(part * CODES[name] for name, part in shares(0.6, 0.6).items())
    np.testing.assert_allclose(asked.over(1.0)[0][0], wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("asking", "words"),
    [
        ({"name": "hungry"}, "no expression 'hungry'"),
        ({"name": "sad"}, "this face has no expression 'sad'"),
        ({"name": "happy", "intensity": 1.5}, "intensity"),
        ({"name": "happy", "intensity": float("nan")}, "intensity"),
        ({"name": "happy", "duration": -1.0}, "duration"),
        ({"name": "happy", "duration": float("inf")}, "duration"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_changes_nothing(asking: dict, words: str) -> None:
    asked = Expressions({"happy": CODES["happy"]})
    asked.ask("happy", now=0.0)
    with pytest.raises(InputError, match=words):
        asked.ask(**asking, now=1.0)
    assert weights(asked, 2.0) == [1.0]


def test_a_face_without_any_says_so() -> None:
    with pytest.raises(InputError, match="has no expressions"):
        Expressions({}).feel(0.5, 0.5, now=0.0)


def test_many_demands_do_not_pile_up() -> None:
    asked = Expressions(CODES)
    for k in range(2000):
        asked.ask(list(CODES)[k % 7], now=0.001 * k)
    assert len(asked.over(2.0)) <= 18


def test_what_is_asked_for_has_a_name() -> None:
    asked = Expressions(CODES)
    assert asked.asked(0.0) == ""
    asked.ask("joy", duration=2.0, now=1.0)
    assert (asked.asked(0.5), asked.asked(1.0), asked.asked(3.5)) == ("", "happy", "")
    asked.feel(0.5, -0.25, now=4.0)
    assert asked.asked(5.0) == "valence +0.50, arousal -0.25"
    asked.rest(6.0)
    assert asked.asked(6.0) == ""
