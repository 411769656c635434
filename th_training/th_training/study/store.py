"""People and their answers, in SQLite: what was said to be kept is on the disk, whatever happens to the process afterwards.

No name, no address, no time of day: of a person there is a number, the digest of the token that the browser holds, and the hour of
the last answer, after which a place that was given up is given to somebody else.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from th_common.errors import InputError

HOUR = 3600.0
GIVEN_UP = 2  # hours without an answer, after which a person's place may be another's
MOST_PEOPLE = 5000
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS people (
  id INTEGER PRIMARY KEY AUTOINCREMENT, token BLOB NOT NULL UNIQUE, slot INTEGER NOT NULL, plan TEXT NOT NULL,
  hour INTEGER NOT NULL, finished INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS answers (
  person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE, trial INTEGER NOT NULL, answer TEXT NOT NULL,
  plays INTEGER NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (person, trial)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Person:
    """`slot`: the place in the design; `plan`: what they are shown, see `design.Plan`. `answered`: how many trials, the first ones."""

    id: int
    slot: int
    plan: str
    answered: int
    finished: bool


@dataclass(frozen=True)
class Answer:
    """What a person said in a trial: name of a question -> value; how often videos were played, and s until the answer."""

    trial: int
    answer: Mapping[str, str]
    plays: int = 0
    seconds: float = 0.0


class Store:
    """The answers to one study. Any thread may call; every change is committed, and synced, when the call returns.

    Raises InputError where the file is no database of answers, or of another study's.
    """

    def __init__(
        self, path: Path, digest: str, *, simulated: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.execute("PRAGMA foreign_keys = ON")
            self._base.execute("PRAGMA secure_delete = ON")
            self._base.executescript(_TABLES)
            with self._change():
                for name, value in (("study", digest), ("simulated", str(int(simulated)))):
                    self._base.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (name, value))
            about = dict(self._base.execute("SELECT name, value FROM about").fetchall())
        except sqlite3.Error as error:
            raise InputError(f"{path}: is no file of answers ({error})") from error
        if about["study"] != digest:
            raise InputError(
                f"{path}: holds answers to another study, or {path.parent} was changed since they were given"
            )
        self.simulated = about["simulated"] == "1"
        if simulated and not self.simulated:
            raise InputError(f"{path}: holds answers of people; simulated ones must not come between them")

    def begin(self, plan: Callable[[int], str]) -> tuple[str, Person]:
        """A new person, at the first place that nobody has, with the plan of that place; their token.

        InputError where there are too many people.
        """
        token, hour = secrets.token_urlsafe(24), int(self._clock() // HOUR)
        with self._change() as base:
            if base.execute("SELECT count(*) FROM people").fetchone()[0] >= MOST_PEOPLE:
                raise InputError(f"{MOST_PEOPLE} people have taken part, that is all that there are places for")
            rows = base.execute("SELECT slot FROM people WHERE finished OR hour >= ?", (hour - GIVEN_UP,))
            taken = {row[0] for row in rows}
            slot = next(k for k in range(len(taken) + 1) if k not in taken)
            row = (_digest(token), slot, plan(slot), hour)
            found = base.execute("INSERT INTO people (token, slot, plan, hour) VALUES (?, ?, ?, ?)", row)
            return token, Person(int(found.lastrowid or 0), slot, row[2], 0, False)

    def find(self, token: str) -> Person | None:
        """Whose token it is; None: nobody's."""
        with self._lock:
            return self._find(token)

    def answer(self, token: str, said: Answer, *, trials: int) -> tuple[Person | None, bool]:
        """Keep an answer, if it is to the person's next trial; the person as they are then, and whether it is kept.

        The same answer once more counts as kept, and changes nothing.
        """
        text = json.dumps(dict(said.answer), sort_keys=True)
        with self._change() as base:
            person = self._find(token)
            if person is None:
                return None, False
            if said.trial < person.answered:
                row = base.execute(
                    "SELECT answer FROM answers WHERE person = ? AND trial = ?", (person.id, said.trial)
                ).fetchone()
                return person, row is not None and row[0] == text
            if said.trial != person.answered or person.answered >= trials:
                return person, False
            self._keep(person.id, [(said, text)], finished=said.trial + 1 >= trials)
            return self._find(token), True

    def add(self, people: Iterable[tuple[int, str, Sequence[Answer]]], *, finished: bool = True) -> None:
        """People with their slots, plans and answers at once, and nobody's tokens (`th study simulate`)."""
        with self._change() as base:
            for slot, plan, answers in people:
                row = (secrets.token_bytes(32), slot, plan)
                found = base.execute("INSERT INTO people (token, slot, plan, hour) VALUES (?, ?, ?, 0)", row)
                rows = [(said, json.dumps(dict(said.answer), sort_keys=True)) for said in answers]
                self._keep(int(found.lastrowid or 0), rows, finished=finished)

    def remove(self, token: str) -> bool:
        """Forget a person and all that they answered; whether there was one."""
        with self._change() as base:
            there = base.execute("DELETE FROM people WHERE token = ?", (_digest(token),)).rowcount > 0
        with self._lock:  # what was written stays in the log until it is taken over
            self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return there

    def people(self) -> list[tuple[Person, list[Answer]]]:
        """Everybody, with their answers in order."""
        with self._lock:
            rows = self._base.execute("SELECT id, slot, plan, finished FROM people ORDER BY id").fetchall()
            said: dict[int, list[Answer]] = {row[0]: [] for row in rows}
            query = "SELECT person, trial, answer, plays, seconds FROM answers ORDER BY person, trial"
            for person, trial, text, plays, seconds in self._base.execute(query):
                said[person].append(Answer(trial, json.loads(text), plays, seconds))
        return [(Person(id, slot, plan, len(said[id]), bool(finished)), said[id]) for id, slot, plan, finished in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def _find(self, token: str) -> Person | None:
        answered = "(SELECT count(*) FROM answers WHERE person = id)"
        query = f"SELECT id, slot, plan, {answered}, finished FROM people WHERE token = ?"
        row = self._base.execute(query, (_digest(token),)).fetchone()
        return None if row is None else Person(row[0], row[1], row[2], row[3], bool(row[4]))

    def _keep(self, person: int, rows: list[tuple[Answer, str]], *, finished: bool) -> None:
        self._base.executemany(
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?)",
            [(person, said.trial, text, said.plays, said.seconds) for said, text in rows],
        )
        hour = int(self._clock() // HOUR)
        self._base.execute("UPDATE people SET hour = ?, finished = ? WHERE id = ?", (hour, int(finished), person))

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
