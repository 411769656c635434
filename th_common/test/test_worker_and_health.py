"""The mailbox drops the oldest and never blocks; faults come, stay and go as they are told."""

from __future__ import annotations

import threading

from th_common.health import Health, Level
from th_common.worker import Worker


def test_full_mailbox_drops_the_oldest() -> None:
    gate = threading.Event()
    done: list[object] = []
    dropped: list[int] = []

    def process(item: int) -> None:
        gate.wait(5.0)
        done.append(item)

    worker = Worker("w", process, capacity=3, on_error=done.append, on_drop=lambda: dropped.append(1))
    worker.put(0)
    while len(worker):  # until item 0 is in hand
        pass
    for item in range(1, 6):
        worker.put(item)
    gate.set()
    assert worker.drain(5.0)
    assert done == [0, 3, 4, 5]
    assert len(dropped) == 2
    worker.stop()


def test_error_does_not_end_the_thread() -> None:
    seen: list[object] = []

    def process(item: int) -> None:
        if item == 1:
            raise ValueError("one")
        seen.append(item)

    worker = Worker("w", process, on_error=lambda e: seen.append(str(e)))
    for item in (0, 1, 2):
        worker.put(item)
    assert worker.drain(5.0)
    assert seen == [0, "one", 2]
    worker.stop()
    worker.put(3)  # after the end: no error, no effect
    assert len(worker) == 0


def test_idle_work_is_done_without_items_and_only_when_it_asks() -> None:
    asked: list[str] = []
    called = threading.Event()

    def idle() -> float | None:
        asked.append("idle")
        if len(asked) < 4:
            return 0.001
        called.set()
        return None

    worker = Worker("w", lambda item: asked.append(str(item)), on_error=asked.append, idle=idle)
    worker.put(1)
    assert called.wait(5.0)
    assert asked == ["1", "idle", "idle", "idle"]
    worker.stop()


def test_what_waits_can_be_replaced_or_taken_together() -> None:
    gate, held = threading.Event(), threading.Event()
    done: list[list[int]] = []

    def process(item: int) -> None:
        held.set()
        gate.wait(5.0)
        done.append([item, *worker.take_waiting()])

    worker = Worker("w", process, on_error=lambda error: None)
    worker.put(0)
    assert held.wait(5.0)
    for item in (1, 2, 3):
        worker.put(item)
    worker.replace(9)
    worker.put(10)
    gate.set()
    assert worker.drain(5.0)
    assert done == [[0, 9, 10]]
    worker.stop()


def test_faults_hold_expire_and_clear() -> None:
    now = [0.0]
    health = Health(clock=lambda: now[0])
    assert health.snapshot().level == Level.OK
    assert health.raise_fault("gap", "lost 3 messages", hold=5.0)
    assert not health.raise_fault("gap", "lost 4 messages", hold=5.0)
    health.raise_fault("model", "missing", level=Level.ERROR)
    shot = health.snapshot()
    assert shot.level == Level.ERROR
    assert shot.message == "model: missing; gap: lost 4 messages"
    now[0] = 6.0
    assert health.snapshot().message == "model: missing"
    health.clear_fault("model")
    assert health.snapshot().level == Level.OK
    assert health.raise_fault("gap", "again", hold=5.0)


def test_counters_and_values_show() -> None:
    health = Health()
    health.count("gaps")
    health.count("gaps", 2)
    health.set("rate", 59.98765)
    assert health.snapshot().values == {"gaps": "3", "rate": "59.99"}


def test_a_count_does_not_hide_a_value_of_the_same_name() -> None:
    health = Health()
    health.set("loudspeaker", "front")
    health.count("loudspeaker")
    assert health.snapshot().values == {"loudspeaker": "front", "loudspeaker count": "1"}
