"""Label files of the programs that make them."""

import pytest

from th_common.errors import InputError
from th_training.speech.labels import read_labels

PHONES = ((0.0, 0.2, "SIL"), (0.2, 0.35, "B"), (0.35, 0.5, "OH"), (0.5, 0.8, "SIL"))

HTK = """0 2000000 sil
2000000 3500000 b -210.5
3500000 5000000 oh -80.1
5000000 8000000 sil
"""
SECONDS = "0.0 0.2 sil\n0.2 0.35 b\n\n0.35 0.5 oh\n0.5 0.8 sil\n"
ESPS = "signal DC_a01\ntype 0\ncolor 121\nnfields 1\nseparator ;\n#\n  0.2 121 sil\n  0.35 121 b\n 0.5 121 oh ; note\n 0.8 121 sil\n"
PHN = "0 3200 h#\n3200 4000 bcl\n4000 5600 b\n5600 8000 oh\n8000 12800 h#\n"
GRID = """File type = "ooTextFile"
Object class = "TextGrid"
xmin = 0
xmax = 0.8
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 0.8
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 0.8
            text = "bob"
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 0.8
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.2
            text = ""
        intervals [2]:
            xmin = 0.2
            xmax = 0.35
            text = "b"
        intervals [3]:
            xmin = 0.35
            xmax = 0.5
            text = "oh"
        intervals [4]:
            xmin = 0.5
            xmax = 0.8
            text = "sil"
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.lab", HTK), ("a.txt", SECONDS), ("a.lab", ESPS), ("a.phn", PHN), ("a.TextGrid", GRID)],
)
def test_formats(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    found = read_labels(path)
    assert [phone for *_, phone in found] == [phone for *_, phone in PHONES]
    for (start, end, _), (wanted, till, _) in zip(found, PHONES, strict=True):
        assert (start, end) == (pytest.approx(wanted), pytest.approx(till))


def test_praat_saves_utf_16(tmp_path):
    path = tmp_path / "a.TextGrid"
    path.write_bytes(GRID.encode("utf-16"))
    assert [phone for *_, phone in read_labels(path)] == ["SIL", "B", "OH", "SIL"]


def test_an_affricate_is_released_from_its_closure(tmp_path):
    path = tmp_path / "a.phn"
    path.write_text("0 1600 tcl\n1600 3200 ch\n3200 4800 iy\n4800 6400 tcl\n6400 8000 s\n")
    assert [phone for *_, phone in read_labels(path)] == ["CH", "IY", "T", "S"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no label"),
        ("0 1000000 sil\n1000000 oops\n", "line 2"),
        ("0 1000000 qqq\n", "'qqq' is no ARPAbet phone"),
        ("5000000 2000000 aa\n", "no stretch of time"),
        ("0 nan aa\n", "no stretch of time"),
        ("0 9000000 aa\n1000000 2000000 b\n", "overlap"),
        ("#\n abc 121 aa\n", "not `end colour phone`"),
        (GRID.replace('"phones"', '"x"'), "none of its tiers"),
        ("\x00\x01\x02", "line 1"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, text, words):
    path = tmp_path / "DC_a01.lab"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as error:
        read_labels(path)
    assert "DC_a01.lab" in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="not a readable label file"):
        read_labels(tmp_path / "none.lab")
    with pytest.raises(InputError, match="not a readable label file"):
        read_labels(tmp_path)
