"""What stays in memory after a capture, and lines that nobody would write."""

from __future__ import annotations

from random import Random

import pytest
from captures import FORMS, Form, written
from reading import SHORTEST, USUAL, Place, Times, read, writers_of

from ingest.joining.event import LiveEvent
from ingest.pipeline import Ingest
from promise.conftest import COARSE, FINE, IN_PIECES, MILTER, OWN_FILES, ROUNDS, TWO_FILES

_NOISE = (
    b"\0",
    b"\xff",
    b"\x1b[2J",
    b"<",
    b">",
    b'"',
    b"\\",
    b"(",
    b")",
    b"...",
    b" to=<",
    b"; from=<",
    b"status=",
    b"\xf0\x9f\x92\xa9",
    b"",
)


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_nothing_waits_for_ever(form: Form, times: Times, place: Place) -> None:
    """After a capture each event is in an acknowledged document, but for such as name nobody (a scanner's hit, a probe, a client)."""
    ingest = read(place, form.unpacked(place.logs), times, timezone=form.zone)
    told = [event for event in _open(ingest) if getattr(event.fact, "recipient", None)]
    assert not told


def _open(ingest: Ingest) -> list[LiveEvent]:
    """All events of a run that no acknowledged document holds."""
    return [
        node.events[digest]
        for writer in writers_of(ingest).values()
        for node in writer.memory.nodes.nodes.values()
        for digest in node.fresh
    ]


def mutated(line: bytes, others: list[bytes], rng: Random) -> bytes:
    """A line with a piece cut out, doubled, spliced with another line's, or with noise in it."""
    for _ in range(rng.randrange(1, 4)):
        begin, end = sorted((rng.randrange(len(line) + 1), rng.randrange(len(line) + 1)))
        other = rng.choice(others)
        line = rng.choice(
            (
                line[:begin] + line[end:],
                line[:end] + line[begin:],
                line[:begin] + other[rng.randrange(len(other)) :],
                line[:begin] + rng.choice(_NOISE) + line[begin:],
                line[:begin] + rng.randbytes(rng.randrange(8)) + line[end:],
            )
        )
    return line.replace(b"\n", b"") + b"\n"


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
@pytest.mark.parametrize("form", [FINE, COARSE, TWO_FILES, OWN_FILES, IN_PIECES, MILTER], ids=str)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_mutated_lines_never_raise(seed: int, form: Form, times: Times, place: Place) -> None:
    """Lines cut, spliced and filled with noise among real ones go through the whole pipeline, twice; each line is counted."""
    rng = Random(seed)
    contents = {}
    for name, content in form.contents().items():
        lines = content.splitlines(keepends=True)
        contents[name] = b"".join(mutated(line, lines, rng) if rng.random() < 0.4 else line for line in lines)
    files = written(place.logs, contents)
    ingest = read(place, files, times, timezone=form.zone)
    assert ingest.summary.lines == sum(content.count(b"\n") for content in contents.values())
    read(place, files, times, rebuild=True, timezone=form.zone)


@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_random_bytes_never_raise(seed: int, place: Place) -> None:
    """A file of random bytes is read to its end and gives no trace."""
    ingest = read(place, written(place.logs, {"mail.log": Random(seed).randbytes(200_000) + b"\n"}))
    assert ingest.summary.traces == 0
