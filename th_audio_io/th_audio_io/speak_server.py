"""The action `speak`: recordings in, the face says them one after the other.

All decisions fall in the executor, in `_tick` and in the action's callbacks; sound is read in a worker of the node and sent in a thread
per goal. Every goal is accepted and answered in words: a rejected one could not be told why.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from rclpy.action import ActionServer, CancelResponse
from rclpy.subscription import Subscription
from rclpy.task import Future
from rclpy.timer import Timer
from std_msgs.msg import Empty
from th_msgs.action import Speak
from th_msgs.msg import FacialCode

from th_audio_io.floor import Floor
from th_audio_io.pacing import Pacer, rechunk
from th_audio_io.progress import Progress
from th_audio_io.speech import Speech, speech_from_bytes, speech_from_file
from th_common.errors import InputError
from th_common.node import FRAMES_DEPTH, STOP_TOPIC, TalkingHeadNode
from th_common.stamps import to_seconds
from th_common.worker import Worker

MOST_GOALS = 16
PERIOD = 0.02  # s between looks at how far things are
FEEDBACK = 0.1  # s between two messages of feedback
RESULT_KEPT = 60  # s, and with it the goal's data
SETTLE = 0.1  # s for a format or a stop to arrive before sound that follows it
LINGER = 0.5  # s that a stop may take to come back to us before the next piece of speech
OWN_STOP = 2.0  # s in which our own stop comes back to us


class Goal:
    """One goal on its way. `reason` is set by the threads, in which nothing is decided."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.request: Speak.Goal = handle.request
        self.speech: Speech | None = None
        self.progress = Progress(0.0)
        self.over = threading.Event()
        self.result = Future()
        self.reason = ""


