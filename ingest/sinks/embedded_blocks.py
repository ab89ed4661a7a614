"""The blocks of one file, in the hands of its writer: journeys that are written together are compressed together.

A trace that is written again leaves a hole in its block. A block that has nothing but holes is deleted; small blocks, as a followed log
makes them, and those that are mostly holes are packed together anew, a bounded number with each batch. All of it happens in the
transaction of the batch, so there is no state between.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping

from mappings.embedded.packing import Packer
from mappings.embedded.reading import chunks, marks, members_of

#: So many journeys make a full block: a report unpacks one block, and more in it save hardly any bytes (decision 0027).
FULL = 32
#: A block that has grown to so many bytes takes no more journeys.
MOST_BYTES = 512 * 1024
#: Blocks with so few journeys of their own are packed together, as soon as there are so many journeys in them; so many blocks at a time.
FEW, ENOUGH, AT_A_TIME = FULL // 2, 2 * FULL, 2 * FULL

Members = Mapping[bytes, bytes | memoryview]

_LEAVE = """
INSERT INTO loose SELECT number, count - ?1 FROM block WHERE number = ?2 ON CONFLICT(number) DO UPDATE SET live = live - ?1
"""


class Blocks:
    """Puts journeys into blocks, and takes them out; all inside the writer's transactions."""

    def __init__(self, connection: sqlite3.Connection, packer: Packer) -> None:
        self._connection = connection
        self._packer = packer

    def put(self, members: Members) -> dict[bytes, int]:
        """Write journeys into new blocks, neighbours together; the number of each one's block."""
        numbers: dict[bytes, int] = {}
        for block in _cut(members):
            packed = self._packer.pack_block(block)
            number = self._connection.execute("INSERT INTO block(count, packed) VALUES(?, ?)", (len(block), packed)).lastrowid
            assert number is not None  # noqa: S101 - SQLite gives one for each row
            if _is_small(block):
                self._connection.execute("INSERT INTO loose VALUES(?, ?)", (number, len(block)))
            numbers.update(dict.fromkeys(block, number))
        return numbers

    def leave(self, holes: Counter[int]) -> None:
        """So many journeys of these blocks are written elsewhere from now on, or gone."""
        if not holes:
            return
        self._connection.executemany(_LEAVE, [(number_of_holes, number) for number, number_of_holes in holes.items()])
        self._drop([number for (number,) in self._connection.execute("SELECT number FROM loose WHERE live <= 0")])

    def tidy(self) -> int:
        """Pack blocks with few journeys together, where it is worth it; how many journeys were moved."""
        statement = "SELECT number, live FROM loose WHERE live <= ? ORDER BY number LIMIT ?"
        loose = self._connection.execute(statement, (FEW, AT_A_TIME)).fetchall()
        if sum(live for _, live in loose) < ENOUGH:
            return 0
        members: dict[bytes, memoryview] = {}
        rows: dict[str, list[bytes]] = {"trace": [], "superseded": []}
        for number, _ in loose:
            block = members_of(self._connection, self._packer, number)
            for table, keys in rows.items():
                own = self._own(table, number, list(block))
                keys.extend(own)
                members.update((key, block[key]) for key in own)
        numbers = self.put({key: members[key] for key in sorted(members)})
        for table, keys in rows.items():
            self._connection.executemany(f"UPDATE {table} SET block = ? WHERE id = ?", [(numbers[key], key) for key in keys])
        self._drop([number for number, _ in loose])
        return len(members)

    def _own(self, table: str, number: int, keys: list[bytes]) -> list[bytes]:
        """Those of the traces in a block whose journey is still there."""
        found: list[bytes] = []
        for chunk in chunks(keys):
            statement = f"SELECT id FROM {table} WHERE id IN ({marks(len(chunk))}) AND block = ?"
            found += [key for (key,) in self._connection.execute(statement, (*chunk, number))]
        return found

    def _drop(self, numbers: list[int]) -> None:
        """Delete blocks."""
        for table in ("block", "loose"):
            self._connection.executemany(f"DELETE FROM {table} WHERE number = ?", [(number,) for number in numbers])


def _cut(members: Members) -> Iterator[Members]:
    """The journeys in blocks of about the same number, none larger than is to be unpacked for one report."""
    keys, parts = list(members), -(-len(members) // FULL)
    for part in range(parts):
        block: dict[bytes, bytes | memoryview] = {}
        size = 0
        for key in keys[part * len(keys) // parts : (part + 1) * len(keys) // parts]:
            if block and size + len(members[key]) > MOST_BYTES:
                yield block
                block, size = {}, 0
            block[key] = members[key]
            size += len(members[key])
        yield block


def _is_small(block: Members) -> bool:
    """Whether a block is to be packed with others: it has few journeys, and not because they are long."""
    return len(block) <= FEW and sum(map(len, block.values())) <= MOST_BYTES // 2
