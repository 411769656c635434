"""Other ways to bring a voice nearer to those of the training, on the half of the voices that served to choose (docs/voices.md).

    python -m benchmarks.voices_tried --grid ../shared/corpus/grid_s1      (after benchmarks/voices.py; what that kept is used)

Gain in the correlation of drawn with true lip opening against features as they come: mean over voices A, the worst of them, GRID s1.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.voices import ROOT, Study, Way
from benchmarks.voices_material import (
    CHANNELS,
    TRUTH,
    Speaker,
    heard,
    real,
    real_sounds,
    real_truths,
    record,
    synthetic,
)
from th_common.model_folder import read_card
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.known_voices import KnownVoices, corrected, load_known_voices
from th_face_predictor.voice import ENERGY, PLACE, STATICS, Listener

USED = ("as recorded", "telephone, 30 dB SNR", "+12 dB/octave", "-12 dB/octave")
MODEL = ROOT / "models/default"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", type=Path)
    parser.add_argument("--work", type=Path, default=ROOT / "build/voices")
    parser.add_argument("--channels", nargs="*", default=USED, help="; ".join(CHANNELS))
    chosen = parser.parse_args()
    study, known = Study(MODEL, chosen.work), load_known_voices(MODEL, read_card(MODEL))
    assert known is not None
    sounds = record(chosen.work, study.face.model)
    with np.load(chosen.work / TRUTH) as stored:
        truths = {name: stored[name] for name in stored.files}
    grid = real_sounds(chosen.grid) if chosen.grid else {}
    print("| way | " + " | ".join(chosen.channels) + " |\n|---|" + "---|" * len(chosen.channels))
    columns = []
    for channel in chosen.channels:
        people = list(synthetic(heard(sounds, channel, study.profile, study.place(channel, "voices.npz")), truths))[::2]
        if grid:
            features = heard(grid, channel, study.profile, study.place(channel, "grid.npz"))
            counts = {name: len(rows) for name, rows in features.items()}
            people.append(real(features, real_truths(chosen.grid, counts, ROOT / "build/cache/landmarks")))
        plain = [study.scores(person, lambda x: x)[0] for person in people]
        columns.append({name: _gains(study, people, plain, make) for name, make in ways(known).items()})
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(_cell(column[name], grid=bool(grid)) for column in columns) + " |")


def ways(known: KnownVoices) -> dict[str, Callable[[Speaker], Way]]:
    """By name: from what a voice is calibrated on to what is done to its features."""

    def shift(person: Speaker, offset: Callable[[np.ndarray], np.ndarray]) -> Way:
        listener = Listener()
        for row in np.concatenate(person.learnt):
            listener.hear(row)
        return partial(corrected, offset=offset(listener.place(known.mean, 60.0)))

    def adapting(person: Speaker, memory: float) -> Way:
        adaptation = VoiceAdaptation(known, memory=memory)
        for features in person.learnt:
            adaptation.push(features)
        return adaptation.push

    def part(chosen: slice, share: float) -> Callable[[Speaker], Way]:
        mask = np.zeros(PLACE)
        mask[chosen] = share
        return partial(shift, offset=lambda place: mask * (known.mean - place))

    def within(reach: float) -> Callable[[Speaker], Way]:
        return partial(shift, offset=KnownVoices(known.mean, known.covariance, reach).offset)

    return {
        "c1..c12 to the mean of the known voices": part(slice(0, ENERGY), 1.0),
        "half of that way": part(slice(0, ENERGY), 0.5),
        "level to their mean": part(slice(ENERGY, STATICS), 1.0),
        "F0 to their mean": part(slice(STATICS, PLACE), 1.0),
        "all of it": part(slice(0, PLACE), 1.0),
        "to a reach of 2.5": within(2.5),
        "to 3.2": within(3.2),
        f"to {known.reach:.1f}, as it is done": within(known.reach),
        "to 5": within(5.0),
        "adapting, forgetting with 5 s of speech": partial(adapting, memory=300),
        "with 20 s": partial(adapting, memory=1200),
        "with 60 s, as it is done": partial(adapting, memory=3600),
    }


def _gains(
    study: Study, people: list[Speaker], plain: list[list[float]], make: Callable[[Speaker], Way]
) -> list[float]:
    changed = [study.scores(person, make(person))[0] for person in people]
    return [float(np.nanmean(np.array(b) - np.array(a))) for a, b in zip(plain, changed, strict=True)]


def _cell(gains: list[float], *, grid: bool) -> str:
    voices = gains[:-1] if grid else gains
    return f"{np.mean(voices):+.3f}, {min(voices):+.3f}" + (f"; {gains[-1]:+.3f}" if grid else "")


if __name__ == "__main__":
    main()
