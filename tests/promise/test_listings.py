"""What lists say of a client's address stands in the trace of a refusal, however the reading is cut."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from canonical import documents, must_be_same
from captures import written
from reading import SHORTEST, Place, StoreDiedError, forget_positions, read
from stores import Embedded

from mappings.facts import Screened, fact_of
from mappings.vocabulary import Reason
from promise.fates import traces_of

_CLIENT = "198.51.100.41"
_BLOCKED = "550 5.7.1 Service unavailable; client [198.51.100.41] blocked using zen.spamhaus.org"


def _connection(at: str, port: int, *, answers: list[str]) -> list[str]:
    """A client that the lists are asked about, and who is refused some seconds later."""
    head = f"Mar  5 {at}"
    said = [f"{head}:01 mx1 postfix/dnsblog[20900]: addr {_CLIENT} listed by domain {answer}" for answer in answers]
    mail = "from=<aaa@sender.example>, to=<bbb@example.org>, proto=ESMTP, helo=<mail.sender.example>"
    return [
        f"{head}:01 mx1 postfix/postscreen[20858]: CONNECT from [{_CLIENT}]:{port} to [203.0.113.2]:25",
        *said,
        f"{head}:07 mx1 postfix/postscreen[20858]: DNSBL rank 3 for [{_CLIENT}]:{port}",
        f"{head}:07 mx1 postfix/postscreen[20858]: NOQUEUE: reject: RCPT from [{_CLIENT}]:{port}: {_BLOCKED}; {mail}",
        f"{head}:08 mx1 postfix/postscreen[20858]: DISCONNECT [{_CLIENT}]:{port}",
    ]


#: An error and a listing; the next connection in the same minute asks nothing; later the error alone; much later a listing alone.
LINES = [
    *_connection("10:00", 40028, answers=["zen.spamhaus.org as 127.255.255.254", "bl.example.net as 127.0.0.2"]),
    *_connection("10:01", 40029, answers=[]),
    *_connection("10:09", 40030, answers=["zen.spamhaus.org as 127.255.255.254"]),
    *_connection("12:00", 40031, answers=["zen.spamhaus.org as 127.0.0.4"]),
]


def _content(count: int) -> dict[str, bytes]:
    """The log with so many lines."""
    return {"mail.log": "".join(f"{line}\n" for line in LINES[:count]).encode()}


def test_which_lists_made_up_a_refusal(place: Place) -> None:
    """The lists are in the detail and in the lines; an error alone, or one that weighed most, is no listing."""
    told = sorted(traces_of(place, {"mail.log": "".join(f"{line}\n" for line in LINES)}), key=lambda trace: trace.time_ms)
    assert [trace.reason for trace in told] == [Reason.LOCAL_SYSTEM, Reason.LOCAL_SYSTEM, Reason.LOCAL_SYSTEM, Reason.REPUTATION]
    assert [trace.detail for trace in told] == [
        "DNSBL rank 3: bl.example.net (127.0.0.2), zen.spamhaus.org (127.255.255.254)",
        "DNSBL rank 3: bl.example.net (127.0.0.2), zen.spamhaus.org (127.255.255.254)",
        "DNSBL rank 3: zen.spamhaus.org (127.255.255.254)",
        "DNSBL rank 3: zen.spamhaus.org (127.0.0.4)",
    ]
    lists = [sum(isinstance(fact_of(event.kind, event.fields), Screened) for event in trace.events) - 1 for trace in told]
    assert lists == [2, 2, 1, 1]


@pytest.mark.parametrize("state", ["kept", "lost"])
@pytest.mark.parametrize("cut", range(1, len(LINES), 2))
def test_a_cut_between_them_changes_nothing(place: Place, tmp_path: Path, cut: int, state: str) -> None:
    """Read in two goes, with a store that dies in between, the documents are those of one reading."""
    whole = Place(tmp_path / "whole", tmp_path / "data", Embedded(tmp_path / "data" / "store"))
    read(whole, written(whole.logs, _content(len(LINES))), SHORTEST)
    with suppress(StoreDiedError):
        read(place, written(place.logs, _content(cut)), SHORTEST, dies_after=1)
    read(place, written(place.logs, _content(cut)), SHORTEST)
    if state == "lost":
        forget_positions(place.data)
    read(place, written(place.logs, _content(len(LINES))), SHORTEST)
    must_be_same(documents(whole.store), documents(place.store))
