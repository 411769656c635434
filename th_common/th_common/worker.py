"""A thread with a bounded mailbox: callbacks hand work over and return at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Worker(Generic[T]):
    """Process items one after the other in a thread of its own.

    When the mailbox is full the oldest item is dropped (live media: late is worthless) and `on_drop` is told.
    An exception of `process` goes to `on_error` and the thread lives on.

    `idle`, called whenever the mailbox has become empty, does what must be done without a new item and returns the s after which it
    wants to be called again, None if only a new item can bring work.
    """

    def __init__(
        self,
        name: str,
        process: Callable[[T], None],
        *,
        capacity: int = 256,
        on_error: Callable[[Exception], None],
        on_drop: Callable[[], None] = lambda: None,
        idle: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._process, self._on_error, self._on_drop, self._idle = process, on_error, on_drop, idle
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._ready = threading.Condition()
        self._stopping = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Hand an item over; never blocks."""
        with self._ready:
            if self._stopping:
                return
            dropped = len(self._items) >= self._capacity
            if dropped:
                self._items.popleft()
            self._items.append(item)
            self._ready.notify_all()
        if dropped:
            self._on_drop()

    def replace(self, item: T) -> None:
        """Forget what waits, and hand `item` over instead."""
        with self._ready:
            self._items.clear()
        self.put(item)

    def take_waiting(self) -> list[T]:
        """For `process`: take what else waits, to do it together with the item in hand."""
        with self._ready:
            items = list(self._items)
            self._items.clear()
        return items

    def __len__(self) -> int:
        with self._ready:
            return len(self._items)

    def drain(self, timeout: float) -> bool:
        """Wait until everything handed over so far is processed; False if that took longer than `timeout` s."""
        with self._ready:
            return self._ready.wait_for(lambda: not self._items and not self._busy, timeout)

    def stop(self, timeout: float = 2.0) -> None:
        """Forget what waits, let the item in hand finish, and end the thread."""
        with self._ready:
            self._stopping = True
            self._items.clear()
            self._ready.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        pause: float | None = None
        while True:
            with self._ready:
                self._busy = False
                self._ready.notify_all()
                came = self._ready.wait_for(lambda: self._items or self._stopping, pause)
                if self._stopping:
                    return
                waiting = [self._items.popleft()] if came else []
                self._busy = True
            pause = None
            try:
                for item in waiting:
                    self._process(item)
                if not self._items:
                    pause = self._idle()
            except Exception as error:
                self._on_error(error)
