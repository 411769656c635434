"""Every fuzz target, for a moment: its seeds are valid, and mutations of them raise nothing but what is declared (`make fuzz` is the long run)."""

from __future__ import annotations

from itertools import islice

import pytest

from fuzz.mutate import mutations
from fuzz.target import outcome
from fuzz.targets import TARGETS

INPUTS = {"face": 30, "predictor": 30, "wave": 60, "mp3": 30}
"""Of those that take long; of the others `USUAL`."""
USUAL = 150


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_valid(name: str) -> None:
    assert [
        outcome(TARGETS[name], seed) for seed in TARGETS[name].seeds() if "refused:" in outcome(TARGETS[name], seed)
    ] == []


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_raise_only_what_is_declared(name: str) -> None:
    outcomes = {outcome(TARGETS[name], data) for data in islice(mutations(TARGETS[name], 1), INPUTS.get(name, USUAL))}
    assert len(outcomes) > 2, "the inputs are worth trying"


def test_what_is_not_declared_is_a_finding() -> None:
    broken = TARGETS["card"].__class__("broken", "", lambda: [b""], lambda data: data.decode(), ())
    with pytest.raises(UnicodeDecodeError):
        outcome(broken, b"\xff")
