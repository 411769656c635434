"""Run nodes in this process until it is asked to stop; SIGINT and SIGTERM are clean ends, exit status 0."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import rclpy
from rclpy._rclpy_pybind11 import RCLError
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
    rclpy.init(args=args)
    nodes: Sequence[TalkingHeadNode] = ()
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
    except (KeyboardInterrupt, ExternalShutdownException, ShutdownException):
        pass
    except RCLError:
        # A signal between two calls leaves the executor with a context that is gone: that is the end asked for.
        if rclpy.ok():
            raise
    finally:
        # A second Ctrl-C while closing must not leave a device open or print a traceback.
        with suppress(KeyboardInterrupt):
            for node in reversed(nodes):
                node.close()
                node.destroy_node()
            rclpy.try_shutdown()
    return 0
