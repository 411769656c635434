"""Voices: segments lie in order inside the sound, and where the lips are said to meet the sound is faint."""

import itertools

import numpy as np
import pytest
import scipy.signal

from th_audio_features import extract
from th_common.errors import DeviceError, InputError
from th_training.actor.poses import EMOTIONS as POSES
from th_training.actor.poses import VISEMES
from th_training.speech import espeak, melody, prosody, sentences, voices
from th_training.speech.utterance import to_visemes, with_silence

TEXT = "Bob put my map on top of the pump."
needs_espeak = pytest.mark.skipif(not espeak.installed(), reason="espeak-ng is not installed")


def installed_of(engine):
    found = [voice for voice in voices.VOICES if voice.engine == engine and voices.installed(voice)]
    if not found:
        pytest.skip(f"{engine} is not installed")
    return found[0]


@pytest.mark.parametrize("engine", ["espeak", "flite", "hibari", "piper"])
def test_a_voice_speaks(engine):
    voice = installed_of(engine)
    utterance = voices.speak(voice, TEXT, "happiness", seed=2)
    assert utterance.samples.dtype == np.float32
    assert 0.02 < np.abs(utterance.samples).max() <= 1.0
    assert 1.0 < utterance.duration < 6.0
    starts = [start for start, _, _ in utterance.segments]
    assert starts == sorted(starts)
    assert all(0 <= start < end <= utterance.duration + 1e-6 for start, end, _ in utterance.segments)
    assert all(name in VISEMES for _, _, name in utterance.segments)
    assert 7 <= sum(name == "MM" for _, _, name in utterance.segments) <= 10  # b-b-p-m-m-p-p-p-mp
    loud: dict[bool, list[float]] = {True: [], False: []}
    for start, end, name in utterance.segments:
        if name in ("MM", "AA", "AE", "OH"):
            part = utterance.samples[int(start * utterance.sample_rate) : int(end * utterance.sample_rate)]
            loud[name == "MM"].append(np.sqrt(np.mean(part**2)))
    assert np.median(loud[True]) < 0.7 * np.median(loud[False])


@needs_espeak
def test_espeak_phones_are_in_order_and_inside_the_sound():
    samples, rate, phones = espeak.phones(TEXT, voice="en-us+f3", rate=200)
    duration = len(samples) / rate
    assert all(a[1] <= b[0] + 1e-9 for a, b in itertools.pairwise(phones))
    assert all(0 <= start < end <= duration for start, end, _ in phones)


@needs_espeak
def test_espeak_names_what_it_cannot_do():
    with pytest.raises(DeviceError, match="xx-nowhere"):
        espeak.phones(TEXT, voice="xx-nowhere")
    with pytest.raises(InputError, match="nothing to speak"):
        espeak.phones("", voice="en")


@needs_espeak
@pytest.mark.parametrize("language", sorted(sentences.FOREIGN))
def test_every_language_has_a_voice_and_known_phones(language):
    voice = next(v for v in voices.VOICES if v.language == language)
    utterance = voices.speak(voice, sentences.FOREIGN[language][0])
    covered = sum(end - start for start, end, _ in utterance.segments)
    assert covered > 0.8 * utterance.duration


@needs_espeak
def test_emotions_change_the_delivery():
    voice = next(v for v in voices.VOICES if v.id == "espeak-f1")
    sad, afraid = (voices.speak(voice, TEXT, emotion, seed=1) for emotion in ("sadness", "fear"))
    assert sad.duration > 1.2 * afraid.duration


def test_surprise_is_said_like_a_question():
    asked = prosody.as_said("You came all the way!", prosody.PROSODY["surprise"])
    assert asked == "You came all the way?"
    for text in ("You came all the way!", "Did you?"):
        assert prosody.as_said(text, prosody.PROSODY["anger"]) == text


