"""Phones per frame: every frame has one of each, states mark the ends, boundaries fall between (i + 1) / 60 s."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from th_common.errors import InputError
from th_face_predictor.architecture import COMPARATIVE_INPUTS
from th_training.speech import phones
from th_training.speech.phones import PHONES, STATES, frames, one_hot
from th_training.speech.sentences import EMOTIONS

CMU = "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
SIL, SP = PHONES.index("SIL"), PHONES.index("SP")


def names(rows):
    return [(*(PHONES[i] for i in row[:3]), STATES[row[3]]) for row in rows]


@st.composite
def spoken(draw):
    time, result = draw(st.floats(0, 0.5)), []
    for _ in range(draw(st.integers(0, 12))):
        time += draw(st.sampled_from([0.0, 0.0, 0.01, 0.049, 0.051, 0.2]))
        end = time + draw(st.floats(0, 0.3))
        result.append((time, end, draw(st.sampled_from(PHONES))))
        time = end
    return result


def test_there_are_the_papers_46_and_148_inputs():
    assert len(PHONES) == len(set(PHONES)) == 46
    assert set(CMU.split()) < set(PHONES)
    assert phones.INPUTS == COMPARATIVE_INPUTS == 148


@given(spoken(), st.integers(0, 120), st.sampled_from(EMOTIONS))
def test_every_frame_has_one_of_each(sequence, count, emotion):
    rows = frames(sequence, count)
    assert rows.shape == (count, 4)
    assert rows.dtype == np.int16
    x = one_hot(rows, emotion)
    assert x.shape == (count, 148)
    assert x.dtype == np.float32
    for part in np.split(x, (46, 92, 138, 141), axis=1):
        np.testing.assert_array_equal(part.sum(axis=1), 1)
    np.testing.assert_array_equal(x[:, 46:92].argmax(axis=1), rows[:, 1])


@given(spoken(), st.integers(1, 120))
def test_states_mark_the_ends_of_phones(sequence, count):
    rows = frames(sequence, count)
    assert rows[0, 3] == 0
    for before, now in itertools.pairwise(rows):
        changes = now[3] == 0
        assert changes == (before[3] == 1 or (before[3] == 0 and now[3] == 0))
        if not changes:
            np.testing.assert_array_equal(before[:3], now[:3])
        elif now[0] != before[1]:  # a phone too short for a frame lies between
            assert any(end - start < 1 / 60 for start, end, _ in sequence)


@given(spoken())
def test_a_frame_shows_the_phone_that_is_heard_in_its_middle(sequence):
    rows = frames(sequence, 90)
    for start, end, name in sequence:
        for i in range(max(0, int(start * 60) - 2), min(90, int(end * 60) + 2)):
            if start <= (i + 1) / 60 < end and name not in ("SIL", "SP"):
                assert PHONES[rows[i, 1]] == name


def test_boundaries():
    rows = frames([(0.1, 0.2, "B"), (0.2, 0.21, "AX"), (0.21, 0.3, "T"), (0.5, 0.6, "T"), (0.6, 0.7, "T")], 48)
    found = names(rows)
    assert [PHONES[i] for i in rows[:, 1]] == (
        ["SIL"] * 5 + ["B"] * 6 + ["AX"] + ["T"] * 5 + ["SP"] * 12 + ["T"] * 6 + ["T"] * 6 + ["SIL"] * 7
    )
    assert found[5] == ("SIL", "B", "AX", "first")  # (5 + 1) / 60 = 0.1 s
    assert found[10] == ("SIL", "B", "AX", "last")
    assert found[11] == ("B", "AX", "T", "first")  # its only frame
    assert found[17] == ("T", "SP", "T", "first")
    assert [row[3] for row in found[29:41]] == (["first"] + ["other"] * 4 + ["last"]) * 2
    assert found[-1] == ("T", "SIL", "SIL", "last")


def test_short_gaps_and_marked_pauses():
    rows = frames([(0.0, 0.1, "M"), (0.1, 0.13, "SP"), (0.13, 0.2, "N"), (0.2, 0.4, "SIL"), (0.4, 0.5, "AA")], 30)
    assert [PHONES[i] for i in rows[:, 1]] == ["M"] * 7 + ["N"] * 4 + ["SP"] * 12 + ["AA"] * 6 + ["SIL"]
    assert set(frames([], 3)[:, 1]) == {SIL}
    assert SP not in frames([(0.1, 0.2, "SP")], 30)


@pytest.mark.parametrize(
    ("sequence", "words"),
    [
        ([(0.0, 0.1, "QX")], "none of the 46"),
        ([(0.2, 0.1, "AA")], "out of order"),
        ([(0.2, 0.3, "AA"), (0.1, 0.3, "AA")], "out of order"),
        ([(0.0, np.nan, "AA")], "out of order"),
        ([(-np.inf, 0.2, "AA")], "out of order"),
    ],
)
def test_impossible_phones_are_named(sequence, words):
    with pytest.raises(InputError, match=words):
        frames(sequence, 10)


def test_unknown_phones_leave_the_emotion():
    rows = frames([(0.0, 0.1, "M")], 6)
    rows[2] = -1
    x = one_hot(rows, "fear")
    assert x[2].sum() == 1
    assert x[2, 141 + EMOTIONS.index("fear")] == 1
    np.testing.assert_array_equal(np.delete(x, 2, axis=0).sum(axis=1), 5)
    assert one_hot(phones.unknown(4), "neutral").sum() == 4


@pytest.mark.parametrize(
    ("rows", "emotion", "words"),
    [
        (np.zeros((3, 3), int), "neutral", r"\(T, 4\)"),
        (np.zeros((3, 4)), "neutral", "whole numbers"),
        (np.full((3, 4), 46), "neutral", "index"),
        (np.array([[0, 0, 0, 3]]), "neutral", "index"),
        (np.array([[0, -1, 0, 1]]), "neutral", "index"),
        (np.zeros((3, 4), int), "boredom", "boredom"),
    ],
)
def test_what_is_no_phone_code_is_named(rows, emotion, words):
    with pytest.raises(InputError, match=words):
        one_hot(rows, emotion)
