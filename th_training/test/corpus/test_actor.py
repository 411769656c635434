"""The actor's corpus: clips in step with the sound, resumable, quiet where nobody speaks."""

from dataclasses import replace

import numpy as np
import pytest

from th_training.actor.units import INDEX, UNITS
from th_training.corpus import actor
from th_training.corpus.format import Clip, clip_path, read_arrays, read_corpus, write_clip, write_manifest
from th_training.speech import espeak, sentences, voices
from th_training.speech.phones import PHONES
from th_training.speech.utterance import Utterance

JAW = INDEX["jawOpen"]
needs_espeak = pytest.mark.skipif(not espeak.installed(), reason="espeak-ng is not installed")


def some_takes():
    voice = next(v for v in voices.VOICES if v.id == "espeak-f2")
    takes = actor.plan(seed=3, scale=0.02, speakers=[voice])
    return [take for take in takes if take.voice] + [take for take in takes if not take.voice][:2]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    if not espeak.installed():
        pytest.skip("espeak-ng is not installed")
    return actor.record(some_takes(), tmp_path_factory.mktemp("recorded"), jobs=1)


def test_clips_are_whole(recorded):
    assert read_corpus(recorded.folder).clips == recorded.clips
    assert {clip.kind for clip in recorded.clips} == {"speech", "quiet"}
    for clip in recorded.clips:
        arrays = read_arrays(recorded.folder, clip.id)
        assert arrays["features"].shape == (clip.frames, 40)
        poses = actor.motion(recorded, clip)
        assert poses.shape == (clip.frames, len(UNITS))
        if clip.kind == "quiet":
            assert not poses.any()
        else:
            assert poses[:, JAW].max() > 0.15
            assert poses[:3, JAW].max() < 0.02


def test_who_laughs_shows_it():
    voice = next(v for v in voices.VOICES if v.id == "espeak-f2")
    takes = [take for take in actor.plan(seed=3, speakers=[voice]) if take.text in sentences.LAUGHTER]
    assert len(takes) == actor.LAUGHS
    assert {take.emotion for take in takes} == {"happiness"}


def test_blinks_are_for_faces_whose_lids_are_their_own(recorded):
    lids = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
    blinking, still = (actor.tracks(recorded, every=1, blinks=blinks) for blinks in (True, False))
    assert blinking[:, lids].max() > 0.9
    assert still[:, lids].max() < 0.3


def test_the_same_plan_makes_nothing_anew(recorded):
    path = clip_path(recorded.folder, recorded.clips[0].id)
    before = path.stat().st_mtime_ns
    again = actor.record(some_takes(), recorded.folder, jobs=1)
    assert again.clips == recorded.clips
    assert path.stat().st_mtime_ns == before


def test_codes_belong_to_a_face(recorded, tmp_path):
    mixing = np.random.default_rng(0).normal(size=(len(UNITS), 16)).astype(np.float32)
    corpus = actor.encode(recorded, tmp_path, lambda poses: poses @ mixing, face="face one", seed=0)
    assert corpus.face == "face one"
    clip = corpus.clips[0]
    features, codes = corpus.load(clip)
    source = next(c for c in recorded.clips if c.id == clip.id)
    np.testing.assert_array_equal(features, read_arrays(recorded.folder, clip.id)["features"])
    np.testing.assert_allclose(codes, actor.motion(recorded, source) @ mixing, rtol=1e-5, atol=1e-5)
    assert not {"segments", "phones"} & set(clip.extra)
    other = actor.encode(recorded, tmp_path, lambda poses: poses @ mixing + 1, face="face two", seed=0)
    np.testing.assert_allclose(other.load(other.clips[0])[1], codes + 1, rtol=1e-4, atol=1e-4)


@needs_espeak
def test_one_motion_is_heard_by_two_profiles(tmp_path):
    takes = some_takes()
    first = actor.record(takes, tmp_path / "recorded", jobs=1)
    both = actor.record(takes, tmp_path / "recorded", jobs=1, also=("live",))
    assert [clip.id for clip in both.clips] == [clip.id for clip in first.clips]
    corpora = [
        actor.encode(both, tmp_path / name, lambda poses: poses[:, :16], face="one", seed=0, profile=name)
        for name in ("robot", "live")
    ]
    assert [corpus.profile for corpus in corpora] == ["robot", "live"]
    for clip in both.clips:
        (robot, codes), (live, same) = (c.load(next(k for k in c.clips if k.id == clip.id)) for c in corpora)
        np.testing.assert_array_equal(codes, same)
        np.testing.assert_allclose(live[:, :13], robot[:, :13], atol=1e-3)
        assert np.abs(live[:, 13:26] - robot[:, 13:26]).max() > 0.01, "deltas that look back only"


