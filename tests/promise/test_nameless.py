"""Messages of which no line names a sender or a recipient."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from canonical import documents, must_be_same
from captures import written
from reading import USUAL, Place, StoreDiedError, read
from written_mail import Mail, Server, found, log

import ingest.pipeline
from ingest.options import IngestOptions
from ingest.pipeline import Ingest

ID = "4D2A31C0FFEE"
PEER = "mail.sender.example[203.0.113.5]"


def begun(server: Server) -> Mail:
    """A message that the server is receiving."""
    mail = Mail()
    server.at(mail, "postfix/smtpd", 1001, f"connect from {PEER}")
    server.at(mail, "postfix/smtpd", 1001, f"{ID}: client={PEER}")
    return mail


def test_one_that_has_begun_is_found_by_its_queue_id(place: Place) -> None:
    """Its beginning is all that is known: what became of it is in no line."""
    read(place, written(place.logs, {"mail.log": log([begun(Server())])}))
    assert list(found(place.store)) == [(None, None, "unknown", (ID,), True)]


@pytest.mark.parametrize("ending", ["lost connection after RCPT from {}", "disconnect from {} ehlo=1 mail=1 rcpt=1 quit=1 commands=4"])
@pytest.mark.parametrize("seen", [False, True], ids=["at once", "after it was told"])
def test_a_client_that_only_asks_leaves_no_trace(ending: str, seen: bool, place: Place) -> None:
    """It wants to know whether an address is there, and sends nothing: what was told of it is taken back."""
    server = Server()
    mail = begun(server)
    if seen:
        read(place, written(place.logs, {"mail.log": log([mail])}))
        assert found(place.store)
    server.wait(seconds=5)
    server.at(mail, "postfix/smtpd", 1001, ending.format(PEER))
    read(place, written(place.logs, {"mail.log": log([mail])}))
    assert not found(place.store)


def test_one_that_goes_on_after_its_place_was_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beginning is kept in the store, shown to nobody, and is there when the message goes on after hours and a crash."""
    monkeypatch.setattr(ingest.pipeline, "_FLUSH_LINES", 5)
    monkeypatch.setattr(ingest.pipeline, "_CHUNK", 5)
    monkeypatch.setattr(ingest.pipeline, "_BACKLOG_SAVED_S", 0.0)
    server, other = Server(), Server(pid=9000)
    mail = begun(server)
    later = []
    for number in range(60):
        other.wait(seconds=60)
        later.append(other.delivered(f"4D2A31C0{number:04X}", "carl@sender.example", "dora@example.net"))
    before = log([mail, *later])
    files = written(place.logs, {"mail.log": before})
    with pytest.raises(StoreDiedError):
        read(place, files, dies_after=60)
    position = json.loads((place.data / "positions.json").read_bytes())["files"][0]
    assert position["offset"] > before.index(ID.encode())
    assert len(found(place.store)) < 61
    server.wait(seconds=7000)
    server.at(mail, "postfix/cleanup", 1002, f"{ID}: message-id=<a@sender.example>")
    server.at(mail, "postfix/qmgr", 99, f"{ID}: from=<ann@sender.example>, size=600, nrcpt=1 (queue active)")
    server.deliver(mail, ID, "bob@example.net", 1003)
    server.remove(mail, ID)
    written(place.logs, {"mail.log": log([mail, *later])})
    read(place, files)
    assert ("ann@sender.example", "bob@example.net", "delivered", (ID,), False) in found(place.store)
    read(place.beside("plain"), files)
    must_be_same(documents(place.beside("plain").store), documents(place.store))


def test_one_that_goes_on_is_told_under_its_names(place: Place) -> None:
    """Its trace is replaced by that of its recipient."""
    server = Server()
    mail = begun(server)
    files = written(place.logs, {"mail.log": log([mail])})
    read(place, files)
    server.wait(seconds=900)
    server.at(mail, "postfix/cleanup", 1002, f"{ID}: message-id=<a@sender.example>")
    server.at(mail, "postfix/qmgr", 99, f"{ID}: from=<ann@sender.example>, size=600, nrcpt=1 (queue active)")
    server.deliver(mail, ID, "bob@example.net", 1003)
    server.remove(mail, ID)
    written(place.logs, {"mail.log": log([mail])})
    read(place, files)
    assert list(found(place.store)) == [("ann@sender.example", "bob@example.net", "delivered", (ID,), False)]


def follow(place: Place, pieces: list[tuple[datetime, str, bytes]]) -> list[Path]:
    """Follow logs that grow by a piece each time that all is read; with each comes the wall clock's time."""
    stop, waiting, written, now = threading.Event(), list(pieces), 0, pieces[0][0]
    files = [place.logs / name for name in sorted({name for _, name, _ in pieces})]
    place.logs.mkdir()

    def grow() -> None:
        nonlocal now, written
        if following.summary.lines < written:
            return
        if not waiting:
            stop.set()
            return
        now, name, piece = waiting.pop(0)
        written += piece.count(b"\n")
        with (place.logs / name).open("ab") as log:
            log.write(piece)

    def wall_clock() -> float:
        return now.timestamp()

    paths = tuple(map(str, files))
    options = IngestOptions(paths, ZoneInfo("UTC"), year=2026, pin_s=USUAL.pin, memory_s=USUAL.memory, strict=True)
    with closing(place.store.sink()) as sink:
        following = Ingest(options, sink, place.data, clock=wall_clock, beat=grow)
        following.follow(stop, interval_s=0)
    return files


@pytest.mark.parametrize(("pause_s", "away_h"), [(60, 0), (1, 2)], ids=["silent", "store-away"])
def test_one_of_a_host_that_says_nothing_for_long(pause_s: float, away_h: float, place: Place) -> None:
    """Its host is let go of, or all were only not read for long: nothing is lost of what it began."""
    server, other = Server(), Server(host="mx2", pid=9000)
    mail = Mail()
    server.at(mail, "postfix/smtpd", 1001, f"connect from {PEER}")
    server.at(mail, "postfix/smtpd", 1001, f"Anonymous TLS connection established from {PEER}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384")
    server.at(mail, "postfix/smtpd", 1001, f"{ID}: client={PEER}")
    pieces = [(server.clock, "mx1.log", log([mail]))]
    for number in range(40):
        other.wait(seconds=pause_s)
        one = other.delivered(f"4D2A31C0{number:04X}", "carl@sender.example", "dora@example.net")
        pieces.append((other.clock + timedelta(hours=away_h), "mx2.log", log([one])))
    rest = Mail()
    server.clock = other.clock
    if away_h:
        # The next one of the same session.
        server.at(rest, "postfix/smtpd", 1001, f"4D2A31C0FFFF: client={PEER}")
        server.at(rest, "postfix/qmgr", 99, "4D2A31C0FFFF: from=<ann@sender.example>, size=600, nrcpt=1 (queue active)")
        server.deliver(rest, "4D2A31C0FFFF", "carl@example.net", 1003)
    server.at(rest, "postfix/cleanup", 1002, f"{ID}: message-id=<a@sender.example>")
    server.at(rest, "postfix/qmgr", 99, f"{ID}: from=<ann@sender.example>, size=600, nrcpt=1 (queue active)")
    server.deliver(rest, ID, "bob@example.net", 1003)
    server.remove(rest, ID)
    pieces.append((server.clock + timedelta(hours=away_h), "mx1.log", log([rest])))
    read(place.beside("plain"), follow(place, pieces))
    must_be_same(documents(place.beside("plain").store), documents(place.store))
