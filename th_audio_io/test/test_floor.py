"""One way out for the source's own sound and for speech: who may say something, and in which format."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("audio_common_msgs", reason="needs audio_common_msgs")

from th_audio_io import floor
from th_audio_io.floor import Floor


class Topics:
    """Keeps what goes out."""

    def __init__(self, _: Any) -> None:
        self.formats: list[tuple[int, int]] = []
        self.sent: list[bytes] = []

    def announce(self, rate: int, channels: int) -> None:
        self.formats.append((rate, channels))

    def publish(self, data: bytes, begin: float) -> float:
        self.sent.append(data)
        return begin + 1000.0

    def close(self) -> None:
        pass


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> list[Topics]:
    made: list[Topics] = []
    monkeypatch.setattr(floor, "SoundTopics", lambda node: made.append(Topics(node)) or made[-1])
    return made


ONE = np.array([0.5], np.float32)
HALF = (16384).to_bytes(2, "little")


def test_speech_goes_before_the_own_sound_in_its_format(topics: list[Topics]) -> None:
    place: Any = Floor(None)  # type: ignore[arg-type]
    place.open()
    place.begin_own(48_000, 2)
    place.publish_own(b"own", 0.0)
    assert place.take("a", 22_050) == 48_000
    place.publish_own(b"own", 0.1)
    assert place.say("a", ONE, 0.2) == 1000.2
    place.end_own()
    place.say("a", ONE, 0.3)
    place.leave()
    place.publish_own(b"own", 0.4)
    assert topics[0].sent == [b"own", 2 * HALF, 2 * HALF, b"own"], "as announced, also when the recording has ended"
    assert topics[0].formats == [(48_000, 2)]


def test_who_lost_the_floor_says_nothing_any_more(topics: list[Topics]) -> None:
    place: Any = Floor(None)  # type: ignore[arg-type]
    assert place.say("a", ONE, 0.0) is None
    place.open()
    assert place.take("a", 22_050) == 22_050
    assert topics[0].formats == [(22_050, 1)]
    place.hold()
    assert place.say("a", ONE, 0.0) is None
    place.publish_own(b"own", 0.0)
    place.take("b", 16_000)
    assert place.say("a", ONE, 0.0) is None
    assert place.say("b", ONE, 0.0) is not None
    place.close()
    assert place.say("b", ONE, 0.0) is None
    assert topics[0].sent == [HALF]
