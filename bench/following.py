"""How soon mail is found: `mailtrace ingest` follows a file to which traffic is written as it happens, and a search asks for it.

The delay is from the line that decides a message's fate to the first search that shows it as delivered.
"""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from bench import traffic
from bench.ingest import traces_of
from bench.measure import MAILTRACE, keep, parser, percentile, show, table
from mailtrace import MailTrace, Query, asking
from mappings.vocabulary import Disposition

_FATE = re.compile(r"postfix/(?:relay/smtp|local)\[\d+\]: (\w+): to=<([^>]+)>.* status=sent")
#: How often a search asks for what was written, and how long it waits at most.
_ASK_S, _PATIENCE_S = 0.02, 60.0


class Writing:
    """Writes traffic to a file as its time comes, and notes the messages to ask for."""

    def __init__(self, file: IO[str], lines: Iterator[str], messages: int, every: int) -> None:
        self._file = file
        self._lines = lines
        self._next = next(lines)
        self._seen = 0
        self._every = every
        self._left = messages
        #: What to ask for: queue id and recipient, and when the line was written.
        self.waiting: dict[tuple[str, str], float] = {}

    @property
    def over(self) -> bool:
        """Whether enough messages were written to ask for."""
        return self._left == 0

    def go_on(self) -> None:
        """Write the lines whose time has come."""
        now, due = time.time(), []
        while datetime.fromisoformat(self._next[:32]).timestamp() <= now:
            due.append(self._next)
            self._next = next(self._lines)
        if not due:
            return
        self._file.write("".join(due))
        self._file.flush()
        for line in due:
            found = _FATE.search(line)
            if found is None:
                continue
            self._seen += 1
            if self._left and self._seen % self._every == 0:
                self._left -= 1
                self.waiting[found[1], found[2]] = time.perf_counter()


def _found(mail: MailTrace, queue_id: str, recipient: str) -> bool:
    """Whether a search shows the message as delivered."""
    answer = mail.search(Query(queue_id=(queue_id,), recipient=(recipient,)))
    return any(trace.disposition is Disposition.DELIVERED for trace in answer.traces)


def _delays(mail: MailTrace, writing: Writing) -> tuple[list[float], int]:
    """Write and ask until all are found or given up; gives the delays, and how many were never found."""
    delays: list[float] = []
    lost = 0
    while not writing.over or writing.waiting:
        writing.go_on()
        for (queue_id, recipient), since in list(writing.waiting.items()):
            now = time.perf_counter()
            if _found(mail, queue_id, recipient):
                delays.append(time.perf_counter() - since)
            elif now - since > _PATIENCE_S:
                lost += 1
            else:
                continue
            del writing.waiting[queue_id, recipient]
        time.sleep(_ASK_S)
    return delays, lost


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("following", __doc__)
    given_by.add_argument("--messages", type=int, default=30, help="how many are asked for")
    given_by.add_argument("--rate", type=float, default=20.0, help="messages a second that are written")
    given = given_by.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-following-") as folder:
        log, data = Path(folder) / "mail.log", Path(folder) / "data"
        now = datetime.now(UTC).replace(microsecond=0)
        with log.open("w", encoding="utf-8") as file:
            writing = Writing(file, traffic.lines(traffic.Settings(rate=given.rate, start=now)), given.messages, max(1, int(given.rate)))
            with subprocess.Popen([MAILTRACE, "--data", str(data), "ingest", str(log)], stderr=subprocess.PIPE, text=True) as child:
                try:
                    while not any((data / "store").glob("traces-*.sqlite")) and child.poll() is None:
                        writing.go_on()
                        time.sleep(_ASK_S)
                    with asking(f"sqlite:{data}/store") as mail:
                        delays, lost = _delays(mail, writing)
                        child.send_signal(signal.SIGTERM)
                        said = child.communicate()[1]
                        traces = mail.count()
                finally:
                    if child.poll() is None:
                        child.kill()
    if child.returncode != 0 or not delays:
        raise SystemExit(f"following ended with {child.returncode}, {lost} messages not found: {said.strip()[-500:]}")
    figures = {"median_s": percentile(delays, 0.5), "p95_s": percentile(delays, 0.95), "longest_s": max(delays)}
    writes = traces_of(said) / max(traces, 1)
    rows = [[str(len(delays)), str(lost), *(f"{value:.2f}" for value in figures.values()), f"{writes:.1f}"]]
    show(
        table(
            f"From line to found, at {given.rate:g} messages a second",
            ["found", "not found", "median s", "p95 s", "longest s", "writes a trace"],
            rows,
        )
    )
    keep(given.json, "following", {"messages": given.messages, "rate": given.rate, "not_found": lost, "writes_a_trace": writes, **figures})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
