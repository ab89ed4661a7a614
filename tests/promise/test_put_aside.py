"""A fault of the program itself at one line: the line is put aside, its message is told without it, and everything else as ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from canonical import Documents, documents, must_be_same
from captures import YEAR, Form, written
from reading import NOW_S, USUAL, Place, Times, read
from written_mail import Server, log

import ingest.intake
import ingest.memory.nodes
import ingest.writer
from ingest.aside import FailedLetters
from ingest.formats import Format, format_of
from ingest.memory.memory import Memory
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.tail.faults import TailError
from ingest.telling.trace import compose
from mailtrace.build import is_compiled
from mappings.facts import Attempted
from mappings.faults import StoreError
from promise.conftest import tries

Plain = Callable[[Form, Times], Documents]
ANN, BOB, EVE = "ann@sender.example", "bob@example.net", "eve@example.net"


#: The fault is in the heart here: a function that fails is put in the place of one of its own.
_PUTS_IN_PLACE = pytest.mark.skipif(is_compiled(), reason="compiled code calls its own functions past what is put in their place")


class OurFaultError(Exception):
    """What no code raises on purpose."""


def raising(monkeypatch: pytest.MonkeyPatch, fails: Callable[[str], bool]) -> None:
    """Have the parsers of all formats raise at some lines."""

    def flawed(tag: str, program: str, override: str | None = None) -> Format | None:
        known = format_of(tag, program, override)
        if known is None:
            return None
        parse = known.parse

        def parse_or_fail(line: Any) -> Any:
            if fails(line.raw):
                raise OurFaultError("made up")
            return parse(line)

        return replace(known, parse=parse_or_fail)

    monkeypatch.setattr(ingest.intake, "format_of", flawed)


def letters(place: Place) -> list[str]:
    """The lines that were put aside."""
    return [line.raw or "" for letter in FailedLetters(place.data).listed() for line in letter.lines]


def retried(place: Place, times: Times = USUAL, **options: Any) -> None:
    """Read again what was put aside."""
    wanted = IngestOptions((), ZoneInfo("UTC"), pin_s=times.pin, hold_back_s=times.hold_back, memory_s=times.memory, strict=True, **options)
    with closing(place.store.sink()) as sink:
        FailedLetters(place.data).again(lambda kept: Ingest(wanted, sink, place.data, clock=lambda: NOW_S).read_again(kept))


def one_mail() -> bytes:
    """A message to two people."""
    return log([Server().delivered("4D2A31C0FFEE", ANN, BOB, EVE)])


def text_of(line: str) -> str:
    """A line without its header: equal lines in one second are one, so they fail together."""
    return line.partition("]: ")[2] or line


@tries(4)
def test_parsers_that_raise_at_random(case: tuple[Form, Times, int], place: Place, plain: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line in twenty fails: no stop, and each of them is kept. Once the parsers are mended none fails again.

    A retry brings all but what only the order of lines tells (`tests/promise/test_order.py`); reading the files again brings that too.
    """
    form, times, seed = case
    rng = Random(seed)
    texts = {text_of(line) for content in form.contents().values() for line in content.decode(errors="replace").splitlines()}
    failing = {text for text in sorted(texts) if rng.random() < 0.05}
    with monkeypatch.context() as patch:
        raising(patch, lambda raw: any(text_of(piece) in failing for piece in raw.split("\n")))
        done = read(place, form.unpacked(place.logs), times, timezone=form.zone, strict=False)
    kept = letters(place)
    assert kept
    assert done.summary.failed.total() == len(kept)
    assert all(any(text_of(piece) in failing for piece in raw.split("\n")) for raw in kept)
    retried(place, times, year=YEAR)
    assert not letters(place)
    lasting = plain(form, times)
    found = documents(place.store)
    assert "unread" not in {event["kind"] for document in found.values() for event in document["events"]}
    assert len(lasting.keys() - found.keys()) <= len(lasting) // 20
    read(place, form.unpacked(place.logs), times, timezone=form.zone, rebuild=True)
    must_be_same(lasting, documents(place.store))


def test_a_line_that_cannot_be_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is told without it, as incomplete, with the line as evidence; it is counted and told once."""
    files = written(place.logs, {"mail.log": one_mail()})
    raising(monkeypatch, lambda raw: "to=<eve@" in raw)
    done = read(place, files, strict=False)
    found = documents(place.store)
    assert {(d.get("recipient"), d.get("disposition"), d.get("incomplete")) for d in found.values()} == {(BOB, "delivered", True)}
    (document,) = found.values()
    assert "unread" in [event["kind"] for event in document["events"]]
    assert done.summary.failed == {"smtp": 1}
    assert [w for w in done.summary.warnings if "A fault of the program itself (OurFaultError at test_put_aside.py" in w]
    (letter,) = FailedLetters(place.data).listed()
    assert letter.reason.startswith("OurFaultError at test_put_aside.py")
    assert letter.lines[0].file == str(files[0])


@_PUTS_IN_PLACE
def test_a_line_that_raises_where_it_is_joined(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where joining fails instead."""
    files = written(place.logs, {"mail.log": one_mail()})
    real = Memory._place

    def flawed(self: Memory, arrival: Any, slot: Any) -> None:
        real(self, arrival, slot)
        if getattr(arrival.event.fact, "recipient", None) == EVE:
            raise OurFaultError

    with monkeypatch.context() as patch:
        patch.setattr(Memory, "_place", flawed)
        read(place, files, strict=False)
    assert {(d.get("recipient"), d.get("incomplete")) for d in documents(place.store).values()} == {(BOB, True)}
    read(place.beside("plain"), files)
    retried(place)
    must_be_same(documents(place.beside("plain").store), documents(place.store))


