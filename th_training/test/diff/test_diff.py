"""`th diff`: what is the same, what is not, and how it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rosbags.rosbag2", reason="bags need the Python package rosbags")

from th_audio_io.bag_types import CODE, STAMPED, typestore
from th_audio_io.bag_writer import BagWriter
from th_common.default_model import find_model
from th_common.errors import InputError
from th_common.model_folder import read_card
from th_training.cli import main
from th_training.diff.codes import Codes, read_codes
from th_training.diff.measures import compare, match

EPOCH = 1_795_000_000_000_000_000
FRAME = 1_000_000_000 // 60


def codes(count: int = 40, *, seed: int = 0, begin: int = EPOCH, delay: float = 0.3) -> Codes:
    rng = np.random.default_rng(seed)
    stamps = begin + np.arange(count, dtype=np.int64) * FRAME
    rows = np.cumsum(rng.standard_normal((count, 16)), axis=0).astype(np.float32) / 4
    return Codes(stamps, np.full(count, delay), rows, 8, "face")


def changed(of: Codes, *, rows: Any = slice(None), add: float = 0.0, delay: float = 0.0, shift: int = 0) -> Codes:
    return Codes(of.stamps[rows] + shift, of.delays[rows] + delay, of.codes[rows] + add, 8, "face")


def test_the_same_is_the_same() -> None:
    found = compare(codes(), codes())
    assert found.identical
    assert found.matched == 40
    assert not found.differs(0.0)
    assert found.first is None


def test_where_and_how_much_codes_differ() -> None:
    a = codes()
    b = changed(a)
    b.codes[12, 9] += 0.25
    found = compare(a, b, tolerance=0.1)
    assert found.first == pytest.approx(12 / 60, abs=1e-6)
    assert found.first_dimension == 9
    assert found.beyond == 1
    assert found.worst == pytest.approx(0.25)
    assert found.rms[9] == pytest.approx(0.25 / np.sqrt(40), rel=1e-5)
    assert not found.identical
    assert found.differs(0.2)
    assert not found.differs(0.3)


def test_missing_codes_are_counted_on_either_side() -> None:
    a = codes()
    found = compare(changed(a, rows=np.r_[0:10, 13:40]), changed(a, rows=np.r_[0:30]))
    assert (found.missing_in_a, found.missing_in_b, found.matched) == (3, 10, 27)
    assert found.identical
    assert found.differs(0.0)


def test_recordings_of_different_times_are_aligned_by_their_start() -> None:
    a = codes()
    later = changed(a, shift=3_600_000_000_000 + 12_345)
    assert compare(a, later).identical
    assert compare(a, later).shift == pytest.approx(-3600.000012345)
    with pytest.raises(InputError, match="align them by their start"):
        compare(a, later, align="stamp")
    # half a frame off: still the same frame; more: not
    assert len(match(a, changed(a, shift=FRAME // 3)).a) == 40


def test_skew_of_the_presentation() -> None:
    a = codes()
    delays = compare(a, changed(a, delay=0.02)).delays
    assert delays is not None
    assert (delays.a, delays.b) == (pytest.approx(0.3), pytest.approx(0.32))
    assert delays.skew == pytest.approx(0.02)
    assert delays.spread_a == pytest.approx(0.0, abs=1e-9)


def test_lip_opening_is_that_of_the_faces() -> None:
    rng = np.random.default_rng(3)
    mean = rng.uniform(0, 100, (68, 2))
    mean[36:48, 1] = 30.0
    mean[36:42, 0], mean[42:48, 0] = np.linspace(20, 35, 6), np.linspace(65, 80, 6)

    def landmarks(code: np.ndarray) -> np.ndarray:
        points = mean.copy()
        points[[61, 62, 63], 1], points[[67, 66, 65], 1] = 70.0, 80.0 + code[0]
        return points

    a = codes()
    assert compare(a, a, landmarks=(landmarks, landmarks)).lip_opening_r == pytest.approx(1.0)
    other = compare(a, codes(seed=5), landmarks=(landmarks, landmarks)).lip_opening_r
    assert other is not None
    assert other < 0.99


def write_codes(path: Path, of: Codes, *, model: str = "face", twice: bool = False) -> Path:
    types = typestore().types

    def time(at: int) -> Any:
        return types["builtin_interfaces/msg/Time"](*divmod(int(at), 10**9))

    with BagWriter(path) as bag:
        bag.add("/face/code", CODE)
        bag.add("/audio_stamped", STAMPED)
        for k in [*range(len(of.stamps))] * (1 + twice):
            header = types["std_msgs/msg/Header"](time(of.stamps[k]), "")
            content = types[CODE](
                header=header,
                frame=k,
                after_stop=0,
                present_at=time(int(of.stamps[k]) + round(of.delays[k] * 1e9)),
                shape=of.codes[k, :8],
                appearance=of.codes[k, 8:],
                face_model=model,
                timing=types["th_msgs/msg/Timing"](0.0, 0.0, 0.0, 0.0, 0.0),
            )
            bag.put("/face/code", int(of.stamps[k]) + 400_000_000, content)
        tone = (8000 * np.sin(np.arange(16_000) * 0.2)).astype("<i2").tobytes()
        header = types["std_msgs/msg/Header"](time(int(of.stamps[0])), "")
        audio = types["audio_common_msgs/msg/AudioData"](np.frombuffer(tone, np.uint8))
        bag.put("/audio_stamped", int(of.stamps[0]) + 1, types[STAMPED](header, audio))
    return path


def test_codes_of_a_bag_each_time_once(tmp_path: Path) -> None:
    of = codes()
    read = read_codes(write_codes(tmp_path / "a.bag", of, twice=True))
    np.testing.assert_array_equal(read.stamps, of.stamps)
    np.testing.assert_array_equal(read.codes, of.codes)
    np.testing.assert_allclose(read.delays, of.delays, atol=1e-8)
    assert (read.again, read.shape, read.model) == (40, 8, "face")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main(["diff", *map(str, arguments)])
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out + said.err


def test_the_command_tells_ci(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = read_card(find_model()).id
    of = codes(30)
    a = write_codes(tmp_path / "a", of, model=model)
    b = write_codes(tmp_path / "b", changed(of, add=0.05), model=model)
    status, said = run(capsys, a, a)
    assert status == 0
    assert "the same, to the bit" in said
    status, said = run(capsys, a, b, "--video", tmp_path / "ab.mp4", "--size", 64)
    assert status == 1
    assert "0.05 sd" in said
    assert "appearance 8" in said
    import av

    with av.open(str(tmp_path / "ab.mp4")) as video:
        assert video.streams.video[0].frames == 30
        assert len(video.streams.audio) == 1
    status, said = run(capsys, a, b, "--tolerance", 0.1, "--json")
    assert status == 0
    assert json.loads(said)["worst"] == pytest.approx(0.05, abs=1e-5)
    status, said = run(capsys, a, tmp_path / "nothing")
    assert status == 2
    assert "there is no bag" in said
