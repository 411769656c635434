"""What node tests share: an isolated ROS domain, and waiting for a condition with a deadline."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import domain_coordinator
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

N = TypeVar("N", bound=Node)


@contextlib.contextmanager
def ros_domain() -> Iterator[int]:
    """Reserve a ROS_DOMAIN_ID that no other test on this machine uses, loopback only; children inherit it.

    Without shared memory: what a killed process leaves there makes those crash that open it next (eProsima/Fast-DDS 6501, mended
    by 6503 after 2.14.5), and domains are used again.
    """
    with domain_coordinator.domain_id() as domain:
        changes = {
            "ROS_DOMAIN_ID": str(domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "FASTDDS_BUILTIN_TRANSPORTS": "UDPv4",
        }
        before = {key: os.environ.get(key) for key in changes}
        os.environ.update(changes)
        try:
            yield domain
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value


class Graph:
    """Nodes of one test on one executor, in a context and domain of their own.

    with Graph() as graph:
        node = graph.add(lambda context: SomeNode(context=context))
        assert graph.wait(lambda: node.active)
    """

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Graph:
        domain = self._stack.enter_context(ros_domain())
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self._stack.callback(self.context.try_shutdown)
        self.executor = SingleThreadedExecutor(context=self.context)
        return self

    def __exit__(self, *error: object) -> None:
        # The executor first: what it still holds of a node's subscriptions must be let go before they are destroyed.
        self.executor.shutdown()
        self._stack.close()

    def add(self, make: Callable[[Context], N]) -> N:
        """Make a node in this graph's context and spin it from now on; it is closed with the graph."""
        node = make(self.context)
        self.executor.add_node(node)
        self._stack.callback(node.destroy_node)
        close = getattr(node, "close", None)
        if close is not None:
            self._stack.callback(close)
        return node

    def wait(self, condition: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Spin until the condition holds; False if it does not within `timeout` s."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                return False
            self.executor.spin_once(timeout_sec=0.02)
        return True
