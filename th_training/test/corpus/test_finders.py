"""Which recordings a folder holds: SAVEE, GRID, and any folder of videos. The files themselves are not opened."""

from pathlib import Path

import pytest

from th_common.errors import InputError
from th_training.corpus.grid import find_grid, read_align, sentence
from th_training.corpus.recordings import only
from th_training.corpus.savee import EMOTIONS, SENTENCES, find_savee
from th_training.corpus.videos import find_videos


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def savee(tmp_path):
    """Laid out as SAVEE is: clips without, sounds with a leading zero."""
    for speaker in ("DC", "JE"):
        for letters, count in SENTENCES.items():
            for number in range(1, count + 1):
                touch(tmp_path / "AudioVisualClip" / speaker / f"{letters}{number}.avi")
                touch(tmp_path / "AudioData" / speaker / f"{letters}{number:02d}.wav")
    touch(tmp_path / "AudioData" / "Info.txt", "The letters 'a', 'd', 'f' represent emotions\n")
    return tmp_path


def test_savee_has_120_sentences_of_a_speaker(savee):
    found = find_savee(savee)
    assert len(found.recordings) == 120
    assert not found.passed_over
    assert {one.speaker for one in found.recordings} == {"DC"}
    counts = {name: sum(one.emotion == name for one in found.recordings) for name in EMOTIONS.values()}
    assert counts == {name: 30 if name == "neutral" else 15 for name in EMOTIONS.values()}
    one = next(one for one in found.recordings if one.id == "DC-sa07")
    assert one.emotion == "sadness"
    assert one.video == savee / "AudioVisualClip" / "DC" / "sa7.avi"
    assert one.sound == savee / "AudioData" / "DC" / "sa07.wav"
    assert len({one.source for one in found.recordings}) == 120


def test_savee_names_what_is_missing_and_what_is_too_many(savee):
    clips = savee / "AudioVisualClip" / "DC"
    (clips / "a3.avi").unlink()
    (clips / "su15.avi").unlink()
    (savee / "AudioData" / "DC" / "su15.wav").unlink()
    (savee / "AudioData" / "DC" / "f02.wav").unlink()
    touch(clips / "h16.avi")
    touch(clips / "outtake.avi")
    touch(savee / "VideoData" / "DC" / "n01.avi")
    found = find_savee(savee)
    assert len(found.recordings) == 118
    assert found.passed_over["DC-a03"] == "no video, only its sound"
    assert found.passed_over["DC-su15"] == "is missing"
    assert "there are 15 sentences of happiness" in found.passed_over["AudioVisualClip/DC/h16.avi"]
    assert "not that of a sentence" in found.passed_over["AudioVisualClip/DC/outtake.avi"]
    assert "the same sentence as AudioVisualClip/DC/n1.avi" in found.passed_over["VideoData/DC/n01.avi"]
    assert len(found.passed_over) == 5
    assert next(one for one in found.recordings if one.id == "DC-f02").sound is None


def test_savee_says_which_speakers_are_there(savee):
    assert len(find_savee(savee, "JE").recordings) == 120
    with pytest.raises(InputError, match=r"no video of speaker KL .*there are DC, JE"):
        find_savee(savee, "KL")
    with pytest.raises(InputError, match="there is no such folder"):
        find_savee(savee / "missing")


@pytest.mark.parametrize("layout", ["{s}/{n}.avi", "{s}_{n}.mp4", "{s}/video/{s}_{n}.AVI", "All/{s}-{n}.mov"])
def test_savee_is_found_wherever_it_lies(tmp_path, layout):
    for name in ("a01", "sa2", "N30"):
        touch(tmp_path / layout.format(s="JK", n=name))
    found = find_savee(tmp_path, "JK")
    assert [one.id for one in found.recordings] == ["JK-a01", "JK-n30", "JK-sa02"]
    assert list(found.passed_over.values()) == ["is missing"] * 117


def test_savee_takes_a_speakers_own_folder(savee):
    assert len(find_savee(savee / "AudioVisualClip" / "JE", "JE").recordings) == 120


def test_savee_sentences_are_read(savee):
    lines = ["a01\tShe had your dark suit.", "DC n01.wav: She had your dark suit!", "JE a02 Another's.", "sa3, Say it."]
    listed = touch(savee / "sentences.txt", "\n".join([*lines, "not a sentence", "a04 Four.", "h5 Five."]))
    texts = {one.id: one.text for one in find_savee(savee).recordings}
    assert texts["DC-a01"] == "She had your dark suit."
    assert texts["DC-sa03"] == "Say it."
    assert texts["DC-a02"] == ""
    assert {one.id: one.text for one in find_savee(savee, "JE").recordings}["JE-a02"] == "Another's."
    sources = {one.id: one.source for one in find_savee(savee, texts=listed).recordings}
    assert sources["DC-a01"] == sources["DC-n01"]  # one sentence, two emotions: one side of a split
    touch(savee / "AudioData" / "DC" / "a04.txt", "By itself.")
    texts = {one.id: one.text for one in find_savee(savee).recordings}
    assert (texts["DC-a04"], texts["DC-h05"]) == ("By itself.", "Five.")
    with pytest.raises(InputError, match="not a readable text"):
        find_savee(savee, texts=savee / "none.txt")
    with pytest.raises(InputError, match="holds no sentence"):
        find_savee(savee, texts=touch(savee / "other.txt", "nothing here"))


