"""Run nodes in this process until it is asked to stop; SIGINT and SIGTERM are clean ends, exit status 0."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor

from th_common.errors import TalkingHeadError
from th_common.node import TalkingHeadNode

_BAD_START = (TalkingHeadError, InvalidParameterTypeException, InvalidParameterValueException)


def spin_nodes(
    make: Callable[[], Sequence[TalkingHeadNode]], args: list[str] | None = None, *, fail_fast: bool = False
) -> int:
    """Make nodes and spin them on one SingleThreadedExecutor.

    With `fail_fast` a node that cannot configure or activate itself ends the process; without, it lives on and says why.

    Returns the exit status: 0 after SIGINT, SIGTERM or shutdown, 2 if a parameter is bad or, with `fail_fast`, a start
    failed (said in one line).
    """
    with _no_keyboard_interrupt():
        return _spin(make, args, fail_fast)


@contextmanager
def _no_keyboard_interrupt() -> Iterator[None]:
    """Leave SIGINT to rclpy, which ends the spinning.

    KeyboardInterrupt on top of that would come anywhere: inside rclpy's conversion of a message, which makes an error of
    another kind of it, or a second one while devices are being closed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _spin(make: Callable[[], Sequence[TalkingHeadNode]], args: list[str] | None, fail_fast: bool) -> int:
    rclpy.init(args=args)
    nodes: Sequence[TalkingHeadNode] = ()
    executor: SingleThreadedExecutor | None = None
    try:
        nodes = make()
        executor = SingleThreadedExecutor()
        for node in nodes:
            node.fail_fast = fail_fast
            executor.add_node(node)
        executor.spin()
    except _BAD_START as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (ExternalShutdownException, ShutdownException):
        pass
    except Exception:
        # A signal between two calls leaves them with a context that is gone: that is the end asked for.
        if rclpy.ok():
            raise
    finally:
        if executor is not None:
            executor.shutdown()  # lets go of what it waited for, while that exists
        for node in reversed(nodes):
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
