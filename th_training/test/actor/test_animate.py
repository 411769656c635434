import numpy as np
import pytest

from th_common.errors import InputError
from th_training.actor.animate import animate
from th_training.actor.camera import Camera
from th_training.actor.head import Head
from th_training.actor.phonemes import arpabet_visemes, espeak_visemes
from th_training.actor.poses import EMOTIONS, VISEMES
from th_training.actor.units import INDEX, UNITS, pair, weights

# "mama, five": 0.3 s of silence before and after
SEGMENTS = [
    (0.0, 0.3, "sil"), (0.3, 0.38, "MM"), (0.38, 0.55, "AA"), (0.55, 0.63, "MM"),
    (0.63, 0.83, "AA"), (0.83, 0.93, "FF"), (0.93, 1.05, "AA"), (1.05, 1.15, "IH"),
    (1.15, 1.25, "FF"), (1.25, 1.75, "sil"),
]  # fmt: skip
FRAMES = 105
TIME = np.arange(FRAMES) / 60
ENERGY = np.where((TIME > 0.3) & (TIME < 1.25), 0.1, 0.0005)
F0 = np.where((TIME > 0.3) & (TIME < 1.25), 120.0, 0.0)
CLOSED_CM = 0.10


@pytest.fixture(scope="module")
def head():
    return Head()


def lip_gap(head, pose):
    """Inner lips' distance, cm."""
    vertices = head.vertices(pose)
    upper, lower = head.landmark_ids[[62, 66]]
    return vertices[upper, 1] - vertices[lower, 1]


def test_one_row_per_frame_one_column_per_unit():
    motion = animate(SEGMENTS, ENERGY, F0)
    assert motion.weights.shape == (FRAMES, len(UNITS))
    assert motion.weights.dtype == np.float32
    assert motion.units == UNITS
    assert animate([], np.zeros(0), np.zeros(0)).weights.shape == (0, len(UNITS))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_lips_meet_on_m_and_in_pauses_whatever_the_emotion(head, emotion):
    motion = animate(SEGMENTS, ENERGY, F0, emotion, lead=0.0)
    for t in (0.34, 0.59, 1.5, 1.6):
        gap = lip_gap(head, motion.weights[round(t * 60)])
        assert gap < CLOSED_CM, f"{emotion}: {gap:.2f} cm at {t} s"


@pytest.mark.parametrize("first", ["MM", "SS", "AA"])
def test_lips_stay_closed_in_a_pause_and_part_for_breath_before_speech(head, first):
    time = np.arange(150) / 60
    speaks = np.where((time > 1.0) & (time < 1.4), 0.1, 0.0)
    segments = [(0.1, 0.2, "sil"), (0.2, 1.0, "sil"), (1.0, 1.1, first), (1.1, 1.4, "AA"), (1.4, 2.5, "sil")]
    poses = animate(segments, speaks, speaks * 1200, lead=0.0).weights
    gaps = np.array([lip_gap(head, pose) for pose in poses])
    assert gaps[time < 0.65].max() < CLOSED_CM
    assert gaps[(time > 0.8) & (time < 1.0)].max() > 0.2
    assert gaps[time > 1.6].max() < CLOSED_CM, "no breath is taken at the end"
    if first == "MM":
        assert gaps[(time > 1.0) & (time < 1.08)].min() < CLOSED_CM


def test_the_lips_of_tongue_sounds_are_their_neighbours(head):
    def gap_of(consonant, vowel):
        segments = [(0.0, 0.8, vowel), (0.8, 0.88, consonant), (0.88, 1.75, vowel)]
        pose = animate(segments, ENERGY * 0 + 1, F0, lead=0.0).weights[round(0.84 * 60)]
        return lip_gap(head, pose), pose[INDEX["tongueUp"]]

    for consonant in ("DD", "KK", "LL"):
        assert gap_of(consonant, "AA")[0] > gap_of(consonant, "OO")[0] + 0.3, consonant
    assert gap_of("DD", "AA")[1] > 0.25, "the tongue itself is raised"


def test_mouth_opens_on_the_vowels(head):
    motion = animate(SEGMENTS, ENERGY, F0, lead=0.0)
    for t in (0.47, 0.73):
        assert lip_gap(head, motion.weights[round(t * 60)]) > 0.8


def test_quiet_speech_opens_the_jaw_less():
    quiet = np.where(TIME < 0.6, ENERGY, ENERGY * 0.1)
    loud_jaw, quiet_jaw = (
        animate(SEGMENTS, energy, F0).weights[round(0.73 * 60), INDEX["jawOpen"]] for energy in (ENERGY, quiet)
    )
    assert quiet_jaw < 0.8 * loud_jaw


