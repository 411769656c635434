"""Bags of ROS 2 (sqlite3, mcap, with metadata.yaml or without) and ROS 1, read without ROS."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from th_audio_io.bag_types import typestore
from th_common.errors import InputError


@dataclass(frozen=True)
class BagMessage:
    """A message as it was recorded: topic, its type, when it was received (ns), and its fields as a rosbags dataclass."""

    topic: str
    type_name: str
    time: int
    content: Any


class BagReader:
    """An open bag; use it as a context.

    Raises:
        InputError: there is no such bag, it is damaged, or it was not finished (`bag_repair`).
    """

    def __init__(self, path: Path | str) -> None:
        store = typestore()
        from rosbags.highlevel import AnyReader

        self.path = Path(path)
        self._fallback = store
        file = _file_of(self.path)
        try:
            self._reader = AnyReader([file], default_typestore=store)
            self._reader.open()
        except Exception as error:  # a parser that trusts its files: what a damaged one raises is anybody's guess
            raise InputError(f"{self.path} is not a readable bag ({error}){_advice(self.path)}") from error
        self.topics: dict[str, str] = {c.topic: c.msgtype for c in self._reader.connections}
        """Name and type of every topic."""
        self.counts: dict[str, int] = {}
        """Messages by topic."""
        for connection in self._reader.connections:
            self.counts[connection.topic] = self.counts.get(connection.topic, 0) + connection.msgcount

    @property
    def begin(self) -> int:
        """When the first message was received, ns."""
        return self._reader.start_time

    @property
    def end(self) -> int:
        """When the last message was received, ns."""
        return self._reader.end_time

    def of_type(self, *types: str) -> list[str]:
        """Topics of these types that hold messages, those with the most first."""
        names = [t for t, kind in self.topics.items() if kind in types and self.counts[t]]
        return sorted(names, key=lambda t: (-self.counts[t], t))

    def messages(self, topics: Collection[str]) -> Iterator[BagMessage]:
        """The messages of these topics in the order in which they were received.

        Raises:
            InputError: the bag is damaged from here on.
        """
        wanted = [c for c in self._reader.connections if c.topic in topics]
        if not wanted:
            return
        try:
            for connection, time, data in self._reader.messages(connections=wanted):
                yield BagMessage(connection.topic, connection.msgtype, time, self._decoded(data, connection.msgtype))
        except Exception as error:
            raise InputError(f"{self.path} is damaged ({error}){_advice(self.path)}") from error

    def raw(self) -> Iterator[tuple[Any, int, bytes]]:
        """Every message of one file as rosbags' (connection, time in ns, bytes), in the order of the file."""
        reader: Any = self._reader.readers[0]
        # An mcap without an index is only read in order, or as it is.
        read = getattr(reader.storage, "messages_scan", reader.storage.messages)
        yield from read(reader.connections)

    def close(self) -> None:
        """Close the files."""
        self._reader.close()

    def _decoded(self, data: bytes, type_name: str) -> Any:
        if type_name in self._reader.typestore.fielddefs:
            return self._reader.deserialize(data, type_name)
        return self._fallback.deserialize_cdr(data, type_name)

    def __enter__(self) -> BagReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Folder(type(Path())):  # type: ignore[misc]
    """A bag's folder whose name may end in .bag: rosbags takes that for a file of ROS 1."""

    suffix = ""


def _file_of(path: Path) -> Path:
    """What to open: the folder, or the only file in one that was not finished."""
    if not path.exists():
        raise InputError(f"there is no bag {path}")
    if not path.is_dir():
        return path
    if (path / "metadata.yaml").is_file():
        return _Folder(path)
    files = storage_files(path)
    if len(files) != 1:
        raise InputError(f"{path} is no bag: it holds neither metadata.yaml nor one file of messages (.mcap, .db3)")
    return files[0]


def storage_files(path: Path) -> list[Path]:
    """The files of messages in a bag's folder."""
    return sorted(f for f in path.iterdir() if f.suffix in (".mcap", ".db3"))


def _advice(path: Path) -> str:
    unfinished = path.is_dir() and not (path / "metadata.yaml").exists()
    return "; the recording was not finished: make record REPAIR=BAG saves what is whole" if unfinished else ""
