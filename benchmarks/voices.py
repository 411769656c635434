"""What calibration and slow adaptation do for the lips of voices and microphones that a face was not trained on (docs/voices.md).

    python -m benchmarks.voices --grid ../shared/corpus/grid_s1           (make voices)

Every voice is calibrated on some 30 s through a channel and judged on other clips through the same; the adaptation hears the first
part, too, and goes on. Figure: correlation of the drawn with the true lip opening, mean over clips. Results are kept by channel in
build/voices; `--channels` and `--model` do a part. With --write the table goes into docs/voices.md.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

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
from th_common.errors import InputError
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.known_voices import KnownVoices, corrected, load_known_voices
from th_face_predictor.mouth import EnergyMouth
from th_face_predictor.predictor import Predictor
from th_face_predictor.proof import prove
from th_face_predictor.voice import learn
from th_face_renderer import FaceDecoder, load_face
from th_training.landmarks.measures import lip_opening
from th_training.learn.metrics import correlation

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "voices.md"
BEGIN, END = "<!-- table: make voices -->\n", "<!-- end of table -->\n"
REPEATS = 2000
SEEN = 0.005
Way = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "models/default")
    parser.add_argument("--grid", type=Path, help="folder with videos of a real person")
    parser.add_argument("--work", type=Path, default=ROOT / "build/voices")
    parser.add_argument("--channels", nargs="*", default=list(CHANNELS), help="; ".join(CHANNELS))
    parser.add_argument("--unproved", action="store_true", help="calibrate whoever is far off, whether it helps or not")
    parser.add_argument("--write", action="store_true", help="write the table into docs/voices.md")
    chosen = parser.parse_args()
    study = Study(chosen.model, chosen.work, proved=not chosen.unproved)
    sounds = record(chosen.work, study.face.model)
    with np.load(chosen.work / TRUTH) as stored:
        truths = {name: stored[name] for name in stored.files}
    grid = real_sounds(chosen.grid) if chosen.grid else {}
    results = {}
    for channel in chosen.channels:
        place = study.place(channel, "result.json")
        if not place.is_file():
            kept = heard(sounds, channel, study.profile, study.place(channel, "voices.npz"))
            people = list(synthetic(kept, truths))
            if grid:
                features = heard(grid, channel, study.profile, study.place(channel, "grid.npz"))
                counts = {name: len(rows) for name, rows in features.items()}
                people.append(real(features, real_truths(chosen.grid, counts, ROOT / "build/cache/landmarks")))
            place.write_text(json.dumps([study.judge(person) for person in people], indent=1))
        results[channel] = json.loads(place.read_text())
        print(row(channel, results[channel]), flush=True)
    text = table(results)
    print(text)
    if chosen.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{text}{END}{rest.split(END)[1]}", encoding="utf-8")


class Study:
    """One model, uncalibrated, calibrated and adapting by itself."""

    def __init__(self, model: Path, work: Path, *, proved: bool = True) -> None:
        card = read_card(model)
        known = load_known_voices(model, card)
        assert known is not None, f"{model} does not say which voices it knows: th voices"
        self._known: KnownVoices = known
        self._predictor: Predictor = load_predictor(model)
        self.face: FaceDecoder = load_face(model)
        self._mouth = EnergyMouth.of_model(model, card)
        self._proved = proved
        self._folder = work / (card.name if proved else f"{card.name}-unproved")
        self._features = work / f"features-{card.profile}"
        self.profile = card.profile

    def place(self, channel: str, what: str) -> Path:
        """The file that keeps something of a channel."""
        folder = self._folder if what.endswith(".json") else self._features
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{re.sub(r'[^a-z0-9+-]+', '_', channel.lower())}.{what}"

    def judge(self, person: Speaker) -> dict[str, Any]:
        """Correlations by clip, the three ways; why it was not calibrated, if it was not."""
        refused, offset = "", np.zeros(len(self._known.mean))
        try:
            features = np.concatenate(person.learnt)
            found_offset = self._known.correction(learn(features, profile=self.profile, name=person.name))
            if self._proved:
                prove(self._predictor, self._mouth, features, found_offset)
            offset = found_offset
        except InputError as error:
            refused = str(error)
        adaptation = VoiceAdaptation(self._known)
        for features in person.learnt:
            adaptation.push(features)
        ways: dict[str, Way] = {
            "plain": lambda x: x,
            "calibrated": lambda x: corrected(x, offset),
            "adapted": adaptation.push,
        }
        found: dict[str, Any] = {"name": person.name, "moved": bool(offset.any()), "refused": refused}
        for name, way in ways.items():
            if name == "calibrated" and not offset.any():
                found[name], found[f"{name} shape"] = found["plain"], found["plain shape"]
            else:
                found[name], found[f"{name} shape"] = self.scores(person, way)
        return found

    def scores(self, person: Speaker, way: Way) -> tuple[list[float], list[float]]:
        """Correlations of the lip opening by clip; of the shape code, mean over its dimensions, NaN without truth."""
        lips, shapes = [], []
        for features, truth in person.judged:
            codes = self._predictor.predict(way(features))
            true = truth[: len(codes)]
            drawn = np.column_stack([lip_opening(self.face.model.landmark_track(codes)), codes[:, :8]])[
                :, : true.shape[1]
            ]
            known = np.isfinite(true[:, 0])
            found = correlation(drawn[known], true[known])
            lips.append(float(found[0]))
            shapes.append(float(np.nanmean(found[1:])) if true.shape[1] > 1 else float("nan"))
        return lips, shapes


def row(channel: str, people: Sequence[dict[str, Any]]) -> str:
    """One line of the table."""
    voices = [p for p in people if p["name"] != "GRID s1"]
    cells = [channel]
    for group in (voices[::2], voices[1::2], [p for p in people if p["name"] == "GRID s1"]):
        if not group:
            cells += ["–"] * 3
            continue
        plain = [np.nanmean(p["plain"]) for p in group]
        cells.append(f"{np.mean(plain):.3f}")
        for way in ("calibrated", "adapted"):
            gains = [np.array(p[way]) - np.array(p["plain"]) for p in group]
            if len(group) == 1:
                cells.append(_with_interval(gains[0]))
            else:
                means = np.array([np.nanmean(gain) for gain in gains])
                cells.append(f"{_with_interval(means)}, {means.min():+.3f}")
    moved = sum(p["moved"] for p in people)
    return "| " + " | ".join([*cells, f"{moved}, {sum(bool(p['refused']) for p in people)}"]) + " |"


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """The table, and how many voices through channels lost or gained beyond noise."""
    head = ["channel"]
    for who in ("voices A", "voices B", "GRID s1"):
        head += [f"{who}: r", "calibrated", "adapting"]
    head.append("moved, refused")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += [row(channel, people) for channel, people in results.items()]
    lines.append("")
    for way in ("calibrated", "adapted"):
        cells = [
            (*_interval(np.array(p[way]) - np.array(p["plain"])), p["name"], channel)
            for channel, people in results.items()
            for p in people
        ]
        worse, better = [c for c in cells if c[2] < 0], [c for c in cells if c[1] > 0]
        named = ", ".join(f"{c[3]} {c[4]} {c[0]:+.4f}" for c in sorted(worse) if c[0] < -SEEN) or "none"
        lines.append(
            f"{way.capitalize()}: mean gain {np.mean([c[0] for c in cells]):+.4f} over {len(cells)} voices through channels. Beyond noise (95 % interval "
            f"over clips without 0) {len(better)} gain, {sum(c[0] > SEEN for c in better)} of them more than {SEEN}; {len(worse)} lose, more than "
            f"{SEEN}: {named}. Worst: {min(cells)[0]:+.4f}. CORR of the shape code: {_shape_gain(results, way)}.\n"
        )
    return "\n".join(lines) + "\n"


def _shape_gain(results: dict[str, list[dict[str, Any]]], way: str) -> str:
    """Change of the shape code's CORR: mean over voices (those without truth left out) and channels, with its interval over voices, and the worst."""
    gains: dict[str, list[float]] = {}
    for people in results.values():
        for p in people:
            change = np.array(p[f"{way} shape"]) - np.array(p["plain shape"])
            if np.isfinite(change).any():
                gains.setdefault(p["name"], []).append(float(np.nanmean(change)))
    worst = min((min(found), name) for name, found in gains.items())
    return (
        f"{_with_interval(np.array([np.mean(found) for found in gains.values()]))}, worst {worst[0]:+.4f} ({worst[1]})"
    )


def _interval(gains: np.ndarray) -> tuple[float, float, float]:
    """Mean and 95 % bootstrap interval of what is finite."""
    good = gains[np.isfinite(gains)]
    if not good.any():
        return 0.0, 0.0, 0.0
    draws = np.random.default_rng(0).choice(good, (REPEATS, len(good))).mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(good.mean()), float(low), float(high)


def _with_interval(gains: np.ndarray) -> str:
    mean, low, high = _interval(gains)
    return f"{mean:+.3f} ({low:+.3f} .. {high:+.3f})" if mean or low or high else "0"


if __name__ == "__main__":
    main()
