"""What rooms, microphones, lines and distances do to a voice: waveform augmentation, seeded.

Every change keeps the length, and so the timing, of the sound; speaking rate, pitch and tract are the voices' own matter
(th_training.speech). Draw once (`Distortion.draw`), apply many times: the same seed gives the same sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.signal

from th_common.errors import InputError

GAIN_DB = (-30.0, 6.0)
SNR_DB = (10.0, 40.0)
ROOM_S = (0.08, 0.6)  # reverberation time T60
BANDS = {  # name: (low, high) Hz
    "full": (20.0, 20000.0),
    "telephone": (300.0, 3400.0),
    "wideband": (60.0, 7000.0),
    "mp3": (20.0, 11000.0),
    "small": (180.0, 9000.0),  # the loudspeaker or microphone of a telephone or toy
}
NOISES = ("white", "pink", "brown", "hum", "fan", "crowd")


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """One chain: compressor -> equaliser and band limit -> room -> gain -> noise -> clipping at full scale.

    Attributes:
        gain: dB, of all.
        snr: dB of speech (its loud parts) over noise, None for no noise; noise: one of NOISES.
        t60: s until a room's sound has fallen by 60 dB, None for no room; direct: dB of direct over reverberant sound.
        band: one of BANDS. tilt, bumps: the equaliser, dB per octave around 1 kHz and dB at 8 points from 100 to 8000 Hz.
        squeeze: 0 none .. 1 all of the loudness differences evened out, as broadcast does.
        seed: of noise and room.
    """

    gain: float = 0.0
    snr: float | None = None
    noise: str = "pink"
    t60: float | None = None
    direct: float = 6.0
    band: str = "full"
    tilt: float = 0.0
    bumps: tuple[float, ...] = ()
    squeeze: float = 0.0
    seed: int = 0

    @classmethod
    def draw(cls, rng: np.random.Generator, *, mild: bool = False) -> Distortion:
        """A chain by chance; `mild`: a good microphone near the speaker, with hardly any noise."""
        seed = int(rng.integers(1 << 31))
        if mild:
            gain = float(rng.uniform(-14.0, 3.0))
            return cls(gain=gain, snr=float(rng.uniform(40, 60)), tilt=float(rng.normal(0, 0.5)), seed=seed)
        return cls(
            gain=float(rng.uniform(*GAIN_DB)),
            snr=float(rng.uniform(*SNR_DB)),
            noise=str(rng.choice(NOISES)),
            t60=float(np.exp(rng.uniform(*np.log(ROOM_S)))) if rng.random() < 0.5 else None,
            direct=float(rng.uniform(-2.0, 14.0)),
            band=str(rng.choice(list(BANDS), p=(0.4, 0.15, 0.2, 0.1, 0.15))),
            tilt=float(rng.normal(0.0, 1.5)),
            bumps=tuple(float(x) for x in rng.normal(0.0, 3.0, 8)),
            squeeze=float(rng.uniform(0.2, 0.7)) if rng.random() < 0.3 else 0.0,
            seed=seed,
        )

    def apply(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Distort a sound: (N,) float in [-1, 1] at sample_rate Hz -> (N,) float32 in [-1, 1].

        Raises:
            InputError: not a mono sound of finite numbers, or an unknown band or noise.
        """
        sound = np.asarray(samples, np.float32)
        if sound.ndim != 1 or not np.isfinite(sound).all():
            raise InputError("sound to distort must be mono (N,) and finite")
        if self.band not in BANDS or self.noise not in NOISES:
            raise InputError(f"there is no band {self.band!r} or no noise {self.noise!r}")
        if not len(sound):
            return sound
        rng = np.random.default_rng(self.seed)
        level = loudness(sound)
        if self.squeeze:
            sound = _squeezed(sound, sample_rate, self.squeeze)
        sound = self._equalised(sound, sample_rate)
        if self.t60 is not None:
            sound = _in_room(sound, sample_rate, self.t60, self.direct, rng)
        now = loudness(sound)
        if now > 0:  # gain alone decides how loud it is
            sound = sound * (level / now)
        if self.snr is not None:
            # A silent sound is given the noise that speech of a usual level would have
            reference = level if level > 0 else 0.1
            hiss = noise(self.noise, len(sound), sample_rate, rng)
            sound = sound + hiss * np.float32(reference * 10 ** (-self.snr / 20))
        return np.clip(sound * np.float32(10 ** (self.gain / 20)), -1.0, 1.0).astype(np.float32)

    def _equalised(self, sound: np.ndarray, rate: int) -> np.ndarray:
        if self.band == "full" and not self.tilt and not self.bumps:
            return sound
        frequency = np.fft.rfftfreq(scipy.fft.next_fast_len(len(sound), real=True), 1 / rate)
        octaves = np.log2(np.maximum(frequency, 30.0) / 1000.0).clip(-4, 4)
        gain = self.tilt * octaves
        if self.bumps:
            points = np.linspace(np.log2(0.1), np.log2(8.0), len(self.bumps))
            gain = gain + np.interp(octaves, points, self.bumps)
        low, high = BANDS[self.band]
        slope = 48.0  # dB per octave outside the band
        gain = gain - slope * np.maximum(0, np.log2(low / np.maximum(frequency, 1.0)))
        gain = gain - slope * 4 * np.maximum(0, np.log2(np.maximum(frequency, 1.0) / high))
        shaped = np.fft.rfft(sound, 2 * (len(frequency) - 1)) * 10 ** (gain / 20)
        return np.fft.irfft(shaped)[: len(sound)].astype(np.float32)


