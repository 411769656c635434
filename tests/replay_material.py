"""The small bag that replays are tested with, and what a small predictor says to it.

`python -m tests.replay_material` makes both anew (needs espeak-ng): tests/data/replay (our own sentence, spoken by espeak-ng;
CC0) and tests/data/replay_codes.npz.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from th_audio_io.bag_types import INFO, STAMPED, typestore
from th_audio_io.bag_writer import BagWriter, offered
from th_audio_io.formats import to_s16
from th_common.model_folder import write_model
from th_face_predictor.architecture import Architecture

DATA = Path(__file__).resolve().parent / "data"
BAG, CODES = DATA / "replay", DATA / "replay_codes.npz"
EPOCH = 1_795_000_000_123_456_789
RATE = 16_000
PAUSE = 0.7  # s in which the source sends nothing
WORDS = ("Good evening, and welcome.", "Shall we begin?")


def message(data: bytes, stamp: int) -> Any:
    """AudioDataStamped."""
    types = typestore().types
    header = types["std_msgs/msg/Header"](types["builtin_interfaces/msg/Time"](*divmod(stamp, 10**9)), "microphone")
    audio = types["audio_common_msgs/msg/AudioData"](data=np.frombuffer(data, np.uint8))
    return types[STAMPED](header, audio)


def write_bag(
    path: Path, parts: list[tuple[int, bytes]], chunks: list[int], *, storage: str = "mcap", late: int = -1
) -> Path:
    """Sound that begins at (ns) each, S16LE mono, in messages of so many samples in turn; message number `late` is overtaken."""
    sent = []
    for begin, sound in parts:
        at = 0
        while 2 * at < len(sound):
            count = chunks[len(sent) % len(chunks)]
            stamp = begin + at * 10**9 // RATE
            received = stamp + count * 10**9 // RATE + 4_000_000 + (97 * len(sent) % 31) * 100_000
            received += 60_000_000 if len(sent) == late else 0
            sent.append((received, stamp, sound[2 * at : 2 * (at + count)]))
            at += count
    with BagWriter(path, storage) as bag:
        bag.add("/audio_info", INFO, [offered(latched=True, depth=1)])
        bag.add("/audio_stamped", STAMPED, [offered(depth=50)])
        info = typestore().types[INFO](1, RATE, "S16LE", 16 * RATE, "wave")
        bag.put("/audio_info", min(sent)[0] - 1, info)
        for received, stamp, data in sorted(sent):
            bag.put("/audio_stamped", received, message(data, stamp))
    return path


def write_small_model(folder: Path) -> Path:
    """A predictor of 12 units with random weights, for the features of a voice: numbers that no new face changes."""
    architecture = Architecture(name="BBF", units=12)
    rng = np.random.default_rng(8)
    tensors = {
        f"net.{name}": (rng.uniform(-2, 2, shape) / np.sqrt(shape[-1])).astype(np.float32)
        for name, shape in architecture.tensor_shapes().items()
    }
    spread = np.concatenate((np.full(12, 8.0), [3.0], np.full(12, 1.0), [0.4], np.full(12, 0.3), [0.1], [80.0]))
    mean = np.concatenate((np.zeros(12), [14.0], np.zeros(26), [60.0]))
    tensors |= {"feature.mean": mean.astype(np.float32), "feature.sd": spread.astype(np.float32)}
    tensors |= {"code.mean": np.zeros(16, np.float32), "code.sd": np.ones(16, np.float32)}
    write_model(
        folder,
        name="replay test",
        profile="robot",
        shape=8,
        appearance=8,
        lookahead=5,
        licence="CC0-1.0",
        network=architecture.to_card(),
        training={},
        face={"rest": np.zeros(16, np.float32)},
        predictor=tensors,
    )
    return folder


def _speak(text: str, scratch: Path) -> bytes:
    subprocess.run(["espeak-ng", "-v", "en", "-s", "170", "-w", str(scratch / "a.wav"), text], check=True)
    samples, rate = soundfile.read(scratch / "a.wav", dtype="float32")
    return to_s16(soxr.resample(samples, rate, RATE))


def main() -> None:
    import tempfile

    from th_training.diff.codes import read_codes

    with tempfile.TemporaryDirectory() as folder:
        parts, begin = [], EPOCH
        for words in WORDS:
            sound = _speak(words, Path(folder))
            parts.append((begin, sound))
            begin += len(sound) // 2 * 10**9 // RATE + round(PAUSE * 1e9)
        shutil.rmtree(BAG, ignore_errors=True)
        write_bag(BAG, parts, [320], late=40)
        model = write_small_model(Path(folder) / "model")
        made = read_codes(BAG, model=model)
        np.savez_compressed(CODES, stamps=made.stamps, codes=made.codes)
    size = sum(f.stat().st_size for f in [*BAG.iterdir(), CODES])
    print(f"{BAG.name}: {len(made.stamps)} codes, {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
