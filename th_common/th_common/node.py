"""The base of every node: lifecycle with autostart, diagnostics, stops, worker threads; its parameters: table_node."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.task import Future
from std_msgs.msg import Empty

from th_common.errors import TalkingHeadError
from th_common.health import Health, Level
from th_common.latency import StageTimes
from th_common.stamps import to_fields
from th_common.stops import Age, Stops
from th_common.table_node import TableNode
from th_common.thresholds import Threshold, Trend
from th_common.worker import Worker

STOP_TOPIC = "face/stop_now"
FRAMES_DEPTH = 4096
"""Depth of the queues of features and codes: an utterance that comes in one message makes all its frames (60 per s) in no time."""


class TalkingHeadNode(TableNode):
    """A lifecycle node whose subclasses fill in configure, activate, deactivate and cleanup.

    With `fail_fast` an autostart that fails raises its error out of the executor, for programs that a person started.

    `configure` and `activate` may raise TalkingHeadError: the reason goes to the log and to /diagnostics, and the node lives on in
    the state before. After any other error, wherever it comes, it lives on unconfigured. Callbacks of the executor only enqueue; what takes time runs in `start_worker`'s thread.
    """

    thresholds: ClassVar[tuple[Threshold, ...]] = ()
    """Judged with every message on /diagnostics; their parameters stand in the table, too."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.health = Health()
        self.stages = StageTimes()
        self.trend = Trend()
        self.fail_fast = False
        self._start_error: Exception | None = None
        self._active = self._begun = False
        for service in self.services:
            service.callback = self._answering(service.srv_name, service.callback)
        self._workers: list[Worker[Any]] = []
        self.stops = Stops()
        if type(self).stopped is not TalkingHeadNode.stopped:
            # rclpy hands over the message's information where a callback takes two arguments; its types do not say so.
            hear: Callable[..., None] = self._hear_stop
            self.create_subscription(Empty, STOP_TOPIC, hear, 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._diagnostics_timer = self.create_timer(self.value("diagnostics_period"), self.publish_diagnostics)
        self._autostart_timer = None
        if self.value("autostart"):
            self._autostart_timer = self.create_timer(0.0, self._autostart)

    # --- for subclasses -------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        """Load and open what the node needs; raise TalkingHeadError where that fails."""

    def activate(self) -> None:
        """Begin to work."""

    def deactivate(self) -> None:
        """Rest: stop working, keep what is loaded."""

    def cleanup(self) -> None:
        """Free what configure opened; must bear being called after a configure that failed half way."""

    def stopped(self, number: int) -> None:
        """A stop was called (face/stop_now): forget all that was heard before. Called in the executor, in any lifecycle state.

        What is published from now on of newly begun streams says `after_stop=number`.
        """

    def update_health(self) -> None:
        """Write current values into self.health; called just before each diagnostics message."""

    # --- services to subclasses -----------------------------------------------------------------------------------------

    def create_publisher(self, *args: Any, **kwargs: Any) -> Any:
        """As rclpy's, without its event handlers: the executor walks through every one of them at each wake-up.

        Subscribers still hear of an incompatible QoS; saying it on both sides cost a tenth of a core in the composed graph.
        """
        kwargs.setdefault("event_callbacks", PublisherEventCallbacks(use_default_callbacks=False))
        return super().create_publisher(*args, **kwargs)

    @property
    def active(self) -> bool:
        """Whether the node is in the lifecycle state active."""
        return self._active

    @property
    def lifecycle(self) -> str:
        """The lifecycle state: unconfigured, inactive, active, finalized, or a transition between them."""
        return str(self._state_machine.current_state[1])

    def now(self) -> float:
        """The node clock (system, or simulated time) in s."""
        return self.get_clock().now().nanoseconds * 1e-9

    def admits(self, after_stop: int) -> bool:
        """Whether a message of a stream that began after this stop is still of use; in the executor only.

        One that tells of a stop not heard of yet (it travels on a way of its own) stops the node first.
        """
        age = self.stops.age(after_stop, time.monotonic())
        if age is Age.NEWER:
            self._obey(after_stop)
        return age is not Age.OVER

    def start_worker(
        self,
        name: str,
        process: Callable[[Any], None],
        *,
        capacity: int = 256,
        idle: Callable[[], float | None] = lambda: None,
    ) -> Worker[Any]:
        """A worker thread that reports its errors and drops as this node's diagnostics; stopped with the node."""
        worker: Worker[Any] = Worker(
            f"{self.get_name()}.{name}",
            process,
            capacity=capacity,
            on_error=lambda error: self.report(f"{name} error", error),
            on_drop=lambda: self._count_drop(name),
            idle=idle,
        )
        self._workers.append(worker)
        return worker

    async def aside(self, do: Callable[[], None]) -> None:
        """Do something long in a thread of its own while the executor goes on; for callbacks that are coroutines. Raises what it raises."""
        done = Future()

        def run() -> None:
            try:
                do()
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(None)
            if self.executor is not None:
                self.executor.wake()

        threading.Thread(target=run, name=f"{self.get_name()}.aside", daemon=True).start()
        await done

    def await_listeners(self, publisher: Any, timeout: float = 5.0) -> None:
        """Wait until all subscriptions that are known of are connected: what is published before is not for them. Not in the executor."""
        end = time.monotonic() + timeout
        while publisher.get_subscription_count() < self.count_subscribers(publisher.topic_name):
            if time.monotonic() > end or not self.context.ok():
                return
            time.sleep(0.01)

    def report(self, fault: str, problem: object, *, level: Level = Level.ERROR, hold: float | None = 10.0) -> None:
        """Count a problem, show it on /diagnostics for `hold` s, and log it when it is new."""
        if not self.context.ok():
            return
        text = str(problem) if isinstance(problem, (str, TalkingHeadError)) else repr(problem)
        self.health.count(fault)
        if self.health.raise_fault(fault, text, level=level, hold=hold):
            # Two lines of code: rclpy's loggers want one severity for each, and raise otherwise.
            if level >= Level.ERROR:
                self.get_logger().error(f"{fault}: {text}")
            else:
                self.get_logger().warning(f"{fault}: {text}")

    def publish_diagnostics(self) -> None:
        """Publish this node's health as one DiagnosticStatus."""
        try:
            self.update_health()
        except Exception as error:  # who cannot tell how he is need not die of it, and take the whole graph along
            self.report("diagnostics", error)
        self.health.set("lifecycle", self.lifecycle)
        for threshold in type(self).thresholds:
            if threshold.judge(self.health, self.value(threshold.name)):
                problem = self.health.fault(threshold.name)
                self.get_logger().warning(f"{threshold.name}: {problem}")
        self.stages.write(self.health)
        snapshot = self.health.snapshot()
        status = DiagnosticStatus()
        status.level = bytes([int(snapshot.level)])
        # Whoever sorts by name (rqt_robot_monitor, the aggregator) tells two robots apart, too.
        status.name = f"{self.get_fully_qualified_name().strip('/')}: talking head"
        status.hardware_id = self.get_fully_qualified_name()
        status.message = snapshot.message
        status.values = [KeyValue(key=k, value=v) for k, v in sorted(snapshot.values.items())]
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    # --- where rclpy would end the process, or say less --------------------------------------------------------------------

    def _answering(self, name: str, callback: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """A service that survives requests which rclpy does not: a transition that is not possible now, a parameter of no type."""

        def answer(request: Any, response: Any) -> Any:
            try:
                return callback(request, response)
            except Exception as error:
                if not self.context.ok():
                    raise
                text = str(error).split(", at ")[0]
                self.report("bad request", f"{name.rpartition('/')[2]}: {text}", level=Level.WARN)
                return response

        return answer

    # --- lifecycle ------------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = self._try("configure", self.configure)
        if result is not TransitionCallbackReturn.SUCCESS:
            self._release()
            return result
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        super().on_activate(state)
        self._begun = True
        result = self._try("activate", self.activate)
        self._active = result is TransitionCallbackReturn.SUCCESS
        self._begun = result is not TransitionCallbackReturn.FAILURE
        if not self._active:
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._active = False
        super().on_deactivate(state)
        result = self._try("deactivate", self.deactivate)
        self._begun = result is not TransitionCallbackReturn.SUCCESS
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        super().on_cleanup(state)
        return self._try("cleanup", self._release)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        super().on_shutdown(state)
        return self._try("shutdown", self.close)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Whatever went wrong was said; the node begins again, unconfigured."""
        self._try("recover", self.close)
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """Stop working and free everything, from any state; for the end of the process."""
        self._active = False
        if self._begun:
            self._begun = False
            self.deactivate()
        self._release()

    def destroy_node(self) -> None:
        """As rclpy's, and topic and services of the lifecycle go as well, which else stay until the garbage is collected."""
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()

    def _release(self) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()
        self.cleanup()

    def _autostart(self) -> None:
        assert self._autostart_timer is not None
        self._autostart_timer.cancel()
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()
        fail_fast, self.fail_fast = self.fail_fast, False  # what fails later is said as everywhere
        if fail_fast and self._start_error is not None:
            raise self._start_error

    def _try(self, transition: str, do: Callable[[], None]) -> TransitionCallbackReturn:
        """Do it, and say what goes wrong: rclpy keeps silent about that."""
        try:
            do()
        except Exception as error:
            self._start_error = error
            if not self.fail_fast:
                self.report(transition, error, hold=None)
            # The state before is kept where that is what it was: nothing was opened, nothing had begun.
            kept = isinstance(error, TalkingHeadError) and transition in ("configure", "activate")
            return TransitionCallbackReturn.FAILURE if kept else TransitionCallbackReturn.ERROR
        self.health.clear_fault(transition)
        return TransitionCallbackReturn.SUCCESS

    # --- stops ----------------------------------------------------------------------------------------------------------

    def _hear_stop(self, _: Empty, info: dict[str, int]) -> None:
        # The moment at which it was sent is the same number at every subscriber.
        self._obey(int(info.get("source_timestamp") or 0) or time.time_ns())

    def _obey(self, number: int) -> None:
        if self.stops.stop(number, time.monotonic()):
            self.health.count("stops")
            self.stopped(number)

    def _count_drop(self, name: str) -> None:
        self.report(f"{name} overrun", "work arrives faster than it is done", level=Level.WARN)


def time_message(seconds: float) -> Time:
    """s -> builtin_interfaces/Time."""
    sec, nanosec = to_fields(seconds)
    return Time(sec=sec, nanosec=nanosec)