def test_grid_reads_words(tmp_path):
    touch(tmp_path / "video" / "bbaf2n.mpg")
    touch(tmp_path / "video" / "lwws9s.mpg")
    touch(tmp_path / "align" / "bbaf2n.align", "0 100 sil\n100 200 bin\n200 300 green\n300 400 sp\n")
    touch(tmp_path / "align" / "gone.align", "0 1 bin\n")
    found = find_grid(tmp_path)
    assert {one.id: one.text for one in found.recordings} == {
        "bbaf2n": "bin green",
        "lwws9s": "lay white with s nine soon",
    }
    assert found.passed_over == {"gone.align": "a transcript without a video"}
    assert sentence("s1") == sentence("xxxxxx") == ""


@pytest.mark.parametrize("text", ["0 1\n", "a b bin\n", "5 1 bin\n", "0 1 sil\n", ""])
def test_a_bad_grid_transcript_is_named(tmp_path, text):
    path = touch(tmp_path / "bbaf2n.align", text)
    with pytest.raises(InputError, match=r"bbaf2n.align"):
        read_align(path)
    touch(tmp_path / "bbaf2n.mpg")
    found = find_grid(tmp_path)
    assert found.recordings[0].text == "bin blue at f two now"
    assert "bbaf2n.align" in found.passed_over


def test_videos_with_what_lies_beside_them(tmp_path):
    touch(tmp_path / "a" / "talk.mp4")
    touch(tmp_path / "a" / "talk.wav")
    touch(tmp_path / "a" / "talk.txt", "Hello\nthere.\n")
    touch(tmp_path / "b" / "talk.mp4")
    touch(tmp_path / "b" / "Ü 1.webm")
    one, three, two = find_videos(tmp_path, speaker="me", emotion="fear").recordings
    assert (one.id, one.text, one.sound, one.source) == ("talk", "Hello there.", tmp_path / "a" / "talk.wav", "talk")
    assert (two.id, two.sound) == ("x_1", None)
    assert three.id == "b-talk"
    assert {one.emotion, two.emotion} == {"fear"}
    assert {one.speaker for one in (one, two, three)} == {"me"}


def test_videos_with_a_table(tmp_path):
    for name in ("one", "two"):
        touch(tmp_path / "v" / f"{name}.mp4")
    sound = touch(tmp_path / "s" / "x.wav")
    lines = ["name,text,emotion,sound", 'one.mp4,"Hello, you.",anger,s/x.wav', "two,,,", "three,Nothing.,,"]
    found = find_videos(tmp_path / "v", table=touch(tmp_path / "t.csv", "\n".join(lines)))
    one, two = found.recordings
    assert (one.text, one.emotion, one.sound, one.source) == ("Hello, you.", "anger", sound, "Hello, you.")
    assert (two.text, two.emotion, two.source) == ("", "neutral", "two")
    assert list(found.passed_over) == ["three"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["file,text"], "one of them `name`"),
        (["name,mood"], "no column 'mood'"),
        (["name,emotion", "one,angry"], "line 2: there is no emotion 'angry'"),
        (["name,text", "one,a,b"], "line 2 has 3 values"),
        (["name", "one", "one"], "line 3 is the second of 'one'"),
        (["name,sound", "one,gone.wav"], "no sound file 'gone.wav'"),
        ([], "one of them `name`"),
    ],
)
def test_a_bad_table_is_named(tmp_path, lines, said):
    touch(tmp_path / "v" / "one.mp4")
    with pytest.raises(InputError, match=said):
        find_videos(tmp_path / "v", table=touch(tmp_path / "t.csv", "\n".join(lines)))


def test_a_folder_without_videos_is_refused(tmp_path):
    for find in (find_videos, find_grid):
        with pytest.raises(InputError, match="no video in this folder"):
            find(tmp_path)
    with pytest.raises(InputError, match="no emotion 'gloom'"):
        find_videos(touch(tmp_path / "a.mp4").parent, emotion="gloom")


def test_some_of_them_can_be_chosen(tmp_path):
    for name in ("one", "two"):
        touch(tmp_path / f"{name}.mp4")
    found = find_videos(tmp_path)
    assert [one.id for one in only(found, ["two"]).recordings] == ["two"]
    assert only(found, []) == found
    with pytest.raises(InputError, match="no recording 'three'"):
        only(found, ["three"])
