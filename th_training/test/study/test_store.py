"""Answers are kept once, in order, and of nobody who can be named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from th_common.errors import InputError
from th_training.study import store as module
from th_training.study.store import Answer, Store

TRIALS = 3


@pytest.fixture
def hours() -> list[float]:
    return [1000.0]


@pytest.fixture
def store(tmp_path: Path, hours: list[float]) -> Iterator[Store]:
    made = Store(tmp_path / "answers.sqlite3", "this study", clock=lambda: hours[0] * 3600)
    yield made
    made.close()


def begin(store: Store) -> str:
    return store.begin(lambda slot: f"plan {slot}")[0]


def written(store: Store) -> bytes:
    """Everything on the disk."""
    return b"".join(path.read_bytes() for path in store.path.parent.iterdir())


def test_answers_come_in_order_and_once(store: Store) -> None:
    token = begin(store)
    first = Answer(0, {"emotion": "fear"}, plays=2, seconds=3.5)
    person, kept = store.answer(token, first, trials=TRIALS)
    assert kept
    assert person is not None
    assert (person.answered, person.finished) == (1, False)
    for said, ok in ((first, True), (Answer(0, {"emotion": "anger"}), False), (Answer(2, {"emotion": "fear"}), False)):
        again, kept = store.answer(token, said, trials=TRIALS)
        assert again == person
        assert kept is ok
    for number in (1, 2):
        person, kept = store.answer(token, Answer(number, {"emotion": "sadness"}), trials=TRIALS)
        assert kept
    assert person is not None
    assert person.finished
    assert store.answer(token, Answer(3, {"emotion": "fear"}), trials=TRIALS) == (person, False)
    ((same, answers),) = store.people()
    assert same == person
    assert [said.answer["emotion"] for said in answers] == ["fear", "sadness", "sadness"]
    assert answers[0] == first


def test_it_is_synced_and_nobody_can_be_found_in_it(store: Store) -> None:
    token = begin(store)
    store.answer(token, Answer(0, {"emotion": "fear"}), trials=TRIALS)
    assert store._base.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other = sqlite3.connect(store.path)
    columns = {row[1] for name in ("people", "answers") for row in other.execute(f"PRAGMA table_info({name})")}
    other.close()
    assert columns == {
        "id", "token", "slot", "plan", "hour", "finished", "person", "trial", "answer", "plays", "seconds"
    }  # fmt: skip
    assert token.encode() not in written(store)


def test_whoever_wants_to_is_forgotten(store: Store) -> None:
    token = begin(store)
    store.answer(token, Answer(0, {"emotion": "fear"}), trials=TRIALS)
    assert b"plan 0" in written(store)
    assert store.remove(token)
    assert b"plan 0" not in written(store)
    assert b"fear" not in written(store)
    assert not store.remove(token)
    assert store.find(token) is None
    assert store.people() == []
    assert store._base.execute("SELECT count(*) FROM answers").fetchone() == (0,)


def test_a_place_that_was_given_up_is_given_to_somebody_else(store: Store, hours: list[float]) -> None:
    first, second = begin(store), begin(store)
    slots = [person.slot for person, _ in store.people()]
    for number in range(TRIALS):
        store.answer(second, Answer(number, {"emotion": "fear"}), trials=TRIALS)
    hours[0] += module.GIVEN_UP + 1
    third, fourth = store.begin(str)[1], store.begin(str)[1]
    assert [*slots, third.slot, fourth.slot] == [0, 1, 0, 2]
    late = store.find(first)
    assert late is not None  # who comes back goes on all the same
    assert late.slot == 0


def test_other_files_are_refused(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="another study"):
        Store(store.path, "that study")
    with pytest.raises(InputError, match="simulated"):
        Store(store.path, "this study", simulated=True)
    (tmp_path / "words").write_text("no database " * 100)
    with pytest.raises(InputError, match="no file of answers"):
        Store(tmp_path / "words", "this study")
    monkeypatch.setattr(module, "MOST_PEOPLE", 1)
    begin(store)
    with pytest.raises(InputError, match="have taken part"):
        begin(store)
