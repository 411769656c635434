"""How much faster than real time a video is made: 30 s of the example recording, 512 x 512, sound included, all cores."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pysptk.util
import soundfile

from th_training.synthesize import synthesize

SECONDS = 30


def main() -> dict[str, float]:
    """Make one video and time it: wall time, and CPU time of all threads."""
    speech, rate = soundfile.read(pysptk.util.example_audio_file(), dtype="int16")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "speech.wav"
        soundfile.write(source, np.resize(speech, SECONDS * rate), rate)
        begin, used = time.perf_counter(), time.process_time()
        frames = synthesize(source, Path(folder) / "face.mp4")
        wall, cpu = time.perf_counter() - begin, time.process_time() - used
    return {
        "synthesis_x_realtime": frames / 60 / wall,
        "synthesis_cpu_share": cpu / wall / (os.cpu_count() or 1),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
