"""What a line costs by family of programs: taken apart and read, and the whole way into the store, next to Postfix' own.

The lines are those of real runs (`tests/data/captures`), repeated at later times with other ids, so that each copy is other mail.
"""

from __future__ import annotations

import gzip
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from statistics import median

from bench.measure import keep, parser, show, table
from ingest.formats import format_of, framer_of
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
from mailtrace.collector import calm_collector

_CAPTURES = Path(__file__).parent.parent / "tests" / "data" / "captures"
#: Family, capture, and its files: each family's lines with those that are joined to them.
FAMILIES = (
    ("Postfix, Amavis", "postfix_amavis", ("mail.log",)),
    ("Postfix, Rspamd", "postfix_rspamd", ("mail.log", "rspamd.log")),
    ("Exim, spamd", "exim", ("mainlog", "rejectlog", "spamd.log", "clamav.log")),
)
#: How far copies lie apart: longer than a capture is.
_APART = timedelta(seconds=300)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_CTIME = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}")
_EXIM_ID = re.compile(r"\b([0-9A-Za-z]{6})(-[0-9A-Za-z]{6}-[0-9A-Za-z]{2})\b")
_POSTFIX_ID = re.compile(r"\b(?:[0-9A-F]{10,12}|4[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{9}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{3,6})\b")
_MESSAGE = re.compile(r"\b[0-9a-f]{14,16}(?=\.\d{3,6}@)")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def capture_lines(name: str, file: str) -> list[str]:
    """The lines of a file of a capture."""
    plain = _CAPTURES / name / file
    content = plain.read_bytes() if plain.exists() else gzip.decompress(plain.with_name(f"{file}.gz").read_bytes())
    return content.decode("utf-8", "replace").splitlines()


def copies(lines: list[str], number: int) -> Iterator[str]:
    """The lines so many times, each time later and of other mail."""
    for copy in range(number):
        for line in lines:
            yield _moved(line, copy) + "\n" if copy else line + "\n"


def _moved(line: str, copy: int) -> str:
    """A line of another copy: its stamp, and every id in it."""
    shift = _APART * copy
    line = _ISO.sub(lambda found: _later(found[0], shift, f"%Y-%m-%d{found[0][10]}%H:%M:%S"), line, count=1)
    line = _CTIME.sub(lambda found: _later(found[0], shift, "%a %b %d %H:%M:%S %Y"), line, count=1)
    line = _EXIM_ID.sub(lambda found: _encode(_decode(found[1]) + int(shift.total_seconds())) + found[2], line)
    line = _POSTFIX_ID.sub(lambda found: _digest(found[0], copy, len(found[0])), line)
    return _MESSAGE.sub(lambda found: _digest(found[0], copy, len(found[0])).lower(), line)


def _later(stamp: str, shift: timedelta, form: str) -> str:
    return (datetime.strptime(stamp, form).replace(tzinfo=UTC) + shift).strftime(form)


def _digest(text: str, copy: int, length: int) -> str:
    """Another id, of short ids' form; two characters at the front keep a copy's ids apart from all others."""
    return blake2b(f"{text}/{copy}".encode(), digest_size=16).hexdigest().upper()[: min(length, 14)]


def _decode(text: str) -> int:
    number = 0
    for character in text:
        number = number * 62 + _BASE62.index(character)
    return number


def _encode(number: int) -> str:
    text = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        text = _BASE62[digit] + text
    return text


def _timed(rounds: int, work: Callable[[], int]) -> tuple[float, int]:
    """The median of the CPU seconds that a piece of work takes, and what it gives."""
    spent, given = [], 0
    for _ in range(rounds):
        began = time.process_time()
        given = work()
        spent.append(time.process_time() - began)
    return median(spent), given


def _read(files: dict[str, list[str]]) -> int:
    """Take every line apart and let its format read it; gives the number of lines."""
    count = 0
    for name, lines in files.items():
        framer = framer_of(name, UTC, 2026)
        for text in lines:
            line = framer.frame(text[:-1])
            count += 1
            known = format_of(line.tag, line.program) if line is not None else None
            if line is not None and known is not None:
                known.parse(line)
    return count


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("families", __doc__)
    given_by.add_argument("--lines", type=int, default=60_000, help="lines of each family, about")
    given_by.add_argument("--rounds", type=int, default=3)
    given = given_by.parse_args(argv)
    calm_collector()
    rows, figures, first = [], {}, None
    for family, capture, names in FAMILIES:
        files = {name: capture_lines(capture, name) for name in names}
        number = max(given.lines // sum(map(len, files.values())), 1)
        repeated = {name: list(copies(lines, number)) for name, lines in files.items()}
        with tempfile.TemporaryDirectory(prefix="bench-families-") as folder:
            for name, lines in repeated.items():
                (Path(folder) / name).write_text("".join(lines), encoding="utf-8")

            def whole(folder: Path = Path(folder), names: tuple[str, ...] = names) -> int:
                place = Path(tempfile.mkdtemp(dir=folder))
                sink = EmbeddedSink(place / "store")
                options = IngestOptions(paths=tuple(str(folder / name) for name in names), timezone=UTC, year=2026, log_host="mx1")
                summary = Ingest(options, sink, place / "data").run_once()
                sink.close()
                return summary.traces

            read_s, count = _timed(given.rounds, lambda repeated=repeated: _read(repeated))  # type: ignore[misc]
            whole_s, traces = _timed(given.rounds, whole)
        speed = (count / read_s, count / whole_s, whole_s / max(traces, 1) * 1e6)
        first = first or speed
        figured = [cell for ours, theirs in zip(speed, first, strict=True) for cell in (f"{ours:,.0f}", f"{ours / theirs:.2f}")]
        rows.append([family, f"{count:,}", f"{traces:,}", *figured])
        figures[family] = {
            "lines": count,
            "traces": traces,
            "read_lines_per_s": speed[0],
            "whole_lines_per_s": speed[1],
            "us_per_trace": speed[2],
        }
    title = f"Lines a second of CPU, by family of programs; median of {given.rounds}; beside each its ratio to the first"
    show(table(title, ["family", "lines", "traces", "read", "", "into the store", "", "us a trace", ""], rows))
    keep(given.json, "families", figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