@pytest.mark.skipif(not melody.installed(), reason="praat-parselmouth is not installed (requirements/actor.txt)")
def test_melody_moves_pitch_range_and_formants_by_ratio():
    rate = 16_000
    time = np.arange(2 * rate) / rate
    f0 = 120.0 * 2 ** (0.25 * np.sin(2 * np.pi * 1.0 * time))
    pulses = np.diff(np.floor(np.cumsum(f0) / rate), prepend=0.0)
    resonance = scipy.signal.lfilter(
        [1.0], np.poly(0.97 * np.exp(np.array([1j, -1j]) * 2 * np.pi * 700 / rate)), pulses
    )
    voice = (0.1 * resonance / np.abs(resonance).max()).astype(np.float32)

    def heard(sound):
        found = extract(sound, rate, profile="paper")[20:-20, -1]
        return np.log2(found[found > 0])

    style = prosody.Prosody(pitch=1.4, range=1.6)
    changed = melody.with_melody(voice, rate, style)
    assert changed.shape == voice.shape
    assert changed.dtype == np.float32
    before, after = heard(voice), heard(changed)
    assert np.median(after) - np.median(before) == pytest.approx(np.log2(1.4), abs=0.06)
    assert after.std() / before.std() == pytest.approx(1.6, rel=0.2)

    def centroid(sound):
        frequency, power = scipy.signal.welch(sound, rate, nperseg=256)
        return float(np.sum(frequency * power) / np.sum(power))

    smiling = melody.with_melody(voice, rate, prosody.Prosody(tract=1.15))
    assert centroid(smiling) / centroid(voice) == pytest.approx(1.15, rel=0.05)
    noise = np.random.default_rng(0).normal(0, 0.1, rate).astype(np.float32)
    assert melody.with_melody(np.zeros_like(noise), rate, style).shape == noise.shape


def test_effort_is_louder_and_brighter():
    rate = 16_000
    noise = np.random.default_rng(0).normal(0, 0.02, rate).astype(np.float32)

    def level(sound, low, high):
        power = np.abs(np.fft.rfft(sound)) ** 2
        frequency = np.fft.rfftfreq(len(sound), 1 / rate)
        return 10 * np.log10(power[(frequency > low) & (frequency < high)].sum())

    strained, soft = (prosody.with_effort(noise, rate, effort) for effort in (6.0, -6.0))
    assert 20 * np.log10(strained.std() / noise.std()) == pytest.approx(6.0, abs=0.1)
    assert (
        level(strained, 3000, 5000) - level(strained, 200, 400) > level(soft, 3000, 5000) - level(soft, 200, 400) + 10
    )
    loudest = prosody.with_effort(noise * 40, rate, 12.0)
    assert np.abs(loudest).max() <= 1.0
    assert len(prosody.with_effort(noise[:0], rate, 3.0)) == 0


def test_sentences_cover_the_papers_corpus():
    assert set(sentences.ENGLISH) == set(POSES) == set(prosody.PROSODY) == set(sentences.EMOTIONS)
    assert len(sentences.english()) >= 120
    texts = [text for _, text in sentences.english()]
    assert len(set(texts)) == len(texts)
    assert all(len(lines) >= 15 for lines in sentences.ENGLISH.values())
    assert len(sentences.ENGLISH["neutral"]) >= 30


def test_voices_are_told_apart():
    ids = [voice.id for voice in voices.VOICES]
    assert len(set(ids)) == len(ids)
    assert set(ids) >= voices.HELD_OUT
    assert {voice.engine for voice in voices.VOICES} == set(voices.LICENCES)


def test_visemes_of_phones():
    table = {"aI": ("AA", "IH"), "m": ("MM",)}

    def look_up(phone):
        if phone not in table:
            raise InputError(phone)
        return table[phone]

    phones = [(-0.1, 0.2, "m"), (0.2, 0.4, "aI"), (0.4, 0.5, "?"), (0.9, 1.3, "m")]
    segments = to_visemes(phones, look_up, duration=1.0)
    assert [name for *_, name in segments] == ["MM", "AA", "IH", "MM"]
    assert segments[0][:2] == (0.0, 0.2)
    assert segments[1][1] == pytest.approx(0.31)
    assert segments[-1][1] == 1.0


@needs_espeak
def test_silence_around():
    voice = next(v for v in voices.VOICES if v.engine == "espeak")
    plain = voices.speak(voice, TEXT)
    around = with_silence(plain, before=0.5, after=0.25)
    assert around.duration == pytest.approx(plain.duration + 0.75, abs=1e-3)
    assert around.segments[0][0] == pytest.approx(plain.segments[0][0] + 0.5, abs=1e-4)
    assert not around.samples[: int(0.49 * around.sample_rate)].any()
