"""All targets, by name."""

from __future__ import annotations

from fuzz import model, page, sound, training, voice
from fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        sound.WAVE,
        sound.MP3,
        page.PAGE,
        model.CARD_TARGET,
        model.FACE_TARGET,
        model.PREDICTOR_TARGET,
        training.LANDMARKS,
        training.CORPUS,
        voice.VOICE,
    )
}
