"""Sound against face at the far end of the real graph: onsets on audio_delayed, and of the mouth on face/image.

A face is made whose mouth follows the energy of its frame, linearly: half open where half of the frame's window is loud, which is
where an onset lies in the window's centre. Its onsets are read from pictures with a table of what each opening looks like.
"""

from __future__ import annotations

import threading
import time
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from th_msgs.msg import FacialCode

from tests.graph import Listener, face_graph, listening
from th_audio_features import extract
from th_common.node import time_message
from th_common.stamps import to_seconds
from th_face_predictor.architecture import Architecture
from th_face_renderer import load_face
from th_face_renderer.testing import synthetic_face

RATE = 16_000
CHUNK = 256
SIDE = 96  # px of the pictures
LOUD, TONE = 0.3, 500.0
BURST = 0.15  # s of tone
SHUT, OPEN = -1.5, 2.5  # first shape parameter of a mouth shut by silence, open by tone
ENERGY = 12  # e among the features
MAX_APART = 0.03  # s between two pictures that a mouth's onset can be read from
AROUND = 0.05  # s around an onset in which codes shape it
IN_TIME = 0.01  # s before it is due that a code must be made, to be drawn in time


def tone(seconds: float) -> np.ndarray:
    """A loud tone, int16."""
    t = np.arange(round(seconds * RATE)) / RATE
    return np.round(32767 * LOUD * np.sin(2 * np.pi * TONE * t)).astype(np.int16)


def bursts(seconds: float, *, seed: int = 0) -> np.ndarray:
    """Bursts of tone at irregular times, int16: no onset has a fixed place in a message, a frame or a picture."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * RATE), np.int16)
    at = 0.5
    while at + BURST + 0.1 < seconds:
        first = round(at * RATE)
        sound[first : first + round(BURST * RATE)] = tone(BURST)
        at += rng.uniform(0.35, 0.5)
    return sound


def energy_face(folder: Path) -> None:
    """A model folder whose first shape parameter goes from SHUT to OPEN with the loud share of the frame's window.

    The network is a BBF whose gates let one unit through: tanh((e - e_half) / 2) of the frame, where e is log energy.
    """
    architecture = Architecture(name="BBF", units=4)
    net = {f"net.{name}": np.zeros(shape, np.float32) for name, shape in architecture.tensor_shapes().items()}
    for layer, source, weight in ((0, ENERGY, 0.5), (1, 0, 0.5)):
        bias = net[f"net.layers.{layer}.bias_ih_l0"]  # input, forget, cell, output gate of two units each
        bias[:] = [30, 30, -30, -30, 0, 0, 30, 30]
        net[f"net.layers.{layer}.weight_ih_l0"][4, source] = weight
    net["net.layers.2.weight"][0, 0] = 1.0
    shut, loud = _through(-8.0), _through(np.log(2.0))
    sd = np.ones(16, np.float32)
    mean = np.zeros(16, np.float32)
    sd[0] = (OPEN - SHUT) / (loud - shut)
    mean[0] = SHUT - sd[0] * shut
    feature_mean = np.zeros(40, np.float32)
    feature_mean[ENERGY] = float(np.median(extract(tone(1.0), RATE, "robot")[10:-10, ENERGY])) - np.log(2.0)
    predictor = net | {
        "feature.mean": feature_mean,
        "feature.sd": np.ones(40, np.float32),
        "code.mean": mean,
        "code.sd": sd,
    }
    synthetic_face(folder, side=SIDE, lookahead=3, network=architecture.to_card(), predictor=predictor)


def half_open() -> float:
    """First shape parameter where half of the window is loud."""
    shut, loud, half = _through(-8.0), _through(np.log(2.0)), _through(0.0)
    return SHUT + (OPEN - SHUT) * (half - shut) / (loud - shut)


def _through(x: float) -> float:
    """What the network makes of a standardised energy."""
    first = np.tanh(np.tanh(0.5 * x))
    return float(np.tanh(np.tanh(0.5 * first)))


@dataclass(frozen=True)
class Network:
    """The way from the operator to the robot, and the operator's clock.

    jitter: s, uniform, of every message. ordered: whether messages wait for those before them. loss: share. ppm: the
    operator's clock runs so much fast. behind: s that it is behind ours at the beginning.
    """

    jitter: float = 0.0
    ordered: bool = True
    loss: float = 0.0
    ppm: float = 0.0
    behind: float = 0.0

    def messages(self, count: int, seed: int = 1) -> list[tuple[float, float, int]]:
        """(s after the beginning when it arrives, stamp in s since the beginning, number) in order of arrival."""
        rng = np.random.default_rng(seed)
        begins = CHUNK / RATE * np.arange(count)
        arrives = begins + CHUNK / RATE + rng.uniform(0, self.jitter, count)
        if self.ordered:
            arrives = np.maximum.accumulate(arrives)
        kept = rng.random(count) >= self.loss
        return sorted(
            (float(arrives[n]), float(begins[n] * (1 + self.ppm * 1e-6)), int(n)) for n in np.flatnonzero(kept)
        )


class Operator(Node):
    """Sends a sound over a network in real time, from a thread of its own."""

    def __init__(self, context: Context, sound: np.ndarray, network: Network) -> None:
        super().__init__("operator", context=context)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._info = self.create_publisher(AudioInfo, "audio_info", latched)
        self._info.publish(AudioInfo(channels=1, sample_rate=RATE, sample_format="S16LE", coding_format="wave"))
        self._sound_out = self.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self._sound, self._network = sound, network
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._stop = threading.Event()

    @property
    def heard(self) -> int:
        """Who listens."""
        return self._sound_out.get_subscription_count()

    @property
    def speaking(self) -> bool:
        """Whether there is more to send."""
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    def _run(self) -> None:
        begin, wall = time.monotonic(), time.time()
        for arrives, stamp, number in self._network.messages(len(self._sound) // CHUNK):
            if self._stop.wait(max(0.0, begin + arrives - time.monotonic())):
                return
            data = self._sound[number * CHUNK : (number + 1) * CHUNK].astype("<i2").tobytes()
            message = AudioDataStamped(audio=AudioData(data=array("B", data)))
            message.header.stamp = time_message(wall - self._network.behind + stamp)
            self._sound_out.publish(message)


class FarEnd(Listener):
    """What the person sees and hears: small pictures and the delayed sound, with stamps and arrivals."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.pictures: list[tuple[float, float, np.ndarray]] = []
        self.pieces: list[tuple[float, float, bytes]] = []
        self.create_subscription(Image, "face/image", self._see, QoSProfile(depth=10))
        best = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
        self.create_subscription(AudioDataStamped, "audio_delayed", self._hear, best)

    def _see(self, message: Image) -> None:
        picture = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
        self.pictures.append((to_seconds(message.header.stamp), time.time(), picture))

    def _hear(self, message: AudioDataStamped) -> None:
        self.pieces.append((to_seconds(message.header.stamp), time.time(), bytes(message.audio.data)))