def test_mouth_leads_the_sound():
    jaw_with, jaw_without = (
        animate(SEGMENTS, ENERGY * 0 + 1, F0, lead=lead).weights[:, INDEX["jawOpen"]] for lead in (2 / 60, 0.0)
    )
    assert np.allclose(jaw_with[3:-3], jaw_without[5:-1], atol=1e-6)


def test_brows_follow_the_pitch():
    rising = F0 * np.where(TIME > 0.8, 1.5, 1.0)
    brow = INDEX["browInnerUp"]
    flat, raised = (animate(SEGMENTS, ENERGY, f0).weights[:, brow] for f0 in (F0, rising))
    assert raised[round(1.1 * 60)] > flat[round(1.1 * 60)] + 0.1


def test_blinks_are_off_unless_asked_for_and_repeat_with_their_seed():
    lids = INDEX["eyeBlinkLeft"]
    seconds = np.ones(600)
    quiet = animate([], seconds * 0, seconds * 0)
    first, again = (animate([], seconds * 0, seconds * 0, blink_seed=3) for _ in range(2))
    assert quiet.weights[:, lids].max() == 0
    assert first.weights[:, lids].max() > 0.9
    assert np.array_equal(first.weights, again.weights)


def test_same_input_gives_the_same_motion_and_none_is_beyond_bounds():
    motions = [animate(SEGMENTS, ENERGY, F0, "fear").weights for _ in range(2)]
    assert np.array_equal(*motions)
    assert motions[0].min() >= -0.5
    assert motions[0].max() <= 1.5


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([(0, 1, "XX")], ENERGY, F0), "XX"),
        ((SEGMENTS, ENERGY, F0, "boredom"), "boredom"),
        (([(1.0, 0.5, "AA")], ENERGY, F0), "AA"),
        ((SEGMENTS, ENERGY, F0[:-1]), "104"),
        ((SEGMENTS, ENERGY * np.nan, F0), "energy"),
        ((SEGMENTS, ENERGY, F0 + np.inf), "f0"),
    ],
)
def test_bad_input_is_named(arguments, named):
    with np.errstate(invalid="ignore"), pytest.raises(InputError, match=named):
        animate(*arguments)


def test_unknown_unit_is_named():
    with pytest.raises(InputError, match="mouthSmirk"):
        weights({"mouthSmirk": 1.0})
    with pytest.raises(InputError, match="mouthSmirk"):
        pair(mouthSmirk=1.0)
    with pytest.raises(InputError, match="finite"):
        weights({"jawOpen": float("nan")})


def test_every_viseme_can_be_spoken():
    for name in VISEMES:
        motion = animate([(0.0, 1.75, name)], ENERGY * 0 + 1, F0).weights
        assert np.allclose(motion[60] > 0.01, weights(VISEMES[name]) > 0.01), name


@pytest.mark.parametrize(
    ("mnemonic", "visemes"),
    [("m", ("MM",)), ("tS", ("CH",)), ("aI", ("AA", "IH")), ("'i:", ("EE",)), ("_:", ("sil",)),
     ("", ("sil",)), ("3:", ("AH",)), ("oU", ("OH", "OO")), ("l^", ("LL",)), ("e@", ("EH",))],
)  # fmt: skip
def test_espeak_mnemonics(mnemonic, visemes):
    assert espeak_visemes(mnemonic) == visemes


@pytest.mark.parametrize(
    ("phone", "visemes"),
    [("M", ("MM",)), ("AY1", ("AA", "IH")), ("SIL", ("sil",)), ("uw0", ("OO",)), ("V", ("FF",))],
)
def test_arpabet_phones(phone, visemes):
    assert arpabet_visemes(phone) == visemes


def test_all_39_arpabet_phones_have_visemes():
    phones = "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
    assert all(set(arpabet_visemes(phone)) <= set(VISEMES) for phone in phones.split())


def test_unknown_phonemes_are_named():
    with pytest.raises(InputError, match="Ξ"):
        espeak_visemes("Ξ")
    with pytest.raises(InputError, match="XYZ"):
        arpabet_visemes("XYZ")


def test_inner_lips_of_the_camera_view_are_where_the_mouth_is(head):
    points = Camera(512).project(head.vertices({})[head.landmark_ids])
    assert 75 < points[54, 0] - points[48, 0] < 90
    assert abs(points[[48, 54], 0].mean() - 255.5) < 0.5
