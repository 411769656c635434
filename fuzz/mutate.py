"""Mutations that know a little of the formats: words, numbers, and JSON as a tree.

Beside libFuzzer's own they guide atheris; alone they serve the quick test, and machines that atheris has no wheel for.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from fuzz.target import Target

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"2",
    b"255",
    b"65536",
    b"2147483648",
    b"4294967296",
    b"18446744073709551616",
    b"1e999",
    b"0.5",
    b"9" * 5000,
)


def mutations(target: Target, seed: int) -> Iterator[bytes]:
    """Inputs without end, the same for the same seed: each a valid one with 1 to 6 changes."""
    rng = random.Random(seed)
    seeds = target.seeds()
    while True:
        data = rng.choice(seeds)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
            data = changed(data, rng, target, seeds)
        yield data[: target.longest]


def changed(data: bytes, rng: random.Random, target: Target, seeds: list[bytes]) -> bytes:
    """The input with one change."""
    if rng.random() < 0.6 and (grafted := _grafted(data, rng)):
        return grafted
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((1, 2, 4, 8, 64)))
    kind = rng.randrange(8)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :] if at < len(data) else data
    if kind == 1:
        return data[:at] + rng.randbytes(end - at) + data[end:]
    if kind == 2:
        return data[:at] + data[end:]
    if kind == 3:
        return data[:at] + data[at:end] * rng.choice((2, 2, 3, 50)) + data[end:]
    if kind == 4 and target.words:
        return data[:at] + rng.choice(target.words) + data[rng.choice((at, end)) :]
    if kind == 5:
        other = rng.choice(seeds)
        return data[:at] + other[rng.randrange(len(other) + 1) :]
    numbers = list(_NUMBER.finditer(data))
    if kind == 6 and numbers:
        found = rng.choice(numbers)
        return data[: found.start()] + rng.choice(_NUMBERS) + data[found.end() :]
    return data[:at]


_LEAVES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**30,
    0.5,
    1e999,
    float("nan"),
    "",
    "x" * 300,
    "\ud800",
    [],
    {},
    [[]],
)


def _grafted(data: bytes, rng: random.Random) -> bytes | None:
    """Where the input, or all but its first byte, is JSON: one place of the tree changed, dropped, doubled or swapped."""
    begin = int(data[:1] not in b"{[")
    try:
        tree = json.loads(data[begin:])
    except (ValueError, RecursionError):
        return None
    places: list[tuple[Any, Any]] = []
    _collect(tree, places)
    if not places:
        return None
    box, key = rng.choice(places)
    kind = rng.randrange(4)
    if kind == 0:
        box[key] = rng.choice(_LEAVES)
    elif kind == 1:
        del box[key]
    elif kind == 2:
        other, name = rng.choice(places)
        box[key] = json.loads(json.dumps(other[name]))
    elif isinstance(box, list):
        box.insert(key, box[key])
    else:
        box[f"{key}{rng.randrange(3)}"] = box[key]
    return data[:begin] + json.dumps(tree).encode()


def _collect(tree: Any, places: list[tuple[Any, Any]]) -> None:
    for key in tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        places.append((tree, key))
        _collect(tree[key], places)
