"""From a recording's sound and its pictures' rows to a clip."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from th_audio_features import extract
from th_common.errors import InputError
from th_training.corpus.clip_files import FPS, Clip, write_clip
from th_training.corpus.pictures import Pictures, file_digest
from th_training.corpus.recordings import Recording
from th_training.corpus.sound import LEAST, Sound, on_rows, recorded_sound
from th_training.speech.utterance import Phone

VERSION = 1
"""Of what is made of a sound: clips of another version are made anew."""
_ALIKE = 0.5  # of the longer one's length that sound and pictures have in common, or they are not of one recording
_WORTH_SAYING = 0.25  # s that one of them is longer
_BEYOND = 0.25  # s that labels may go on after the sound


def clip_key(recording: Recording, pictures_key: str, profile: str, lag: float) -> str:
    """Digest of all that decides a clip. Raises InputError where a file cannot be read."""
    files = [file_digest(path) for path in (recording.sound, recording.labels) if path is not None]
    known = {name: value for name, value in asdict(recording).items() if name not in ("video", "sound", "labels")}
    text = json.dumps([VERSION, pictures_key, profile, round(lag, 4), files, known], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_clip(
    folder: Path, recording: Recording, pictures: Pictures, *, key: str, profile: str, lag: float = 0.0
) -> Clip:
    """Write the clip of a recording: rows where there are sound and a face, features, phones.

    lag: s by which the pictures come later than the sound; it is taken out.
    Raises InputError, naming the file, where too little is left, or the clip cannot be written.
    """
    whole = recorded_sound(recording.video, recording.sound)
    sound, first = on_rows(whole, lag=lag)
    features = extract(sound.samples, sound.rate, profile=profile)
    seen = np.flatnonzero(pictures.quality > 0)
    if not len(seen):
        raise InputError(f"{recording.video}: no picture shows a face that can be coded")
    begin, end = max(first, int(seen[0])), min(first + len(features), int(seen[-1]) + 1)
    count = end - begin
    longer = max(len(features), len(pictures.codes))
    if count < LEAST * FPS or count < _ALIKE * longer:
        raise InputError(
            f"{recording.video}: sound and pictures have only {max(count, 0) / FPS:.2f} of {longer / FPS:.2f} s in common"
        )
    notes = list(_length_notes(first + len(features), len(pictures.codes)))
    arrays: dict[str, np.ndarray] = {
        "features": features[begin - first : end - first],
        "codes": pictures.codes[begin:end],
        "quality": pictures.quality[begin:end],
    }
    if len(pictures.landmarks):
        arrays["landmarks"] = pictures.landmarks[begin:end]
    phones, source, complaint = timed_phones(recording, sound, begin=whole.seconds - sound.seconds)
    arrays["phones"] = phone_rows(phones, len(features))[begin - first : end - first]
    if complaint:
        notes.append(complaint)
    about: dict[str, Any] = {
        **recording.extra,
        "video": str(recording.video.absolute()),
        "start": round(begin / FPS, 6),  # row i is at start + (i + 1) / 60 s of the pictures' clock,
        "sound_start": round(begin / FPS - lag - whole.start, 6),  # and as much after that of the sound's
        "video_fps": round(pictures.video_fps, 3),
        "seen": round(pictures.seen, 4),
        "quality": round(float(arrays["quality"].mean()), 4),
        "phones": source,
    }
    if recording.sound is not None:
        about["sound"] = str(recording.sound.absolute())
    if lag:
        about["lag"] = round(lag, 4)
    if notes:
        about["notes"] = notes
    clip = Clip(
        id=recording.id,
        speaker=recording.speaker,
        frames=count,
        source=recording.source or recording.id,
        emotion=recording.emotion,
        language=recording.language,
        text=recording.text,
        key=key,
        extra=about,
    )
    return write_clip(folder, clip, **arrays)


def timed_phones(recording: Recording, sound: Sound, *, begin: float = 0.0) -> tuple[tuple[Phone, ...], str, str]:
    """Phones of a recording, on the sound's own clock; where they come from; and what is wrong, "" if nothing.

    Labels where there are some, else the text aligned with the sound; none where there is neither, or they do not fit.

    begin: s that the sound lacks of the one that was labelled, at its beginning.
    """
    from th_training.speech.align import align
    from th_training.speech.labels import read_labels

    complaint = ""
    if recording.labels is not None:
        try:
            labels = tuple((start - begin, end - begin, name) for start, end, name in read_labels(recording.labels))
            if labels[-1][1] > sound.seconds + _BEYOND:
                raise InputError(
                    f"{recording.labels}: ends at {labels[-1][1] + begin:.2f} s, the sound at {sound.seconds + begin:.2f} s"
                )
            return labels, "labels", ""
        except InputError as error:
            complaint = f"labels not used: {error}"
    if recording.text and recording.language == "en":
        try:
            return align(sound.samples, sound.rate, recording.text), "aligned", complaint
        except InputError as error:
            complaint = "; ".join(filter(None, (complaint, f"no phones: {error}")))
    return (), "", complaint


def phone_rows(phones: tuple[Phone, ...], count: int) -> np.ndarray:
    """(count, 4) int16, -1 without phones (th_training.speech.phones.frames)."""
    if not phones:
        return np.full((count, 4), -1, np.int16)
    from th_training.speech import phones as alphabet

    return alphabet.frames(phones, count)


def _length_notes(sound: int, pictures: int) -> tuple[str, ...]:
    ahead = (sound - pictures) / FPS
    if abs(ahead) <= _WORTH_SAYING:
        return ()
    return (f"{'sound' if ahead > 0 else 'pictures'} {abs(ahead):.2f} s longer, cut",)
