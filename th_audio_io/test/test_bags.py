"""Bags: written, read, saved after a kill, and the sound of any robot found in them."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rosbags.rosbag2", reason="bags need the Python package rosbags")

from th_audio_io.bag_reader import BagReader
from th_audio_io.bag_repair import repair
from th_audio_io.bag_sound import cut, find_sound, read_sound
from th_audio_io.bag_types import AUDIO, CODE, INFO, STAMPED, typestore
from th_audio_io.bag_writer import STORAGES, BagWriter, offered
from th_audio_io.formats import AudioFormat
from th_audio_io.intake import AudioIntake
from th_common.errors import InputError

EPOCH = 1_795_000_000_000_000_000
RATE = 16_000


def audio(data: bytes) -> Any:
    return typestore().types[AUDIO](data=np.frombuffer(data, np.uint8))


def stamped(data: bytes, stamp: int) -> Any:
    types = typestore().types
    time = types["builtin_interfaces/msg/Time"](*divmod(stamp, 1_000_000_000))
    return types[STAMPED](types["std_msgs/msg/Header"](time, ""), audio(data))


def info(**fields: Any) -> Any:
    given = {"channels": 1, "sample_rate": RATE, "sample_format": "S16LE", "bitrate": 0, "coding_format": "wave"}
    return typestore().types[INFO](**{**given, **fields})


def noise(count: int) -> bytes:
    return np.random.default_rng(1).integers(-9000, 9000, count).astype("<i2").tobytes()


def write_sound(path: Path, sound: bytes, *, chunk: int = 160, storage: str = "mcap", late: int = -1) -> Path:
    """S16LE at 16 kHz in messages of `chunk` samples, received 5 ms after their end; number `late` comes three later."""
    messages = []
    for k, at in enumerate(range(0, len(sound), 2 * chunk)):
        stamp = EPOCH + at // 2 * 1_000_000_000 // RATE
        received = stamp + (chunk + 80) * 1_000_000_000 // RATE
        messages.append((received + (3 * chunk * 62_500 + 1 if k == late else 0), stamp, sound[at : at + 2 * chunk]))
    with BagWriter(path, storage) as bag:
        bag.add("/robot/audio_info", INFO, [offered(latched=True, depth=1)])
        bag.add("/robot/audio_stamped", STAMPED, [offered(depth=50)])
        bag.put("/robot/audio_info", EPOCH, info())
        for received, stamp, data in sorted(messages):
            bag.put("/robot/audio_stamped", received, stamped(data, stamp))
    return path


@pytest.mark.parametrize("storage", STORAGES)
def test_what_is_written_is_read(tmp_path: Path, storage: str) -> None:
    sound = noise(4000)
    path = write_sound(tmp_path / "a", sound, storage=storage)
    with BagReader(path) as bag:
        assert bag.counts == {"/robot/audio_info": 1, "/robot/audio_stamped": 25}
        pieces = list(read_sound(bag, find_sound(bag)))
    assert b"".join(p.data for p in pieces) == sound
    assert [p.stamp for p in pieces] == [EPOCH + k * 10_000_000 for k in range(25)]
    assert {p.format for p in pieces} == {AudioFormat()}
    assert {p.length for p in pieces} == {10_000_000}
    text = (path / "metadata.yaml").read_text()
    assert "version: 9" in text
    assert "durability: transient_local" in text


def test_hashes_are_those_of_the_installed_types() -> None:
    json = pytest.importorskip("json")
    found = 0
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        for name in (CODE, STAMPED):
            package, _, message = name.split("/")
            file = Path(prefix) / "share" / package / "msg" / f"{message}.json"
            if file.is_file():
                hashes = {h["type_name"]: h["hash_string"] for h in json.loads(file.read_text())["type_hashes"]}
                assert typestore().hash_rihs01(name) == hashes[name]
                found += 1
    if not found:
        pytest.skip("no built messages here (make build)")


@pytest.mark.parametrize("storage", STORAGES)
def test_a_killed_recording_is_saved_up_to_its_last_checkpoint(tmp_path: Path, storage: str) -> None:
    path = tmp_path / "killed"
    child = os.fork()
    if not child:
        bag = BagWriter(path, storage)
        bag.add("/audio", AUDIO, [offered()])
        for k in range(100):
            bag.put("/audio", EPOCH + k - 3 * (k % 7 == 0), audio(noise(500)))  # as they come from several topics
            if k == 79:
                bag.checkpoint()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    if storage == "mcap":
        with pytest.raises(InputError, match="REPAIR"):
            BagReader(path)
        file = next(path.glob("*.mcap"))
        file.write_bytes(file.read_bytes() + b"\x05\x50\x00")  # a record cut off
    else:
        with BagReader(path) as bag:
            assert bag.counts == {"/audio": 80}
    assert repair(path, tmp_path / "saved") == {"/audio": 80}
    with BagReader(tmp_path / "saved") as bag:
        times = [m.time for m in bag.messages(["/audio"])]
    assert len(times) == 80
    assert times == sorted(times)


def test_overtaken_messages_come_in_their_turn(tmp_path: Path) -> None:
    sound = noise(3200)
    with BagReader(write_sound(tmp_path / "a", sound, late=7)) as bag:
        received = [m.content.header.stamp.nanosec for m in bag.messages(["/robot/audio_stamped"])]
        pieces = list(read_sound(bag, find_sound(bag)))
    assert received != sorted(received)
    assert b"".join(p.data for p in pieces) == sound


def test_unstamped_sound_is_stamped_as_the_intake_places_it(tmp_path: Path) -> None:
    """A replay with these stamps puts every chunk where a live graph that heard the messages arrive put it."""
    sound, chunk = noise(RATE), 320
    rng = np.random.default_rng(2)
    arrivals = [
        EPOCH + k * 20_000_000 + 25_000_000 + int(rng.exponential(3e6)) + (400_000_000 if k >= 30 else 0)
        for k in range(50)
    ]
    with BagWriter(tmp_path / "a") as bag:
        bag.add("/audio/audio", AUDIO)
        bag.add("/audio/audio_info", INFO)
        bag.put("/audio/audio_info", EPOCH, info())
        for k, arrival in enumerate(arrivals):
            bag.put("/audio/audio", arrival, audio(sound[2 * chunk * k : 2 * chunk * (k + 1)]))
    live, replayed = AudioIntake(), AudioIntake()
    with BagReader(tmp_path / "a") as reader:
        pieces = list(read_sound(reader, find_sound(reader)))
    for piece, arrival in zip(pieces, arrivals, strict=True):
        (heard,) = live.push(piece.data, stamp=None, arrival=arrival * 1e-9)
        (again,) = replayed.push(piece.data, stamp=piece.stamp * 1e-9, arrival=0.0)
        assert again.time + again.concealed / RATE == pytest.approx(heard.time + heard.concealed / RATE, abs=5e-3)
        assert again.start == heard.start
    assert live.counters.streams == 2


def test_mp3_of_audio_capture(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    time = np.arange(2 * 44_100) / 44_100
    tone = (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    coder = av.CodecContext.create("mp3", "w")
    coder.sample_rate, coder.layout, coder.format = 44_100, "mono", "s16p"
    packets = []
    for at in [*range(0, len(tone), 1152), None]:
        frame = None
        if at is not None:
            frame = av.AudioFrame.from_ndarray(tone[None, at : at + 1152], format="s16p", layout="mono")
            frame.sample_rate = 44_100
        packets += [bytes(p) for p in coder.encode(frame)]
    stream = b"".join(packets)
    with BagWriter(
        tmp_path / "a", "sqlite3"
    ) as bag:  # as the capture node publishes it: cut anywhere, no stamps, late info
        bag.add("/audio", AUDIO)
        bag.add("/audio_info", INFO)
        for k, at in enumerate(range(0, len(stream), 600)):
            bag.put("/audio", EPOCH + k * 37_500_000, audio(stream[at : at + 600]))
            if k == 2:
                bag.put("/audio_info", EPOCH + k * 37_500_000, info(coding_format="mp3", sample_rate=44_100))
    intake = AudioIntake()
    with BagReader(tmp_path / "a") as reader:
        pieces = list(read_sound(reader, find_sound(reader)))
    assert pieces[0].format.coding == "mp3"
    intake.set_format(rate=44_100, coding="mp3")
    chunks = [c for p in pieces for c in intake.push(p.data, stamp=p.stamp * 1e-9, arrival=0.0)]
    assert intake.counters.streams == 1
    assert sum(len(c.samples) for c in chunks) == pytest.approx(2 * 44_100, abs=3000)


def test_several_sounds_must_be_chosen_from(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "a") as bag:
        for robot in ("one", "two"):
            bag.add(f"/{robot}/audio", AUDIO)
            bag.add(f"/{robot}/audio_delayed", STAMPED)
            bag.add(f"/{robot}/audio_info", INFO)
            bag.put(f"/{robot}/audio", EPOCH, audio(noise(100)))
            bag.put(f"/{robot}/audio_delayed", EPOCH, stamped(noise(100), EPOCH))
            bag.put(f"/{robot}/audio_info", EPOCH, info(channels=2 if robot == "two" else 1))
    with BagReader(tmp_path / "a") as reader:
        with pytest.raises(InputError, match="/one/audio, /two/audio"):
            find_sound(reader)
        sound = find_sound(reader, "two/audio")
        assert next(read_sound(reader, sound)).format.channels == 2
        with pytest.raises(InputError, match="no sound on"):
            find_sound(reader, "three/audio")


def test_bags_without_definitions_and_of_ros_1(tmp_path: Path) -> None:
    sound = noise(1600)
    old = write_sound(tmp_path / "old", sound, storage="sqlite3")
    database = sqlite3.connect(next(old.glob("*.db3")))
    database.execute("UPDATE schema SET schema_version = 3")
    database.execute("DROP TABLE message_definitions")
    database.commit()
    database.close()
    rosbag1 = pytest.importorskip("rosbags.rosbag1")
    store = typestore()
    with rosbag1.Writer(tmp_path / "one.bag") as writer:
        topic = writer.add_connection("/audio/audio", AUDIO, typestore=store)
        for k in range(10):
            data = store.serialize_ros1(audio(sound[320 * k : 320 * (k + 1)]), AUDIO)
            writer.write(topic, EPOCH + (k + 1) * 10_000_000, data)
    for path in (old, tmp_path / "one.bag"):
        with BagReader(path) as bag:
            assert b"".join(p.data for p in read_sound(bag, find_sound(bag))) == sound


def test_start_and_duration(tmp_path: Path) -> None:
    with BagReader(write_sound(tmp_path / "a", noise(RATE))) as bag:
        stamps = [p.stamp - EPOCH for p in cut(read_sound(bag, find_sound(bag)), 0.25, 0.5)]
    assert stamps[0] == 250_000_000
    assert stamps[-1] == 740_000_000


@pytest.mark.parametrize("content", [b"", b"\x89MCAP0\r\n" + b"\x01" * 50, os.urandom(300)])
def test_what_is_no_bag_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.mcap"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.mcap"):
        BagReader(file)
    with pytest.raises(InputError, match="there is no bag"):
        BagReader(tmp_path / "nothing")
