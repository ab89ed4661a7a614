"""Three hundred questions in the query language, each with what it means in plain Python and how many it finds, on every store.

`tests/data/questions/questions.txt` has a line for each: the question, a condition on a trace, and the number of traces of `asked_mail` for
which it holds. The condition knows nothing of the language; it is asked of every trace, of real captures too, and must hold for exactly
the rows that the store gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from asked_mail import NOW_MS, asked_mail
from captures import EXIM, RSPAMD, SHORT, Form
from reading import Place, read
from reference import ReferenceStore
from stores import Embedded

from contract.under_test import Store
from mappings.trace import Trace
from search.engines import Engine
from search.query import Query
from search.scope import EVERYTHING

QUESTIONS = Path(__file__).parents[1] / "data" / "questions" / "questions.txt"
_REAL = (
    Form(SHORT, "rfc3339", ("mail.log",)),
    Form(RSPAMD, "rfc3339", ("mail.log", "rspamd.log")),
    Form(EXIM, "mainlog", ("mainlog", "rejectlog")),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A line of the table."""

    text: str
    means: CodeType
    number: int


def table() -> list[Asked]:
    """All lines; those that begin with `#` are words about what follows."""
    lines = [line for line in QUESTIONS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    pieces = [[piece.strip() for piece in line.split(" ;; ")] for line in lines]
    return [Asked(text, compile(means, text, "eval"), int(number)) for text, means, number in pieces]


def _words(text: str | None) -> list[str]:
    """The words of a text, for the texts that are here."""
    return [word.lower() for word in re.findall(r"[0-9]+(?:[.,][0-9]+)+|\w+(?:(?<=[^\W\d])[.:'](?=[^\W\d])\w+)*", text or "")]


def _in(network: str, ip: str | None) -> bool:
    """Whether an address lies in a network."""
    return ip is not None and ip_address(ip) in ip_network(network)


def _at(text: str) -> int:
    """A time in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def _lower(*texts: str | None) -> set[str]:
    """Those that there are, without case."""
    return {text.lower() for text in texts if text is not None}


def names(t: Trace) -> dict[str, Any]:
    """What a condition may use of a trace: `t` itself, its addresses and domains on either side (S, R, SD, RD), its servers (C, N)."""
    senders, recipients = _lower(t.sender, t.header_from), _lower(t.recipient, t.original_recipient)
    clients, relays = _lower(t.client_name, t.client_ip, t.client_helo), _lower(t.relay_host, t.relay_ip)
    ids = {*t.queue_ids, t.message_id, t.quarantine_id, *re.findall(r"(?:^|/)[a-z]+-([\w-]{8,})", t.quarantine_id or "")}

    def bare(value: str) -> bool:
        addresses = {
            part for one in senders | recipients for part in (one, one.rpartition("@")[0] if "." not in value else one.rpartition("@")[2])
        }
        pieces = _words(value)
        texts = any(said[at : at + len(pieces)] == pieces for said in (_words(t.subject), _words(t.reply_text)) for at in range(len(said)))
        return texts or value in ids or value.lower() in addresses | clients | relays | _lower(t.detail, t.authenticated_as)

    return {
        "t": t, "S": senders, "R": recipients, "A": senders | recipients, "C": clients, "N": relays, "bare": bare,
        "SD": _lower(t.sender_domain, t.header_from_domain), "RD": _lower(t.recipient_domain, t.original_recipient_domain),
        "AD": _lower(t.sender_domain, t.header_from_domain, t.recipient_domain, t.original_recipient_domain),
        "words": _words, "within": _in, "at": _at, "now": NOW_MS, "re": re, "day": 86_400_000, "hour": 3_600_000,
        "code": "" if t.reply_code is None else str(t.reply_code), "dsn": t.enhanced_code or "", "q": t.quarantine_id or "",
        "what": t.disposition.value, "verdict": t.verdict.value, "why": t.reason and t.reason.value, "way": t.direction.value,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """The mail, and what each question is to find of it, by its text."""

    mail: list[Trace]
    meant: dict[str, set[str]]
    own: set[str]


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """Give our own mail and that of real logs, with the ids of those for which each condition holds."""
    place = tmp_path_factory.mktemp("real")
    store = Embedded(place / "store")
    for number, form in enumerate(_REAL):
        logs, data = place / f"logs{number}", place / f"data{number}"
        read(Place(logs, data, store), form.unpacked(logs), timezone=form.zone, log_host=f"mx{number}")
    with closing(store.engine()) as engine:
        real = list(engine.walk(Query(), EVERYTHING))
    own = asked_mail()
    all_names = [(trace.id, names(trace)) for trace in (*own, *real)]
    meant = {asked.text: {one for one, known in all_names if eval(asked.means, dict(known))} for asked in table()}  # noqa: S307 - our own table
    return Expected([*own, *real], meant, {trace.id for trace in own})


def found(engine: Engine, text: str) -> set[str]:
    """The ids of what a question finds."""
    query = Query.of({"query": [text]}, now_ms=NOW_MS, zone=UTC)
    ids = [trace.id for trace in engine.walk(query, EVERYTHING)]
    assert engine.count(query, EVERYTHING) == len(ids), text
    return set(ids)


def wrong(expected: Expected, engine: Engine) -> list[str]:
    """The questions that find other rows than those for which the condition holds, and what is wrong with each."""
    said = []
    for text, meant in expected.meant.items():
        if (ids := found(engine, text)) != meant:
            said.append(f"{text}: {len(meant - ids)} missing, {len(ids - meant)} too many")
    return said


def test_there_are_three_hundred(expected: Expected) -> None:
    """Each once, with their numbers; few find nothing or everything."""
    assert len(expected.meant) == len(table())
    assert {asked.text: len(expected.meant[asked.text] & expected.own) for asked in table()} == {one.text: one.number for one in table()}
    assert sum(0 < asked.number < len(expected.own) for asked in table()) >= 300


def test_the_reference_finds_what_each_means(expected: Expected) -> None:
    """The plain store that all others are held against."""
    reference = ReferenceStore()
    reference.submit(expected.mail)
    assert wrong(expected, reference) == []


def test_each_store_finds_what_each_means(expected: Expected, make_store: Callable[[Path], Store], tmp_path: Path) -> None:
    """The rows, and their number, counted."""
    with closing(make_store(tmp_path / "store")) as store:
        store.write(expected.mail)
        assert wrong(expected, store.engine) == []
