"""How far the actor's rules move the lips as a real speaker does, given the phones that are really spoken: the bound of what learns from them.

    python benchmarks/motion_rules.py ../shared/corpus/grid_s1 --model models/default

Phones by forced alignment of GRID's transcripts, loudness and F0 of the real sound, `animate`, lip opening of the actor's landmarks; scored
as `th evaluate-real` scores a network (th_training/evaluate/real.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from th_audio_features import extract
from th_common.errors import InputError
from th_face_predictor import load_predictor
from th_face_renderer import load_face
from th_training.actor import phonemes
from th_training.actor.animate import animate
from th_training.actor.camera import Camera
from th_training.actor.head import Head
from th_training.corpus.actor import FPS, LEAD, frame_energy
from th_training.corpus.grid import find_grid
from th_training.evaluate.real import ENERGY, read_sound, resample, score_clip
from th_training.landmarks import cached_track
from th_training.landmarks.dlib68 import Landmarker
from th_training.landmarks.measures import lip_opening
from th_training.speech.align import align
from th_training.speech.utterance import Utterance, to_visemes

MILLIMETRES = 90.0  # an adult's outer eye corners are so far apart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=Path("models/default"))
    parser.add_argument("--cache", type=Path, default=Path("build/cache/landmarks"))
    chosen = parser.parse_args()
    face, predictor = load_face(chosen.model), load_predictor(chosen.model)
    head, camera, finder = Head(), Camera(512), Landmarker()
    clips, by_phone = [], []
    for recording in find_grid(chosen.folder).recordings:
        try:
            track = cached_track(recording.video, chosen.cache, landmarker=finder)
            sound, rate = read_sound(recording.video)
            mono = sound.mean(1)
            features = extract(mono, rate, profile=predictor.profile)
            phones = align(mono, rate, recording.text)
        except InputError as error:
            print(f"{recording.id}: left out ({error})")
            continue
        visemes = to_visemes(phones, phonemes.arpabet_visemes, duration=len(mono) / rate)
        segments = [(start - 1 / FPS, end - 1 / FPS, name) for start, end, name in visemes]
        energy = frame_energy(Utterance(mono, rate, ()), len(features))
        poses = animate(segments, energy, features[:, -1], fps=FPS, lead=LEAD).weights
        rules = lip_opening(np.stack([camera.project(head.points(pose, head.landmark_ids)) for pose in poses]))
        network = lip_opening(np.stack([face.landmarks(code) for code in predictor.predict(features)]))
        loudness = features[:, ENERGY]
        of_rules, of_network = (score_clip(recording.id, x, loudness, track) for x in (rules, network))
        clips.append((of_rules.face, of_network.face, of_rules.energy, of_rules.lag, of_rules.face_at_lag))
        real = resample(lip_opening(track.landmarks), track.fps, len(features))
        for start, end, name in phones:
            middle = round((start + end) / 2 * FPS) - 1
            if 0 <= middle < len(real):
                at = (series[middle] * MILLIMETRES for series in (real, rules, network))
                by_phone.append((name, *at))
    table = pd.DataFrame(clips, columns=["rules on true phones", "network", "log energy", "rules: lag [s]", "at lag"])
    print(f"{len(clips)} clips, mean r with the real lip opening")
    print(table.mean().round(3).to_string())
    columns = ["phone", "real", "rules", "network"]
    means = pd.DataFrame(by_phone, columns=columns).groupby("phone").mean().sort_values("real")
    print("lip opening in the middle of each phone, mm (the real one with its landmarks' offset)")
    print(means.round(1).to_string())


if __name__ == "__main__":
    main()
