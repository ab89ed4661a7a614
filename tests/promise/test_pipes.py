"""A filter behind a pipe: what goes in and what comes out share no id, and are one message however the reading is cut."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from random import Random

import pytest
from canonical import Documents, documents, must_be_same
from captures import written
from reading import SHORTEST, USUAL, Place, Times, read

from promise.conftest import ROUNDS

FIELD = Path(__file__).parent.parent / "data" / "field"
#: Logs with messages that went through a pipe, and with some that look so.
LOGS = {
    f"{case}-{file.name}": file.read_bytes()
    for case in (
        "pipe-filter-postfix",
        "pipe-filter-two-recipients",
        "pipe-filter-exim",
        "stays-forwarded-by-program",
        "loopback-own-words",
        "pmg-filter",
    )
    for file in sorted((FIELD / case).iterdir())
    if file.name in {"mail.log", "mainlog"}
}
#: The second of a stamp.
_SECOND = re.compile(rb"(?m)^(?:Nov 24 ([\d:]{8})|(2026-11-24 [\d:]{8}))")
TIMES = pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
LOG = pytest.mark.parametrize("name", LOGS)


def _whole(place: Place, content: bytes, times: Times) -> Documents:
    """What one reading gives."""
    plain = place.beside("plain")
    read(plain, written(plain.logs, {"whole.log": content}), times, log_host="mx1")
    return documents(plain.store)


def _finer(content: bytes) -> bytes:
    """The same log with milliseconds, by which the order of lines is known wherever they are read."""
    numbers = count(1)

    def finer(found: re.Match[bytes]) -> bytes:
        part = b".%03d" % next(numbers)
        return found[2] + part if found[2] else b"2026-11-24T" + found[1] + part + b"+00:00"

    return _SECOND.sub(finer, content)


@TIMES
@LOG
def test_one_line_after_the_other(name: str, times: Times, place: Place) -> None:
    """Each line is read by a process of its own, from a file that grows, or from files of their own."""
    lines = LOGS[name].splitlines(keepends=True)
    for end in range(1, len(lines) + 1):
        read(place, written(place.logs, {name: b"".join(lines[:end])}), times, log_host="mx1")
    must_be_same(_whole(place, LOGS[name], times), documents(place.store))


@TIMES
@LOG
@pytest.mark.parametrize("seed", range(4 * ROUNDS))
def test_in_two_files(seed: int, name: str, times: Times, place: Place) -> None:
    """Lines in two files, in order or by chance, and one file read after the other, in either order."""
    rng, content = Random(f"{seed}{name}"), _finer(LOGS[name])
    lines = content.splitlines(keepends=True)
    cut = rng.randrange(1, len(lines))
    first = [number < cut if seed % 2 else rng.random() < 0.5 for number in range(len(lines))]
    parts = {f"{one}.log": b"".join(line for line, is_first in zip(lines, first, strict=True) if is_first is one) for one in (True, False)}
    files = written(place.logs, {part: text for part, text in parts.items() if text})
    for file in rng.sample(files, len(files)):
        read(place, [file], times, log_host="mx1")
    must_be_same(_whole(place, content, times), documents(place.store))