def test_codes_come_with_the_phones_that_were_spoken(recorded, tmp_path):
    corpus = actor.encode(recorded, tmp_path, lambda poses: poses[:, :16], face="one", seed=0)
    for clip in corpus.clips:
        phones = read_arrays(corpus.folder, clip.id)["phones"]
        assert phones.shape == (clip.frames, 4)
        assert phones.dtype == np.int16
        names = {PHONES[i] for i in phones[:, 1]}
        assert ("SIL" in names) if clip.kind == "speech" else (names == {"SIL"})
        if clip.kind == "speech":
            assert len(names) > 5
            jaw = actor.motion(recorded, next(c for c in recorded.clips if c.id == clip.id))[:, JAW]
            open_vowels, lips = (
                np.isin(phones[:, 1], [PHONES.index(n) for n in group])
                for group in (("AA", "AE", "AY"), ("M", "B", "P"))
            )
            if open_vowels.any() and lips.any():
                assert jaw[open_vowels].mean() > 2 * jaw[lips].mean()


def test_clips_of_an_older_making_are_kept_until_phones_are_wanted(recorded, tmp_path):
    takes = [take for take in some_takes() if take.voice][:1]
    clip = actor.record(takes, tmp_path, jobs=1).clips[0]
    arrays = read_arrays(tmp_path, clip.id)
    older = replace(clip, extra={name: value for name, value in clip.extra.items() if name != "phones"})
    write_clip(tmp_path, older, **arrays)
    again = actor.record(takes, tmp_path, jobs=1)
    assert again.clips == (older,)
    encoded = actor.encode(again, tmp_path / "codes", lambda poses: poses[:, :16], face="one", seed=0)
    assert "phones" not in read_arrays(encoded.folder, clip.id)
    made = actor.record(takes, tmp_path, jobs=1, phones=True)
    assert made.clips[0].extra["phones"]
    encoded = actor.encode(made, tmp_path / "codes", lambda poses: poses[:, :16], face="one", seed=0)
    assert "phones" in read_arrays(encoded.folder, clip.id)


def test_tracks_are_poses(recorded):
    found = actor.tracks(recorded, every=3)
    assert found.dtype == np.float32
    assert found.shape[1] == len(UNITS)
    assert len(found) > 30


def test_motion_is_in_step_with_the_sound(tmp_path):
    """A vowel from 0.5 to 0.8 s: the jaw is more than half open around its middle (a breath parts the lips before)."""
    rate, frames = 16_000, 76
    samples = np.zeros(int(1.3 * rate), np.float32)
    samples[int(0.5 * rate) : int(0.8 * rate)] = 0.3
    segments = ((0.0, 0.5, "sil"), (0.5, 0.8, "AA"), (0.8, 1.3, "sil"))
    energy = actor.frame_energy(Utterance(samples, rate, segments), frames)
    clip = Clip(id="one", speaker="a", frames=frames, extra={"segments": segments})
    write_clip(tmp_path, clip, features=np.zeros((frames, 40)), energy=energy)
    recorded = write_manifest(tmp_path, [clip], profile="robot")
    jaw = actor.motion(recorded, read_corpus(recorded.folder).clips[0])[:, JAW]
    centre = ((np.arange(frames) + 1) / 60)[jaw > 0.5 * jaw.max()].mean()
    assert centre == pytest.approx(0.65 - actor.LEAD, abs=0.012)


def test_energy_is_centred():
    rate = 48_000
    samples = np.zeros(rate, np.float32)
    samples[int(0.5 * rate) - 10 : int(0.5 * rate) + 10] = 0.5
    energy = actor.frame_energy(Utterance(samples, rate, ()), 58)
    assert energy.argmax() == 29  # centred at 30 / 60 s
    assert energy[28] == pytest.approx(energy[30], rel=1e-3)
    assert not energy[:28].any()
    assert not energy[31:].any()


def test_a_plan_is_seeded_and_names_clips_once():
    speakers = [voice for voice in voices.VOICES if voice.engine == "espeak"]
    plans = [actor.plan(seed=seed, scale=0.5, speakers=speakers) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
    assert len({take.id for take in plans[0]}) == len(plans[0])
    assert {take.voice.language for take in plans[0] if take.voice} > {"en", "de", "fr", "es", "it"}
    assert len({take.key for take in plans[0]}) == len(plans[0])
