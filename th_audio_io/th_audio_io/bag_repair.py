"""What a recording holds that was cut off (kill -9, a full disk, no power), as a whole bag of its own."""

from __future__ import annotations

import shutil
import struct
import tempfile
from pathlib import Path

from th_audio_io.bag_reader import BagReader, storage_files
from th_audio_io.bag_writer import BagWriter
from th_common.errors import InputError

_MAGIC = b"\x89MCAP0\r\n"
_DATA_END, _FOOTER = 0x0F, 0x02
_END = struct.pack("<BQI", _DATA_END, 4, 0) + struct.pack("<BQQQI", _FOOTER, 20, 0, 0, 0) + _MAGIC


def repair(path: Path, out: Path) -> dict[str, int]:
    """Copy every whole message of a bag into the new bag `out`, with index and metadata.yaml; returns their counts by topic.

    The damaged bag is left as it is.

    Raises:
        InputError: nothing of it can be read, or `out` cannot be written.
    """
    files = storage_files(path) if path.is_dir() else [path]
    if len(files) != 1 or not files[0].is_file():
        raise InputError(f"{path} holds no single file of messages (.mcap, .db3)")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / files[0].name
        # With the journal beside it sqlite undoes what was half written.
        for part in files[0].parent.glob(files[0].name + "*"):
            shutil.copy2(part, copy.with_name(part.name))
        if copy.suffix == ".mcap":
            _end_after_whole_records(copy)
        else:
            _roll_back(copy)
        with BagReader(copy) as reader, BagWriter(out, "mcap" if copy.suffix == ".mcap" else "sqlite3") as writer:
            for connection, time, data in reader.raw():
                writer.add(connection.topic, connection.msgtype, connection.ext.offered_qos_profiles)
                writer.write(connection.topic, time, data)
                if sum(writer.counts.values()) % 1000 == 0:
                    writer.checkpoint()
            return writer.counts


def _end_after_whole_records(path: Path) -> None:
    """Cut an mcap file behind its last whole record of data, and end it there without a summary."""
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(0)
        if file.read(8) != _MAGIC:
            raise InputError(f"{path.name} is no mcap file")
        end = 8
        while len(head := file.read(9)) == 9:
            kind, length = struct.unpack("<BQ", head)
            if kind in (_DATA_END, _FOOTER) or end + 9 + length > size:
                break
            end += 9 + length
            file.seek(end)
        file.truncate(end)
        file.seek(end)
        file.write(_END)


def _roll_back(path: Path) -> None:
    import sqlite3

    try:
        connection = sqlite3.connect(path)
        connection.execute("SELECT count(*) FROM messages").fetchone()
        connection.close()
    except sqlite3.Error as error:
        raise InputError(f"{path.name} cannot be read ({error})") from error