class SpeakServer:
    """Serves `speak` for a source node as long as the node exists; what comes while that is not active is refused."""

    def __init__(self, node: TalkingHeadNode, floor: Floor) -> None:
        self._node, self._floor = node, floor
        self._goals: dict[bytes, Goal] = {}
        self._results: dict[bytes, Future] = {}
        self._checked: deque[Goal] = deque()
        self._waiting: deque[Goal] = deque()
        self._current: Goal | None = None
        self._worker: Worker[Goal] | None = None
        self._thread: threading.Thread | None = None
        self._own_topics = False
        self._codes: Subscription | None = None
        # as long as the node: one made when it is wanted would not be known to all when it is used
        self._stop = node.create_publisher(Empty, STOP_TOPIC, 10)
        self._stop_sent: float | None = None
        self._not_before = self._fed = 0.0
        self._timer: Timer = node.create_timer(PERIOD, self._tick, autostart=False)
        self._server = ActionServer(
            node,
            Speak,
            "speak",
            self._execute,
            handle_accepted_callback=self._accept,
            cancel_callback=self._cancel,
            result_timeout=RESULT_KEPT,
        )

    # --- lifecycle of the node --------------------------------------------------------------------------------------------

    def open(self) -> None:
        """The node is configured: goals are taken while it is active."""
        self._worker = self._node.start_worker("speech", self._read)

    def close(self) -> None:
        """The node rests: all goals end."""
        self._end_all(Speak.Result.STOPPED, f"{self._node.get_name()} was deactivated")
        if self._thread is not None:
            self._thread.join(timeout=2.0)
            self._thread = None
        self._rest()

    def destroy(self) -> None:
        """The node goes."""
        self._server.destroy()

    def stopped(self) -> bool:
        """The face was stopped; returns whether by ourselves, for the sake of one goal: the rest goes on then."""
        if self._stop_sent is not None and time.monotonic() - self._stop_sent < OWN_STOP:
            self._stop_sent = None
            self._not_before = time.monotonic() + SETTLE
            return True
        self._end_all(Speak.Result.STOPPED, "the face was stopped")
        return False

    def update_health(self) -> None:
        """Write what is said and what waits into the node's health."""
        speech = self._current.speech if self._current is not None else None
        self._node.health.set("speaking", speech.name if speech is not None else "nothing")
        self._node.health.set("speech waiting", len(self._goals) - (self._current is not None))

    # --- the action's callbacks -------------------------------------------------------------------------------------------

    def _accept(self, handle: Any) -> None:
        goal = Goal(handle)
        self._results[bytes(handle.goal_id.uuid)] = goal.result
        handle.execute()
        if self._worker is None or not self._node.active:
            self._answer(goal, Speak.Result.REFUSED, f"{self._node.get_name()} is not active")
        elif len(self._goals) >= MOST_GOALS:
            self._answer(goal, Speak.Result.REFUSED, f"{MOST_GOALS} pieces of speech wait already")
        else:
            self._goals[bytes(handle.goal_id.uuid)] = goal
            self._timer.reset()
            self._worker.put(goal)

    async def _execute(self, handle: Any) -> Speak.Result:
        result: Speak.Result = await self._results[bytes(handle.goal_id.uuid)]
        del self._results[bytes(handle.goal_id.uuid)]
        if result.success:
            handle.succeed()
        elif result.outcome == Speak.Result.CANCELLED and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return result

    def _cancel(self, handle: Any) -> CancelResponse:
        goal = self._goals.get(bytes(handle.goal_id.uuid))
        if goal is None:
            return CancelResponse.REJECT
        self._end(goal, Speak.Result.CANCELLED, "cancelled")
        return CancelResponse.ACCEPT

    # --- in the executor --------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        while self._checked:
            self._take_in(self._checked.popleft())
        current, now = self._current, self._node.now()
        if current is not None:
            if current.progress.finished(now):
                self._end(current, Speak.Result.FINISHED, "")
            elif current.reason:
                self._end(current, Speak.Result.REFUSED, current.reason)
            elif failure := current.progress.failure(now):
                self._end(current, Speak.Result.FAILED, failure)
        calm = time.monotonic()
        if self._current is None and self._waiting and calm >= self._not_before:
            self._begin(self._waiting.popleft())
        if calm - self._fed >= FEEDBACK:
            self._fed = calm
            self._feed(now)
        if not self._goals:
            self._rest()

    def _take_in(self, goal: Goal) -> None:
        """A goal's sound was read."""
        if goal.over.is_set():
            return
        if goal.speech is None:
            self._end(goal, Speak.Result.REFUSED, goal.reason)
            return
        others = [self._current, *self._waiting] if goal.request.interrupt else []
        self._waiting.append(goal)
        for other in others:
            if other is not None:
                self._end(other, Speak.Result.INTERRUPTED, "another goal interrupted it")

    def _begin(self, goal: Goal) -> None:
        others = self._others()
        if others:
            reason = f"{', '.join(others)} publish the sound already, and the two would get mixed up"
            self._end(goal, Speak.Result.REFUSED, reason)
            return
        assert goal.speech is not None
        if not self._floor.is_open:
            self._floor.open()
            self._own_topics = True
        if self._codes is None:
            self._codes = self._node.create_subscription(FacialCode, "face/code", self._hear_code, FRAMES_DEPTH)
        self._current = goal
        self._node.get_logger().info(f"speaking {goal.speech.name} ({goal.speech.duration:.2f} s)")
        self._thread = threading.Thread(
            target=self._say, args=(goal,), name=f"{self._node.get_name()}.speech", daemon=True
        )
        self._thread.start()

    def _others(self) -> list[str]:
        """Other nodes that publish on the sound's topics."""
        node, found = self._node, set()
        own = node.get_name(), node.get_namespace()
        for topic in ("audio_stamped", "audio"):
            for about in node.get_publishers_info_by_topic(node.resolve_topic_name(topic)):
                if (about.node_name, about.node_namespace) != own:
                    found.add(f"{about.node_namespace.rstrip('/')}/{about.node_name}")
        return sorted(found)

    def _hear_code(self, code: FacialCode) -> None:
        if self._current is not None:
            captured, here = to_seconds(code.header.stamp), code.timing.captured
            self._current.progress.code(captured, to_seconds(code.present_at) - (here or captured))

    def _feed(self, now: float) -> None:
        for goal in (self._current, *self._waiting):
            if goal is not None:
                duration, spoken = goal.progress.duration, goal.progress.spoken(now)
                goal.handle.publish_feedback(
                    Speak.Feedback(
                        waiting=goal is not self._current,
                        spoken=spoken,
                        duration=duration,
                        fraction=min(1.0, spoken / duration) if duration else 0.0,
                    )
                )

    def _end(self, goal: Goal, outcome: int, message: str) -> None:
        """A goal ends here, whatever it was doing; one that was heard is cut off by a stop unless it was finished."""
        del self._goals[bytes(goal.handle.goal_id.uuid)]
        goal.over.set()
        if goal in self._waiting:
            self._waiting.remove(goal)
        if goal is self._current:
            self._current = None
            (self._floor.hold if self._waiting else self._floor.leave)()
            if goal.progress.begin is not None and outcome in (Speak.Result.CANCELLED, Speak.Result.INTERRUPTED):
                self._stop.publish(Empty())
                self._stop_sent = time.monotonic()
                self._not_before = self._stop_sent + LINGER  # or as soon as it has come back to us
        self._answer(goal, outcome, message)

    def _end_all(self, outcome: int, message: str) -> None:
        for goal in list(self._goals.values()):
            self._end(goal, outcome, message)
        self._floor.leave()

    def _answer(self, goal: Goal, outcome: int, message: str) -> None:
        success = outcome == Speak.Result.FINISHED
        progress = goal.progress
        goal.result.set_result(
            Speak.Result(
                success=success,
                outcome=outcome,
                message=message,
                spoken=progress.duration if success else progress.spoken(self._node.now()),
                duration=progress.duration,
            )
        )
        if not success:
            self._node.get_logger().info(f"speech was not said to its end: {message}")

    def _rest(self) -> None:
        """Nothing to say: leave as little behind as there was before."""
        self._timer.cancel()
        self._floor.leave()
        if self._codes is not None:
            self._node.destroy_subscription(self._codes)
            self._codes = None
        if self._own_topics:
            self._floor.close()
            self._own_topics = False

    # --- in the worker, and in the thread of the goal -----------------------------------------------------------------------

    def _read(self, goal: Goal) -> None:
        request, longest = goal.request, self._node.value("speak_longest")
        try:
            if request.path and len(request.data):
                raise InputError("both a path and data: one of them is to be said")
            if len(request.data):
                goal.speech = speech_from_bytes(
                    bytes(request.data),
                    sample_format=request.sample_format,
                    rate=request.sample_rate,
                    channels=request.channels,
                    longest=longest,
                )
            else:
                folder = self._node.value("speak_folder")
                goal.speech = speech_from_file(request.path, folder=folder, longest=longest)
            goal.progress = Progress(goal.speech.duration)
        except InputError as error:
            goal.reason = str(error)
        except Exception as error:
            goal.reason = f"the sound cannot be read ({error!r})"
            raise
        finally:
            self._checked.append(goal)

    def _say(self, goal: Goal) -> None:
        assert goal.speech is not None
        try:
            speech = goal.speech.at(self._floor.take(goal, goal.speech.rate))
            if not self._await_listener(goal):
                goal.reason = "nobody listens to the sound"
                return
            if goal.over.wait(SETTLE):
                return
            self._send(goal, speech)
        except Exception as error:
            goal.reason = f"the sound cannot be sent ({error!r})"
            if self._node.context.ok():
                self._node.report("speech", error)

    def _send(self, goal: Goal, speech: Speech) -> None:
        """Send the speech at the pace of a microphone, and silence behind it until the face has finished."""
        rate, sent = speech.rate, 0

        def emit(piece: np.ndarray, begin: float) -> None:
            nonlocal sent
            if goal.over.is_set():
                return
            stamp = self._floor.say(goal, piece, begin)
            if stamp is not None:
                goal.progress.sent(stamp, sent, len(piece), rate)
            sent += len(piece)

        def sound() -> Iterator[np.ndarray]:
            yield speech.samples
            while not goal.over.is_set():
                yield np.zeros(rate // 10, np.float32)

        pieces = rechunk(sound(), max(1, round(rate * self._node.value("chunk"))))
        Pacer(wait=goal.over.wait).run(pieces, rate, emit)

    def _await_listener(self, goal: Goal) -> bool:
        end = time.monotonic() + self._node.value("wait")
        while not self._floor.listeners():
            if time.monotonic() > end or goal.over.wait(0.02):
                return goal.over.is_set()
        return True
