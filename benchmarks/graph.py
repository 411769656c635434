"""The composed graph on the example recording: processor share, memory, start-up, computing latency.

graph_core_share      CPU seconds per second of the whole process, no image subscriber, sound not played (median of 5 s windows)
graph_rss_mb          resident memory at the end
first_frame_s         start of the process -> first facial code that arrives here
compute_latency_ms_*  arrival of the sound message that held the last sample a code needs -> arrival of the code
glass_latency_ms_*    sound in -> its face due on the display, by the model's profile: the presentation delay that 99 % of the codes need
                      (TH_BENCH_MODEL: another model than the default)
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audio_common_msgs.msg import AudioDataStamped

from scripts.soak import usage
from tests.graph import face_graph, listening
from th_audio_features import FeatureStream
from th_common.default_model import default_model_folder
from th_common.stamps import to_seconds
from th_face_predictor import load_predictor
from th_face_predictor.delay import SHOW

SECONDS = float(os.environ.get("TH_BENCH_SECONDS", "25"))
WINDOW = 5.0
RATE = 16_000  # of the example recording


def main() -> dict[str, float]:
    """Run the graph once and measure it."""
    model = os.environ.get("TH_BENCH_MODEL") or default_model_folder()
    predictor = load_predictor(model)
    # what the features wait for at this input rate, resampling included, and the network's own right context
    delay = FeatureStream(RATE, predictor.profile).delay + (predictor.lookahead or 0) / 60.0
    sound: list[tuple[float, float]] = []  # end of the message's sound, its arrival
    with listening() as (graph, listener):
        listener.create_subscription(
            AudioDataStamped,
            "audio_stamped",
            lambda m: sound.append((to_seconds(m.header.stamp) + len(m.audio.data) / (2.0 * RATE), time.monotonic())),
            50,
        )
        begin = time.monotonic()
        with face_graph("--source", "example", "--loop", "true", "--model", str(model)) as run:
            if not graph.wait(lambda: bool(listener.codes), 60.0):
                raise SystemExit(run.output)
            first = listener.arrivals["codes"][0] - begin
            shares, memory = [], 0.0
            graph.wait(lambda: False, 2.0)
            for _ in range(round(SECONDS / WINDOW)):
                before, at = usage(run.popen.pid)[0], time.monotonic()
                graph.wait(lambda: False, WINDOW)
                after, memory = usage(run.popen.pid)
                shares.append((after - before) / (time.monotonic() - at))
            status = run.end()
    if status:
        raise SystemExit(f"face_graph ended with {status}")
    ends, arrivals = np.array(sound).T
    needed = np.array([to_seconds(c.header.stamp) for c in listener.codes]) + delay
    # A frame's last sample may be the message's last one; a sample lasts 0.06 ms, stamps are exact to 0.001.
    message = np.searchsorted(ends, needed - 1e-4)
    held = message < len(ends)
    latency = (np.array(listener.arrivals["codes"])[held] - arrivals[message[held]]) * 1e3
    ready = [c.timing.predicted - c.timing.captured for c in listener.codes if c.timing.predicted]
    return {
        f"glass_latency_ms_{predictor.profile}": 1e3 * (float(np.percentile(ready, 99)) + SHOW),
        "graph_core_share": float(np.median(shares)),
        "graph_rss_mb": memory,
        "first_frame_s": first,
        "compute_latency_ms_p50": float(np.percentile(latency, 50)),
        "compute_latency_ms_p99": float(np.percentile(latency, 99)),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
