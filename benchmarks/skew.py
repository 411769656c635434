"""Sound out against face out of the composed graph: onsets on audio_delayed against onsets of the mouth on face/image.

skew_ms_p99           |face - sound| by the stamps of what is published; sound of this machine's clock
skew_network_ms_p99   the same with 100 ms jitter, 2 % loss, and an operator's clock that is 20 minutes off and 200 ppm fast
skew_*_median_ms      median of face - sound: positive where the face is late
skew_*_onsets_in_time share of the onsets for which the machine was quick enough; the others do not count
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.skew import Network, measure

SECONDS = float(os.environ.get("TH_BENCH_SECONDS", "60"))
SETTLE = 10.0
NETWORKS = {
    "skew": Network(),
    "skew_network": Network(jitter=0.1, loss=0.02, ppm=200.0, behind=1234.5),
}


def main() -> dict[str, float]:
    """Run the graph once for each network."""
    result: dict[str, float] = {}
    for name, network in NETWORKS.items():
        with tempfile.TemporaryDirectory() as folder:
            skew = measure(Path(folder) / "face", network, seconds=SECONDS + SETTLE, settle=SETTLE)
        print(f"{name}: {skew}", file=sys.stderr)
        if not skew.in_time.any():
            raise SystemExit("no onset in time: this machine is too busy")
        result[f"{name}_ms_p99"] = 1e3 * skew.percentile(99)
        result[f"{name}_median_ms"] = 1e3 * float(np.median(skew.stamps[skew.in_time]))
        result[f"{name}_onsets_in_time"] = float(skew.in_time.sum() / max(1, len(skew.stamps) + skew.unmatched))
    return result


if __name__ == "__main__":
    print(json.dumps(main()))
