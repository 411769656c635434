"""openSMILE 3 with the profile's own definition: HTK's MFCC_E_D_A at 60 frames per second, and F0 by its autocorrelation.

The wheel `opensmile` brings the library; its Python package wants pandas and pyarrow, so only its binding is loaded.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from th_audio_features import Profile

# Components in the order of the flow: name, type, input level, settings. Each writes the level of its own name.
_FRAMES = [("frames", "cFramer", "wave", "frameSize={window};frameStep={hop};frameCenterSpecial=left")]
_MFCC = [
    ("energy", "cEnergy", "frames", "htkcompatible=1;rms=0;log=1"),
    ("pre", "cVectorPreemphasis", "frames", "k=0.97"),
    ("windowed", "cWindower", "pre", "winFunc=ham;gain=1.0"),
    ("fft", "cTransformFFT", "windowed", ""),
    ("magnitude", "cFFTmagphase", "fft", "magnitude=1;phase=0"),
    (
        "mel",
        "cMelspec",
        "magnitude",
        "htkcompatible=1;nBands=20;lofreq=0;hifreq={high};usePower=0;specScale=mel",
    ),
    ("mfcc", "cMfcc", "mel", "firstMfcc=1;lastMfcc=12;cepLifter=22.0;htkcompatible=1"),
]
_DELTAS = [
    ("delta", "cDeltaRegression", "mfcc;energy", "deltawin=2;blocksize=1"),
    ("accel", "cDeltaRegression", "delta", "deltawin=2;blocksize=1"),
]
_F0 = [
    ("pwindowed", "cWindower", "frames", "winFunc=ham;gain=1.0"),
    ("pfft", "cTransformFFT", "pwindowed", ""),
    ("pmagnitude", "cFFTmagphase", "pfft", "magnitude=1;phase=0"),
    ("acf", "cAcf", "pmagnitude", "usePower=1;cepstrum=0"),
    ("cepstrum", "cAcf", "pmagnitude", "usePower=1;cepstrum=1"),
    ("pitch", "cPitchACF", "acf;cepstrum", "maxPitch=500;voiceProb=0;HNR=0;F0=1;voicingCutoff=0.55"),
]
_PIECE = 50_000  # samples that are handed over at once


def opensmile(profile: Profile, *, full: bool) -> Callable[[np.ndarray], np.ndarray] | None:
    """int16 (N,) at the profile's rate -> (T, 13), or with deltas and F0 (T, 40) if `full`; None if it is not installed."""
    spec = importlib.util.find_spec("opensmile")
    if spec is None or not spec.submodule_search_locations:
        return None
    file = Path(spec.submodule_search_locations[0]) / "core" / "lib.py"
    binding_spec = importlib.util.spec_from_file_location("opensmile_binding", file)
    if binding_spec is None or binding_spec.loader is None:
        return None
    binding = importlib.util.module_from_spec(binding_spec)
    binding_spec.loader.exec_module(binding)
    text = _config(profile, full=full)

    def work(samples: np.ndarray) -> np.ndarray:
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
            config.write(text)
            config.flush()
            smile = binding.OpenSMILE()
            smile.initialize(config.name, {}, loglevel=1)
        rows: list[np.ndarray] = []
        smile.external_sink_set_callback("sink", lambda row: rows.append(row.copy()))
        data = samples.astype("<i2")
        for begin in range(0, len(data), _PIECE):
            smile.external_audio_source_write_data("source", data[begin : begin + _PIECE].tobytes())
        smile.external_audio_source_set_eoi("source")
        smile.run()
        smile.free()
        return np.array(rows)

    return work


def _config(profile: Profile, *, full: bool) -> str:
    values = {
        "window": profile.window / profile.analysis_rate,
        "hop": profile.hop / profile.analysis_rate,
        "high": profile.mel_high or profile.analysis_rate / 2,
    }
    components = [*_FRAMES, *_MFCC, *(_DELTAS + _F0 if full else [])]
    levels = "mfcc;energy;delta;accel;pitch" if full else "mfcc;energy"
    names = ["dataMemory:cDataMemory", "source:cExternalAudioSource"]
    names += [f"{name}_c:{kind}" for name, kind, _, _ in components] + ["join:cVectorConcat", "sink:cExternalSink"]
    text = ["[componentInstances:cComponentManager]", "nThreads=1", "printLevelStats=0"]
    text += ["instance[{}].type={}".format(*name.split(":")) for name in names]
    grow = ["writer.levelconf.growDyn=1", "writer.levelconf.isRb=0"]
    text += ["[source:cExternalAudioSource]", "writer.dmLevel=wave", *grow, "channels=1", "nBits=16"]
    text += [f"sampleRate={profile.analysis_rate}", f"blocksize={2 * _PIECE}"]
    for name, kind, reader, settings in components:
        text += [f"[{name}_c:{kind}]", f"reader.dmLevel={reader}", f"writer.dmLevel={name}", *grow]
        text += settings.format(**values).split(";")
    text += ["[join:cVectorConcat]", f"reader.dmLevel={levels}", "writer.dmLevel=features", *grow]
    text += ["includeSingleElementFields=1", "[sink:cExternalSink]", "reader.dmLevel=features", "blocksize=1", ""]
    return "\n".join(text)
