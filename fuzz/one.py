"""One target in a process of its own, for so many minutes: by atheris (coverage-guided) where it is installed, else by plain mutation.

Findings do not end it: each place that one comes from is written down once, with the input (build/fuzz/NAME/finding-*). Only a crash
or a hang (more than 10 s) does.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

from fuzz.mutate import changed, mutations
from fuzz.target import Target, outcome, place_of

EVERY = 2.0  # s between two writings of the tally: a crash must not take it along
HANG, MEMORY = 10, 2048  # s, MB


class Tally:
    """Counts of what came of the inputs, on disk."""

    def __init__(self, folder: Path, seconds: float, engine: str) -> None:
        self.folder, self.engine = folder, engine
        self.begin = self.written = time.monotonic()
        self.end = self.begin + seconds
        self.inputs = 0
        self.outcomes: Counter[str] = Counter()
        self.findings: dict[str, str] = {}

    def tries(self, target: Target, data: bytes) -> None:
        """Try one input and count it."""
        self.inputs += 1
        try:
            self.outcomes[outcome(target, data)] += 1
        except Exception as error:
            place = place_of(error)
            if place not in self.findings:
                file = self.folder / f"finding-{len(self.findings)}"
                file.write_bytes(data)
                self.findings[place] = f"{str(error)[:200]} ({file.name})"
                print(f"finding: {place}: {error!r:.300}", flush=True)
        now = time.monotonic()
        if now - self.written > EVERY or now > self.end:
            self.written = now
            self.write()

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.end

    def write(self) -> None:
        """Say on disk how it stands."""
        numbers = {
            "engine": self.engine,
            "inputs": self.inputs,
            "seconds": round(time.monotonic() - self.begin, 1),
            "outcomes": dict(self.outcomes.most_common()),
            "findings": self.findings,
        }
        partial = self.folder / "tally.json.partial"
        partial.write_text(json.dumps(numbers, indent=1))
        os.replace(partial, self.folder / "tally.json")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = arguments.folder
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    try:
        import atheris
    except ImportError:
        atheris = None
    target = _load(arguments.target, atheris)
    tally = Tally(folder, 60 * arguments.minutes, "atheris" if atheris else "mutation")
    for number, data in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(data)
        tally.tries(target, data)
    if atheris is None:
        for data in mutations(target, arguments.seed):
            if tally.over:
                break
            tally.tries(target, data)
        tally.write()
        return 0

    def one_input(data: bytes) -> None:
        if tally.over:
            tally.write()
            os._exit(0)  # libFuzzer knows no other end that keeps the figures
        tally.tries(target, data)

    seeds = target.seeds()

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.35:
            return atheris.Mutate(data, longest)
        return changed(data, rng, target, seeds)[:longest]

    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    limits = [
        f"-timeout={HANG}",
        f"-rss_limit_mb={MEMORY}",
        f"-max_len={target.longest}",
        f"-artifact_prefix={folder}/",
    ]
    more = [f"-dict={words}"] if target.words else []
    atheris.Setup(
        [sys.argv[0], *limits, *more, f"-seed={arguments.seed + 1}", str(corpus)], one_input, custom_mutator=mutate
    )
    atheris.Fuzz()
    return 0


def _escaped(word: bytes) -> str:
    """A word as libFuzzer's dictionaries write it."""
    return "".join(f"\\x{byte:02x}" for byte in word)


def _load(name: str, atheris: object) -> Target:
    """The target, its parser's modules instrumented where atheris is there."""
    if atheris is None:
        return importlib.import_module("fuzz.targets").TARGETS[name]
    include = ["th_audio_io", "th_common", "th_face_renderer", "th_face_predictor", "th_training"]
    with atheris.instrument_imports(include=include):  # type: ignore[attr-defined]
        return importlib.import_module("fuzz.targets").TARGETS[name]


if __name__ == "__main__":
    raise SystemExit(main())
