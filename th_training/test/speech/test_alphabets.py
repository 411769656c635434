"""Every alphabet that a source speaks ends in the 46 phones."""

import pytest

from th_common.errors import InputError
from th_training.speech import alphabets, espeak, sentences, voices
from th_training.speech.phones import PHONES

TIMIT = """b d g p t k dx q jh ch s sh z zh f th v dh m n ng em en eng nx l r w y hh hv el iy ih eh ey ae aa aw ay ah ao oy ow uh
uw ux er ax ix axr ax-h bcl dcl gcl pcl tcl kcl pau epi h#"""
BEEP = """aa ae ah ao aw ax ay b ch d dh ea eh er ey f g hh ia ih iy jh k l m n ng oh ow oy p r s sh t th ua uh uw v w y z zh
sil sp"""


def test_arpabet_in_its_dialects():
    assert {alphabets.arpabet(name) for name in TIMIT.split()} <= set(PHONES)
    assert {alphabets.arpabet(name) for name in BEEP.split()} == set(PHONES)
    assert [alphabets.arpabet(name) for name in ("AH0", "iy1", "pau", "dx", "tcl")] == ["AH", "IY", "SIL", "T", "T"]
    with pytest.raises(InputError, match="xx"):
        alphabets.arpabet("xx")


def test_espeak_mnemonics():
    assert [alphabets.espeak(name) for name in ("@", "'e@", "tS", "_:", ";", "t#")] == [
        "AX",
        "EA",
        "CH",
        "SIL",
        "",
        "T",
    ]
    with pytest.raises(InputError, match="@@@"):
        alphabets.espeak("@@@")


@pytest.mark.skipif(not espeak.installed(), reason="espeak-ng is not installed")
@pytest.mark.parametrize("language", ["en", *sorted(sentences.FOREIGN)])
def test_what_espeak_says_is_known(language):
    voice = next(v for v in voices.VOICES if v.language == language and v.engine == "espeak")
    texts = sentences.FOREIGN.get(language) or [text for _, text in sentences.english()]
    for text in texts:
        for _, _, name in espeak.phones(text, voice=voice.settings["voice"])[2]:
            assert alphabets.espeak(name) in {"", *PHONES}


def test_ipa_letters_in_pairs():
    letters = [
        ("t", 0.1),
        ("ʃ", 0.1),
        ("a", 0.1),
        ("ɪ", 0.1),
        (" ", 0.01),
        ("t", 0.1),
        (" ", 0.01),
        ("ʃ", 0.1),
        ("i", 0.1),
        ("ː", 0.1),
    ]
    found = alphabets.paired(letters)
    assert [symbol for symbol, _ in found] == ["tʃ", "aɪ", " ", "t", " ", "ʃ", "i", "ː"]
    assert found[0][1] == pytest.approx(0.2)
    assert [alphabets.ipa(symbol) for symbol in ("tʃ", "aɪ", "sil", "ɚ", "O")] == ["CH", "AY", "SIL", "ER", "OW"]
    with pytest.raises(InputError, match="ꙮ"):
        alphabets.ipa("ꙮ")


def test_marks_give_their_time_to_the_phone_before():
    phones = [(-0.1, 0.1, "m"), (0.1, 0.2, ";"), (0.2, 0.6, "@"), (0.6, 0.7, "_")]
    assert alphabets.translated(phones, alphabets.espeak, duration=0.5) == ((0.0, 0.2, "M"), (0.2, 0.5, "AX"))


@pytest.mark.parametrize("engine", ["espeak", "flite", "hibari", "piper"])
def test_voices_tell_their_phones(engine):
    voice = next((v for v in voices.VOICES if v.engine == engine and voices.installed(v)), None)
    if voice is None:
        pytest.skip(f"{engine} is not installed")
    utterance = voices.speak(voice, "Bob put my map on top of the pump.", seed=2)
    spoken = [name for _, _, name in utterance.phones if name not in ("SIL", "SP")]
    assert set(spoken) <= set(PHONES)
    assert 22 <= len(spoken) <= 27  # 25 in the dictionary
    assert "".join(name for name in spoken if name in ("B", "P", "M")) == "BBPMMPPPMP"
    starts = [start for start, _, _ in utterance.phones]
    assert starts == sorted(starts)
    assert utterance.phones[-1][1] <= utterance.duration + 1e-6