@_PUTS_IN_PLACE
@pytest.mark.parametrize("step", ["gather", "compose", "content_digest"])
def test_a_message_that_cannot_be_told_with_one_of_its_lines(step: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is found without which it can be told."""
    other = Server(pid=7000).delivered("4D2A31C0DDDD", ANN, "carl@example.net")
    files = written(place.logs, {"mail.log": one_mail() + log([other])})
    there = ingest.memory.nodes if step == "gather" else ingest.writer
    real = getattr(there, step)

    def says(told: Any) -> bool:
        # A part of a message, a message, or a trace.
        events = getattr(told, "events", None) or [event for part in told.parts for event in part.events]
        return any(
            (isinstance(e.fact, Attempted) and e.fact.recipient == EVE) if hasattr(e, "fact") else e.fields.get("recipient") == EVE
            for e in events
        )

    def flawed(told: Any, *more: Any) -> Any:
        if says(told):
            raise OurFaultError
        return real(told, *more)

    with monkeypatch.context() as patch:
        patch.setattr(there, step, flawed)
        done = read(place, files, strict=False)
    found = {(d.get("recipient"), d.get("incomplete", False)) for d in documents(place.store).values()}
    assert found == {(BOB, True), ("carl@example.net", False)}
    assert done.summary.failed == {"smtp": 1}
    read(place.beside("plain"), files)
    retried(place)
    must_be_same(documents(place.beside("plain").store), documents(place.store))


@_PUTS_IN_PLACE
def test_a_message_that_cannot_be_told_at_all(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines are put aside, and the others are told."""
    other = Server(pid=7000).delivered("4D2A31C0DDDD", ANN, "carl@example.net")
    files = written(place.logs, {"mail.log": one_mail() + log([other])})
    real = compose

    def flawed(message: Any, context: Any) -> Any:
        if any(life.queue_id == "4D2A31C0FFEE" for life in message.lives):
            raise OurFaultError
        return real(message, context)

    with monkeypatch.context() as patch:
        patch.setattr(ingest.writer, "compose", flawed)
        read(place, files, strict=False)
    assert {d["recipient"] for d in documents(place.store).values()} == {"carl@example.net"}
    # Those of the session, which begin and end it, are with no message.
    assert len(letters(place)) == len([line for line in one_mail().splitlines() if b"4D2A31C0FFEE" in line])
    position = json.loads((place.data / "positions.json").read_bytes())["files"][0]
    assert not position["needed"]
    read(place.beside("plain"), files)
    retried(place)
    must_be_same(documents(place.beside("plain").store), documents(place.store))


@_PUTS_IN_PLACE
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), MemoryError(), StoreError("away")])
def test_faults_that_are_no_lines(fault: Exception, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of disk, memory or store is not taken for one of a line."""
    files = written(place.logs, {"mail.log": one_mail()})

    def flawed(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(Memory, "_place", flawed)
    with pytest.raises(type(fault)):
        read(place, files, strict=False)
    assert not letters(place)


def test_it_is_on_the_disk_before_a_position_passes_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be kept, no position is written."""
    files = written(place.logs, {"mail.log": one_mail()})
    (place.data / "failed.ndjson").mkdir(parents=True)
    raising(monkeypatch, lambda raw: "to=<eve@" in raw)
    with pytest.raises(TailError, match="what was put aside cannot be kept"):
        read(place, files, strict=False)
    assert not (place.data / "positions.json").exists()


def test_lines_that_are_not_to_be_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without raw lines only the place and the reason are kept, and a retry leaves them."""
    files = written(place.logs, {"mail.log": one_mail()})
    raising(monkeypatch, lambda raw: "to=<eve@" in raw)
    read(place, files, strict=False, keep_raw=False)
    (letter,) = FailedLetters(place.data).listed()
    assert letter.lines[0].raw is None
    retried(place)
    assert list(FailedLetters(place.data).listed()) == [letter]


def test_they_are_shown_and_read_again(
    place: Place, mailtrace: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`mailtrace deadletters` shows place, line and reason, `doctor` names them, and `retry` reads them."""
    files = written(place.logs, {"mail.log": one_mail()})
    with monkeypatch.context() as patch:
        raising(patch, lambda raw: "to=<eve@" in raw)
        said = mailtrace("ingest", "--once", str(files[0]), MAILTRACE_STOP_AT_FAULTS="false")
        assert said.returncode == 0
        assert "put aside because of a fault of Mail Trace itself: smtp 1" in " ".join(said.stderr.split())
    listed = mailtrace("deadletters").stdout
    assert f"{files[0]}, near byte" in listed
    assert "to=<eve@example.net>" in " ".join(listed.split())
    assert "OurFaultError" in listed
    assert "1 line put aside" in " ".join(mailtrace("doctor").stdout.split())
    again = mailtrace("deadletters", "retry")
    assert again.returncode == 0
    assert "1 line put aside read again: 0 put aside still." in again.stdout
    assert "eve@example.net" in mailtrace("search").stdout