def sound_onsets(pieces: list[tuple[float, float, bytes]]) -> np.ndarray:
    """(onset by stamp, by arrival) of each burst, s: where 5 ms of sound reach half of its power."""
    samples, stamps, arrivals = [], [], []
    for stamp, arrival, data in pieces:
        piece = np.frombuffer(data, "<i2").astype(np.float64) / 32768
        samples.append(piece)
        stamps.append(stamp + np.arange(len(piece)) / RATE)
        arrivals.append(arrival + np.arange(len(piece)) / RATE)
    sound, stamp, arrival = (np.concatenate(x) for x in (samples, stamps, arrivals))
    window = round(0.004 * RATE)  # two periods of the tone
    power = np.convolve(sound**2, np.full(window, 1 / window), "same")
    rises = np.flatnonzero((power[1:] >= LOUD**2 / 4) & (power[:-1] < LOUD**2 / 4)) + 1
    # What flickers around a concealed hole is no onset: before one there is quiet.
    quiet = np.array([power[max(0, at - RATE // 10) : at].max(initial=0.0) < LOUD**2 / 4 for at in rises], bool)
    rises = rises[quiet] if len(rises) else rises
    return np.stack((stamp[rises], arrival[rises]), axis=1)


def mouth_onsets(pictures: list[tuple[float, float, np.ndarray]], model: Path) -> np.ndarray:
    """(onset by stamp, by arrival, s between the two pictures around it) of each opening of the mouth.

    An onset is where half of the frame's window is loud.
    """
    table = _Openings(model)
    openings = np.array([table(picture) for *_, picture in pictures])
    times = np.array([times for *times, _ in pictures])
    half = half_open()
    rises = np.flatnonzero((openings[1:] >= half) & (openings[:-1] < half))
    part = (half - openings[rises]) / (openings[rises + 1] - openings[rises])
    apart = times[rises + 1] - times[rises]
    onsets = np.column_stack((times[rises] + part[:, None] * apart, apart[:, 0]))
    keep = np.append(True, np.diff(onsets[:, 0]) > 0.1) if len(onsets) else np.zeros(0, bool)
    return onsets[keep]


class _Openings:
    """Picture -> first shape parameter, by how far it lies from the shut face towards the open one."""

    def __init__(self, model: Path) -> None:
        decoder = load_face(model)
        self._codes = np.linspace(SHUT - 0.5, OPEN + 0.5, 121)
        code = np.zeros(16, np.float32)
        pictures = []
        for value in self._codes:
            code[0] = value
            pictures.append(decoder.render(code, size=(SIDE, SIDE)).astype(np.float32))
        self._shut, self._way = pictures[0], pictures[-1] - pictures[0]
        self._places = np.maximum.accumulate([self._place(p) for p in pictures])

    def __call__(self, picture: np.ndarray) -> float:
        return float(np.interp(self._place(picture.astype(np.float32)), self._places, self._codes))

    def _place(self, picture: np.ndarray) -> float:
        return float(np.vdot(picture - self._shut, self._way) / np.vdot(self._way, self._way))


def _codes_in_time(codes: list[FacialCode], onsets: np.ndarray) -> np.ndarray:
    """Of each onset (s, when it was heard): whether the codes around it were all there when they were due, and of the network.

    A mouth that is opened by loudness, because the machine was too slow for the network, opens less wide.
    """
    due = np.array([to_seconds(c.present_at) for c in codes])
    spare = due - np.array([c.timing.predicted for c in codes])
    opening = np.array([c.shape[0] for c in codes])
    near = np.abs(due - onsets[:, None]) < AROUND
    complete = near.sum(axis=1) >= 2 * 60 * AROUND - 1
    punctual = np.where(near, spare, 1.0).min(axis=1) > IN_TIME
    return complete & punctual & (np.where(near, opening, SHUT).max(axis=1) > 0.8 * OPEN)


@dataclass(frozen=True)
class Skew:
    """Face minus sound, s, of each onset: by the stamps of what was published, and by its arrival here.

    in_time: onsets around which every code was made in time and every picture drawn: elsewhere the machine was too slow, which says
    nothing about clocks. unmatched: onsets without a face.
    """

    stamps: np.ndarray
    arrivals: np.ndarray
    in_time: np.ndarray
    unmatched: int
    health: dict[str, dict[str, str]]

    def percentile(self, share: float) -> float:
        """Percentile of |skew| by the stamps, of the onsets in time, s."""
        return float(np.percentile(np.abs(self.stamps[self.in_time]), share))

    def __str__(self) -> str:
        def told(values: np.ndarray) -> str:
            if not len(values):
                return "none"
            size = np.percentile(np.abs(values), (50, 95, 99)) * 1e3
            return f"median {np.median(values) * 1e3:+.1f} ms, |skew| p50/p95/p99 {size[0]:.1f} {size[1]:.1f} {size[2]:.1f} ms"

        return (
            f"{len(self.stamps)} onsets, {int(self.in_time.sum())} in time, {self.unmatched} without a face\n"
            f"  in time:     {told(self.stamps[self.in_time])}\n  all:         {told(self.stamps)}\n"
            f"  by arrival:  {told(self.arrivals)}"
        )


def measure(folder: Path, network: Network, *, seconds: float, settle: float, arguments: tuple[str, ...] = ()) -> Skew:
    """Run the real graph on bursts for so long; the first `settle` s do not count.

    Raises:
        RuntimeError: the graph did not start or did not speak, with what it printed.
    """
    energy_face(folder)
    still = ("-p", "face_renderer:idle_life:=false")  # the mouth is measured against still pictures of it
    size = ("-p", f"face_renderer:height:={SIDE}", "-p", f"face_renderer:width:={SIDE}", *still)
    graph_process = face_graph("--source", "topic", "--model", str(folder), "--ros-args", *size, *arguments)
    with listening(node=FarEnd) as (graph, far_end), graph_process as run:
        operator = graph.add(lambda context: Operator(context, bursts(seconds), network))
        if not graph.wait(lambda: operator.heard >= 2, 60.0):
            raise RuntimeError(run.output)
        begin = time.time()
        operator.start()
        graph.wait(lambda: not operator.speaking, seconds + 60.0)
        graph.wait(lambda: False, 1.0)
        status = run.end()
        if status or not far_end.pieces or not far_end.pictures:
            raise RuntimeError(f"exit status {status}\n{run.output}")
    sound = sound_onsets(far_end.pieces)
    mouth = mouth_onsets(far_end.pictures, folder)
    sound = sound[sound[:, 0] > begin + settle]
    nearest = mouth[np.abs(mouth[:, :1] - sound[:, 0]).argmin(axis=0)]
    found = np.abs(nearest[:, 0] - sound[:, 0]) < 0.15
    skew = (nearest[:, :2] - sound)[found]
    in_time = (nearest[:, 2] < MAX_APART) & _codes_in_time(far_end.codes, sound[:, 0])
    health = {name: {v.key: v.value for v in status.values} for name, status in far_end.health.items()}
    return Skew(
        skew[:, 0],
        skew[:, 1],
        in_time[found],
        int(np.count_nonzero(~found)),
        health,
    )
