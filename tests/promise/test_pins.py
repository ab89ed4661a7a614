"""A position passes a line only when a document holds it: however fast a backlog is read, and however many hosts a log holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from canonical import documents, must_be_same
from captures import written
from reading import USUAL, Place, StoreDiedError, read
from written_mail import START, Mail, Server, log, short_id

import ingest.pipeline
from ingest.clock import SECOND
from ingest.joining.places import Place as PlaceInFile
from promise.conftest import ROUNDS

HOSTS = 8
#: Lines without which a message waits: that it is queued and done, and where its second hop comes from.
_AWAITED = re.compile(rb"postfix/qmgr|orig_queue_id|sending")


def of_many_hosts(rng: Random, *, waiting: bool) -> bytes:
    """Two hours of eight hosts in one log, some hosts silent for long; with `waiting` without the lines that messages wait for."""
    mails: list[Mail] = []
    for host in range(HOSTS):
        server = Server(host=f"mx{host}", pid=1000 * (host + 1))
        pause = rng.choice((20, 90, 400, 1500))
        while server.clock < START + timedelta(hours=2):
            number = len(mails)
            ids = (short_id(rng), short_id(rng))
            if rng.random() < 0.5:
                mails.append(server.filtered(ids, f"mailid{number:06d}", f"ann{number}@sender.example", f"bob{number}@example.net"))
            else:
                mails.append(server.delivered(ids[0], f"ann{number}@sender.example", f"bob{number}@example.net"))
            server.wait(seconds=rng.uniform(0, 2 * pause))
    content = log(mails)
    if not waiting:
        return content
    return b"".join(line for line in content.splitlines(keepends=True) if _AWAITED.search(line) is None)


@pytest.mark.parametrize("waiting", [False, True], ids=["whole", "waiting"])
@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_killed_while_catching_up(seed: int, waiting: bool, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store dies again and again while a backlog of many hosts is read, its marks being kept all the time: nothing is lost."""
    rng = Random(seed)
    files = written(place.logs, {"mail.log": of_many_hosts(rng, waiting=waiting)})
    read(place.beside("plain"), files)
    monkeypatch.setattr(ingest.pipeline, "_FLUSH_LINES", 50)
    monkeypatch.setattr(ingest.pipeline, "_CHUNK", 50)
    monkeypatch.setattr(ingest.pipeline, "_BACKLOG_SAVED_S", 0.0)
    for _ in range(12):
        try:
            read(place, files, dies_after=rng.randrange(5, 120))
        except StoreDiedError:
            continue
        break
    read(place, files)
    must_be_same(documents(place.beside("plain").store), documents(place.store))


def test_it_moves_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for lines that never come is written, and let the mark pass it, once it is older than a pin may be."""
    files = written(place.logs, {"mail.log": of_many_hosts(Random(1), waiting=True)})
    monkeypatch.setattr(ingest.pipeline, "_FLUSH_LINES", 50)
    monkeypatch.setattr(ingest.pipeline, "_CHUNK", 50)
    monkeypatch.setattr(ingest.pipeline, "_BACKLOG_SAVED_S", 0.0)
    oldest: list[float] = []
    real: Callable[..., None] = ingest.pipeline.Ingest._keep_marks

    def watched(self: Any, *ended: Any) -> None:
        real(self, *ended)
        for source in self._sources:
            slots: list[PlaceInFile] = source.needed
            if slots:
                oldest.append((source._greatest - slots[0].reached_us) / SECOND)

    monkeypatch.setattr(ingest.pipeline.Ingest, "_keep_marks", watched)
    read(place, files)
    assert oldest
    # A save after it is older it is written, and passed at the next.
    assert max(oldest) < USUAL.pin * 1.5


def test_a_record_that_is_read_further(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier run read a record to its first line only: the position passes the rest when a document has that too."""
    monkeypatch.setattr(ingest.pipeline, "_FLUSH_LINES", 1)
    monkeypatch.setattr(ingest.pipeline, "_CHUNK", 1)
    monkeypatch.setattr(ingest.pipeline, "_BACKLOG_SAVED_S", 0.0)
    client = "H=mail.sender.example [203.0.113.5] F=<ann@sender.example>"
    first = f"2026-03-02 10:00:00 {client} rejected after DATA: no\n"
    rest = "Envelope-from: <ann@sender.example>\nEnvelope-to: <bob@example.net>\n"
    later = "".join(f"2026-03-02 10:00:{n:02d} {client} rejected RCPT <b{n}@example.net>: no\n" for n in range(1, 40))
    read(place, written(place.logs, {"rejectlog": first.encode()}))
    files = written(place.logs, {"rejectlog": f"{first}{rest}{later}".encode()})
    with pytest.raises(StoreDiedError):
        read(place, files, dies_after=0)
    read(place, files)
    read(place.beside("plain"), files)
    must_be_same(documents(place.beside("plain").store), documents(place.store))


def test_a_line_that_was_given_to_one_message_too_many(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A late line ends a session between two messages: its beginning is the first one's alone, and holds nothing back then."""
    monkeypatch.setattr(ingest.pipeline, "_FLUSH_LINES", 5)
    monkeypatch.setattr(ingest.pipeline, "_CHUNK", 5)
    monkeypatch.setattr(ingest.pipeline, "_BACKLOG_SAVED_S", 0.0)
    server, other, peer = Server(), Server(pid=9000), "mail.sender.example[203.0.113.5]"
    first, late, second = Mail(), Mail(), Mail()
    server.at(first, "postfix/smtpd", 1001, f"Anonymous TLS connection established from {peer}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384")
    server.at(first, "postfix/smtpd", 1001, f"4D2A31C0FFEE: client={peer}")
    server.at(first, "postfix/qmgr", 99, "4D2A31C0FFEE: from=<ann@sender.example>, size=600, nrcpt=1 (queue active)")
    server.deliver(first, "4D2A31C0FFEE", "bob@example.net", 1003)
    server.remove(first, "4D2A31C0FFEE")
    server.at(late, "postfix/smtpd", 1001, f"disconnect from {peer}")
    server.at(second, "postfix/smtpd", 1001, f"4D2A31C0FFFF: client={peer}")
    mails = []
    for number in range(40):
        other.wait(seconds=1 if number < 12 else 60)
        mails.append(other.delivered(f"4D2A31C0{number:04X}", "carl@sender.example", "dora@example.net"))
    content = log([first, second, *mails[:12]]) + log([late]) + log(mails[12:])
    read(place, written(place.logs, {"mail.log": content}))
    (position,) = json.loads((place.data / "positions.json").read_bytes())["files"]
    assert position["offset"] > len(content) / 2