def loudness(sound: np.ndarray) -> float:
    """RMS of the loudest 30 % of a sound's parts (20 ms at 24 kHz): the level of its speech, whatever the pauses."""
    step = max(1, min(len(sound) // 50, 480))
    power = np.square(sound[: len(sound) // step * step], dtype=np.float64).reshape(-1, step).mean(1)
    return float(np.sqrt(power[power >= np.percentile(power, 70)].mean())) if len(power) else 0.0


def noise(kind: str, count: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """(count,) float32 of RMS 1: white, pink, brown, mains hum, a fan, or the murmur of a crowd.

    Raises:
        InputError: no such noise.
    """
    if kind not in NOISES:
        raise InputError(f"there is no noise {kind!r} (there are {', '.join(NOISES)})")
    time = np.arange(count) / rate
    if kind == "hum":
        mains = float(rng.choice([50.0, 60.0]))
        sound = sum(
            (np.sin(2 * np.pi * (mains * k * time + rng.random())) / k for k in range(1, 9)), start=np.zeros(count)
        )
        sound = sound + 0.1 * _coloured(count, rate, 0.0, rng)
    elif kind == "fan":
        blades = rng.uniform(20.0, 90.0)
        sound = _coloured(count, rate, -4.0, rng) * (1 + 0.4 * np.sin(2 * np.pi * blades * time))
    elif kind == "crowd":
        sound = _band(_coloured(count, rate, -3.0, rng), rate, 150.0, 3500.0)
        sound = sound * (1 + 0.5 * np.interp(time, np.arange(0, time[-1] + 1, 0.15) if count else [0.0],
                         rng.normal(0, 1, len(np.arange(0, time[-1] + 1, 0.15)) if count else 1)).clip(-1, 1))  # fmt: skip
    else:
        sound = _coloured(count, rate, {"white": 0.0, "pink": -3.0, "brown": -6.0}[kind], rng)
    rms = float(np.sqrt(np.mean(np.square(sound)))) if count else 0.0
    return (sound / rms if rms else sound).astype(np.float32)


def _coloured(count: int, rate: int, slope: float, rng: np.random.Generator) -> np.ndarray:
    """Noise whose spectrum falls by `slope` dB per octave above 60 Hz."""
    size = scipy.fft.next_fast_len(max(count, 2), real=True)
    frequency = np.fft.rfftfreq(size, 1 / rate)
    spectrum = rng.normal(size=len(frequency)) + 1j * rng.normal(size=len(frequency))
    spectrum *= 10 ** (slope * np.log2(np.maximum(frequency, 60.0) / 60.0) / 20)
    spectrum[0] = 0
    return np.fft.irfft(spectrum, size)[:count]


def _band(sound: np.ndarray, rate: int, low: float, high: float) -> np.ndarray:
    sections = scipy.signal.butter(2, [low, min(high, 0.45 * rate)], "bandpass", fs=rate, output="sos")
    return scipy.signal.sosfilt(sections, sound)


def _squeezed(sound: np.ndarray, rate: int, amount: float) -> np.ndarray:
    """Loudness differences over 0.2 s evened out, but silence not lifted by more than 20 dB."""
    width = max(1, round(0.2 * rate))
    power = scipy.signal.fftconvolve(np.square(sound), np.hanning(width + 2)[1:-1], "same") / (width / 2)
    envelope = np.sqrt(np.maximum(power, 0.0))
    loud = float(envelope.max())
    if loud == 0:
        return sound
    return (sound * np.maximum(envelope / loud, 0.1) ** -amount).astype(np.float32)


def _in_room(sound: np.ndarray, rate: int, t60: float, direct: float, rng: np.random.Generator) -> np.ndarray:
    """The sound and its decaying echo: exponentially falling noise, duller with time, from 3 ms after the direct sound."""
    count = max(2, round(t60 * rate))
    time = np.arange(count) / rate
    response = rng.normal(size=count) * 10 ** (-3 * time / t60)
    response = scipy.signal.lfilter([0.4], [1, -0.6], response)
    response[: round(0.003 * rate)] = 0
    response *= 10 ** (-direct / 20) / max(float(np.sqrt(np.sum(response**2))), 1e-9)
    response[0] = 1.0
    return scipy.signal.fftconvolve(sound, response)[: len(sound)].astype(np.float32)
