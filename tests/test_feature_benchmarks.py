"""The features' yardsticks: a table and keys for any recording, and no failure where a peer is not installed."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from th_audio_features import PROFILES, extract

SOUND = np.round(3000 * np.random.default_rng(0).normal(size=24_000)).astype(np.int16)


def test_rates_of_a_recording_of_ones_own(root: Path, tmp_path: Path) -> None:
    wavfile.write(tmp_path / "own.wav", 24_000, SOUND)
    command = [sys.executable, str(root / "benchmarks" / "feature_rates.py")]
    done = subprocess.run([*command, str(tmp_path / "own.wav")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert all(f"`{profile}`, 1 recording" in done.stdout for profile in PROFILES)
    keys = json.loads(done.stdout.splitlines()[-1])
    assert {"features_rate_16k_sd", "features_rate_mp3_128k_sd", "features_rate_48k_sd_live"} <= set(keys)
    assert "features_rate_24k_sd" not in keys  # its own rate
    assert keys["features_rate_8k_sd"] > keys["features_rate_48k_sd"] > 0

    done = subprocess.run([*command, str(tmp_path / "none.wav")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("there is no sound file")


@pytest.fixture
def peers(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(root / "benchmarks")
    yield importlib.import_module
    for name in [name for name in sys.modules if name.startswith("feature_peers")]:
        del sys.modules[name]


def test_a_peer_that_is_not_installed_is_none(peers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "librosa", None)
    assert peers("feature_peers.librosa_peer").librosa(PROFILES["robot"], full=True) is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert peers("feature_peers.opensmile_peer").opensmile(PROFILES["robot"], full=True) is None


@pytest.mark.parametrize("profile", ["robot", "live"])
def test_opensmiles_cepstra_and_energy_are_ours(peers, profile: str) -> None:
    work = peers("feature_peers.opensmile_peer").opensmile(PROFILES[profile], full=False)
    if work is None:
        pytest.skip("openSMILE is not installed (requirements/opensmile.txt)")
    np.testing.assert_allclose(work(SOUND), extract(SOUND, 24_000, profile)[:, :13], atol=5e-4)
