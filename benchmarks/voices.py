"""What calibration and slow adaptation do for the lips of voices and microphones that a face was not trained on (docs/voices.md).

    python benchmarks/voices.py --grid ../shared/corpus/grid_s1           (make voices)

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

from benchmarks.voices_material import CHANNELS, Speaker, heard, real, real_openings, real_sounds, record, synthetic
from th_common.errors import InputError
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.known_voices import KnownVoices, corrected, load_known_voices
from th_face_predictor.predictor import Predictor
from th_face_predictor.voice import learn
from th_face_renderer import FaceDecoder, load_face
from th_training.landmarks.measures import lip_opening
from th_training.learn.metrics import correlation

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "voices.md"
BEGIN, END = "<!-- table: make voices -->\n", "<!-- end of table -->\n"
REPEATS = 2000
Way = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "models/default")
    parser.add_argument("--grid", type=Path, help="folder with videos of a real person")
    parser.add_argument("--work", type=Path, default=ROOT / "build/voices")
    parser.add_argument("--channels", nargs="*", default=list(CHANNELS), help="; ".join(CHANNELS))
    parser.add_argument("--write", action="store_true", help="write the table into docs/voices.md")
    chosen = parser.parse_args()
    sounds = record(chosen.work)
    with np.load(chosen.work / "openings.npz") as stored:
        openings = {name: stored[name] for name in stored.files}
    grid = real_sounds(chosen.grid) if chosen.grid else {}
    study = Study(chosen.model, chosen.work)
    results = {}
    for channel in chosen.channels:
        place = study.place(channel, "result.json")
        if not place.is_file():
            kept = heard(sounds, channel, study.profile, study.place(channel, "voices.npz"))
            people = list(synthetic(kept, openings))
            if grid:
                features = heard(grid, channel, study.profile, study.place(channel, "grid.npz"))
                counts = {name: len(rows) for name, rows in features.items()}
                people.append(real(features, real_openings(chosen.grid, counts, ROOT / "build/cache/landmarks")))
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

    def __init__(self, model: Path, work: Path) -> None:
        card = read_card(model)
        known = load_known_voices(model, card)
        assert known is not None, f"{model} does not say which voices it knows: th voices"
        self._known: KnownVoices = known
        self._predictor: Predictor = load_predictor(model)
        self._face: FaceDecoder = load_face(model)
        self._folder = work / card.name
        self._features = work / f"features-{card.profile}"
        self.profile = card.profile

    def place(self, channel: str, what: str) -> Path:
        """The file that keeps something of a channel."""
        folder = self._folder if what.endswith(".json") else self._features
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{re.sub(r'[^a-z0-9+-]+', '_', channel)}.{what}"

    def judge(self, person: Speaker) -> dict[str, Any]:
        """Correlations by clip, the three ways; why it was not calibrated, if it was not."""
        refused, offset = "", np.zeros(len(self._known.mean))
        try:
            voice = learn(np.concatenate(person.learnt), profile=self.profile, name=person.name)
            offset = self._known.correction(voice)
        except InputError as error:
            refused = str(error)
        adaptation = VoiceAdaptation(self._known)
        for features in person.learnt:
            adaptation.push(features)
        plain = self._lips(person, lambda x: x)
        calibrated = self._lips(person, lambda x: corrected(x, offset)) if offset.any() else plain
        return {
            "name": person.name,
            "plain": plain,
            "calibrated": calibrated,
            "adapted": self._lips(person, adaptation.push),
            "moved": bool(offset.any()),
            "refused": refused,
        }

    def _lips(self, person: Speaker, way: Way) -> list[float]:
        scores = []
        for features, true in person.judged:
            codes = self._predictor.predict(way(features))
            drawn = lip_opening(self._face.model.landmark_track(codes))
            both = np.isfinite(true[: len(drawn)])
            scores.append(float(correlation(drawn[both][:, None], true[: len(drawn)][both][:, None])[0]))
        return scores


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
        worse = [cell for cell in cells if cell[2] < 0]
        better = [cell for cell in cells if cell[1] > 0]
        worst = min(cells)
        lines.append(
            f"{way.capitalize()}: of {len(cells)} voices through channels {len(better)} gain beyond noise (95 % interval over clips above 0), "
            f"{len(worse)} lose ({', '.join(f'{c[3]}, {c[4]}: {c[0]:+.4f}' for c in sorted(worse)[:5]) or 'none'}); mean {np.mean([c[0] for c in cells]):+.4f}, "
            f"worst {worst[0]:+.4f} ({worst[3]}, {worst[4]}).\n"
        )
    return "\n".join(lines) + "\n"


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
