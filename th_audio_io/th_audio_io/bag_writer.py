"""Bags as `ros2 bag` reads them (rosbag2 of Jazzy: metadata version 9), sqlite3 or mcap, written without rosbag2."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from th_audio_io.bag_types import add_type, typestore
from th_common.errors import InputError

STORAGES = ("mcap", "sqlite3")


class BagWriter:
    """Write CDR messages into a new bag, from any thread; use it as a context, or call `close`.

    What was written before the last `checkpoint` survives a kill -9 (`bag_repair` makes a whole bag of it); messages after it are
    held in memory until the next. With `mcap` the index of what was written is held as well, some 100 bytes per checkpoint and topic.

    Raises:
        InputError: the bag exists already, or cannot be written there; no such storage.
    """

    def __init__(self, path: Path, storage: str = "mcap") -> None:
        if storage not in STORAGES:
            raise InputError(f"storage {storage!r} is not one of {', '.join(STORAGES)}")
        self._store = typestore()
        from rosbags.rosbag2 import StoragePlugin, Writer

        self.path, self._mcap = path, storage == "mcap"
        if path.exists():
            raise InputError(f"{path} exists already: choose another name for the bag")
        try:
            self._writer = Writer(path, version=9, storage_plugin=StoragePlugin[storage.upper()])
            self._writer.open()
        except OSError as error:
            raise InputError(f"the bag {path} cannot be written ({error})") from error
        if not self._mcap:
            # For any thread; and pages of an unfinished transaction stay out of the file: who is killed leaves the last checkpoint.
            database = self._storage
            database.conn.close()
            database.conn = sqlite3.connect(database.path, check_same_thread=False)
            database.conn.execute("PRAGMA cache_spill = OFF")
            database.cursor = database.conn.cursor()
        self._lock = threading.Lock()
        self._topics: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        """Messages so far, by topic."""

    @property
    def _storage(self) -> Any:
        return self._writer.storage

    def add(self, topic: str, type_name: str, qos: Any = ()) -> None:
        """Announce a topic; `qos`: what its publishers offer, rosbags' Qos.

        Raises:
            InputError: the type is not known here.
        """
        if topic in self._topics:
            return
        add_type(type_name)
        with self._lock:
            self._topics[topic] = self._writer.add_connection(
                topic, type_name, typestore=self._store, offered_qos_profiles=tuple(qos)
            )
            self.counts[topic] = 0

    def write(self, topic: str, time: int, data: bytes) -> None:
        """Add a serialised message of an announced topic, received at `time` (ns)."""
        with self._lock:
            self._writer.write(self._topics[topic], time, data)
            self.counts[topic] += 1

    def put(self, topic: str, time: int, message: Any) -> None:
        """Add a message of `typestore().types`."""
        connection = self._topics[topic]
        self.write(topic, time, bytes(self._store.serialize_cdr(message, connection.msgtype)))

    def checkpoint(self) -> None:
        """Bring what was written so far into the file."""
        with self._lock:
            if not self._mcap:
                self._storage.conn.commit()
                return
            if self._storage.chunk.msgs:
                self._storage.close_chunk()
            self._storage.bio.flush()

    def close(self) -> None:
        """Finish the bag: index and metadata.yaml."""
        with self._lock:
            if self._writer.storage is not None:
                self._writer.close()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def offered(*, reliable: bool = True, latched: bool = False, depth: int = 10) -> Any:
    """rosbags' Qos of a publisher: KEEP_LAST of that depth, no deadline."""
    from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime

    never = QosTime(9223372036, 854775807)
    return Qos(
        QosHistory.KEEP_LAST,
        depth,
        QosReliability.RELIABLE if reliable else QosReliability.BEST_EFFORT,
        QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        never,
        never,
        QosLiveliness.AUTOMATIC,
        never,
        False,
    )
