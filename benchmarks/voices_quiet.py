"""How far the lips part in sounds without speech, heard with the measured voices of the study (docs/voices.md).

    python -m benchmarks.voices_quiet                              (after benchmarks/voices.py; what that kept is used)

Largest opening in inter-ocular distances, of 24 s of each kind of sound; the model's own without a voice, adapting, and with each voice
as recorded (the widest, and whose it is).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.voices import ROOT, Study, Way
from benchmarks.voices_material import TRUTH, heard, record, synthetic
from th_audio_features import extract
from th_common.errors import InputError
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.known_voices import corrected, load_known_voices
from th_face_predictor.voice import learn
from th_training.corpus import quiet
from th_training.landmarks.measures import lip_opening

MODEL = ROOT / "models/default"


def main() -> None:
    work = Path(ROOT / "build/voices")
    study, known, predictor = Study(MODEL, work), load_known_voices(MODEL, read_card(MODEL)), load_predictor(MODEL)
    assert known is not None
    sounds = record(work, study.face.model)
    with np.load(work / TRUTH) as stored:
        truths = {name: stored[name] for name in stored.files}
    kept = heard(sounds, "as recorded", study.profile, study.place("as recorded", "voices.npz"))
    offsets = {}
    for person in synthetic(kept, truths):
        try:
            voice = learn(np.concatenate(person.learnt), profile=study.profile, name=person.name)
            offset = known.correction(voice)
        except InputError:
            continue
        if offset.any():
            offsets[person.name] = offset

    def widest(features: np.ndarray, way: Way) -> float:
        return float(lip_opening(study.face.model.landmark_track(predictor.predict(way(features)))).max())

    for kind in dict.fromkeys(quiet.SHARES):
        sound = np.concatenate([quiet.quiet(kind, 4.0, seed=900 + i) for i in range(6)]).astype(np.float32)
        features = extract(sound, quiet.RATE, profile=study.profile)
        plain, adapting = widest(features, lambda x: x), widest(features, VoiceAdaptation(known).push)
        moved = max((widest(features, lambda x, o=o: corrected(x, o)), name) for name, o in offsets.items())  # type: ignore[misc]
        print(f"| {kind} | {plain:.3f} | {adapting:.3f} | {moved[0]:.3f} ({moved[1]}) |", flush=True)


if __name__ == "__main__":
    main()
