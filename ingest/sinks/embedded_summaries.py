"""Counts that are kept with the rows: a trace adds to them, and its rewriting moves what it added."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any

from mappings.embedded.columns import domain_value
from mappings.trace import Trace
from mappings.vocabulary import Disposition

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

#: A refusing reply decided these.
REFUSED = frozenset({Disposition.BOUNCED, Disposition.EXPIRED, Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.DEFERRED})


class Changes:
    """What a batch changes in the summaries of one file."""

    def __init__(self) -> None:
        self._hourly: Counter[tuple[int, str, str]] = Counter()
        self._daily: Counter[tuple[str, str, int, str, str]] = Counter()
        self._codes: Counter[tuple[int, int, str]] = Counter()

    def count(self, trace: Trace, time_ms: int, step: int) -> None:
        """Add a trace to the counts (`step` 1) or take it out (-1)."""
        day = time_ms // DAY_MS
        direction, disposition = trace.direction._value_, trace.disposition._value_
        self._hourly[time_ms // HOUR_MS, direction, disposition] += step
        for side, domain in (("r", trace.recipient_domain), ("s", trace.sender_domain)):
            if domain:
                self._daily[side, domain_value(domain), day, direction, disposition] += step
        if trace.disposition in REFUSED and (trace.reply_code is not None or trace.enhanced_code is not None):
            self._codes[day, trace.reply_code or 0, trace.enhanced_code or ""] += step

    def write(self, connection: sqlite3.Connection) -> None:
        """Bring the changes into the file, inside the transaction of the rows."""
        _write(connection, "hourly", ("hour", "direction", "disposition"), self._hourly)
        _write(connection, "daily", ("side", "domain", "day", "direction", "disposition"), self._daily)
        _write(connection, "codes", ("day", "reply_code", "enhanced_code"), self._codes)


def _write(
    connection: sqlite3.Connection,
    table: str,
    names: tuple[str, ...],
    changes: Mapping[Any, int],
) -> None:
    """Add changes to a table of counts; a count that comes to nothing is no row."""
    rows = [(*key, step) for key, step in changes.items() if step]
    marks = ",".join("?" * (len(names) + 1))
    connection.executemany(f"INSERT INTO {table} VALUES({marks}) ON CONFLICT({','.join(names)}) DO UPDATE SET n = n + excluded.n", rows)
    emptied = [row[:-1] for row in rows if row[-1] < 0]
    if emptied:
        connection.executemany(f"DELETE FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in names)} AND n = 0", emptied)
