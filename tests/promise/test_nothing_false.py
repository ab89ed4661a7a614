"""What no log may make the product say: on all captures, and on lines that are made up of all the formats' samples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any

import pytest
from captures import FORMS, Form, written
from formats.format_samples import NEXT_LINE, all_samples, facts_of
from reading import Place, read
from stores import Embedded

from ingest.telling.ownership import Owner
from mappings.facts import Scanned
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from promise.conftest import ROUNDS
from promise.fates import syslog, traces_in

_REFUSED = frozenset({Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.BOUNCED})
#: Addresses of a customer's network, and what forgers write into header fields: one of them.
OWN, FORGED = "198.18.0.0/16", "198.18.7.7"
#: Customers of all domains that senders in the captures have: what comes from their network is theirs.
CUSTOMER = Owner("ours", frozenset({"example.com", "example.org", "sender.example"}), (ip_network(OWN),))
#: What amavis takes out of header fields: the second address of a result, the only one of `Checking:`, a list of its reports.
_OUT_OF_HEADERS = (
    (re.compile(r"(\[[0-9A-Fa-f.:]+\](?::\d+)? \[)[0-9A-Fa-f.:]+(?=\] <)"), rf"\g<1>{FORGED}"),
    (re.compile(r"(Checking: [^\n<\[]{0,80}\[)[0-9A-Fa-f.:]+(?=\] <)"), rf"\g<1>{FORGED}"),
    (re.compile(r'("ip_trace":\[)[^\]\n]*(?=\])'), rf'\g<1>"{FORGED}"'),
)
_IDS = re.compile(r"\b(?:[0-9A-F]{10,12}|4[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{14})\b")
#: So few ids that lines of many samples are of one message.
_FEW = ("80582186537", "0487C9A8905", "3033D18654F")


def traces_of(place: Place, contents: dict[str, bytes], **options: Any) -> list[Trace]:
    """What is told of these files, with the events."""
    read(place, written(place.logs, contents), **options)
    return traces_in(place)


def made_up(seed: int) -> bytes:
    """Lines of all formats in any order, of few queue files: no mail server would write them so."""
    chance = Random(seed)
    # Of a probe there is no message, and other lines that bear its id would go with it.
    samples = [one for one in all_samples() if NEXT_LINE not in one.text and "deliverable" not in one.text]
    lines = [f"{one.tag}[{chance.randrange(1, 9)}]: {_with_few_ids(one.text, chance)}" for one in chance.sample(samples, 400)]
    return syslog(lines, pause_s=chance.choice((0.01, 0.3, 5))).encode("utf-8", "surrogateescape")


def _with_few_ids(text: str, chance: Random) -> str:
    """A line whose queue ids are some of few."""
    return _IDS.sub(lambda _: chance.choice(_FEW), text)


def place_in(folder: Path) -> Place:
    """A store of its own."""
    return Place(folder / "logs", folder / "data", Embedded(folder / "store"))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_captures(form: Form, tmp_path: Path) -> None:
    """No 2xx refuses, and each result of a filter stands in a row, with what it says of the spam or virus."""
    traces = traces_of(place_in(tmp_path), form.contents(), timezone=form.zone)
    assert not list(refusing_with_2xx(traces))
    told = {_plain(line) for trace in traces for event in trace.events for line in event.raw.split("\n")}
    results = [line for content in form.contents().values() for line in content.decode("utf-8", "surrogateescape").split("\n")]
    if form.name not in _TWICE:
        assert [line for line in results if _RESULT.search(line) is not None and _plain(line) not in told] == []


def _plain(line: str) -> str:
    """A line as a store keeps it: bytes that are no characters in words."""
    return line.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


#: Each line is read in two forms there, and kept in one.
_TWICE = frozenset({"both", "maillog_file+both"})
#: A whole result of a filter: amavis' in both forms, Rspamd's of a task that names its message.
_RESULT = re.compile(r'\) (?:Passed|Blocked) [A-Z]|\) \{"@timestamp"|rspamd_task_write_log: (?:id: <|qid: <)')


@pytest.mark.parametrize("seed", range(8 * ROUNDS))
def test_lines_that_are_made_up(seed: int, tmp_path: Path) -> None:
    """The same of lines as no mail server writes them together."""
    traces = traces_of(place_in(tmp_path), {"mail.log": made_up(seed)})
    assert not list(refusing_with_2xx(traces))
    told = {_plain(event.raw) for trace in traces for event in trace.events}
    lines = made_up(seed).decode("utf-8", "surrogateescape").split("\n")
    results = [
        one.text
        for one in all_samples()
        for fact in facts_of(one.outcome)
        if isinstance(fact, Scanned) and fact.mail_id and fact.recipients
    ]
    assert [line for line in lines if line.endswith(tuple(results)) and _plain(line) not in told] == []


def refusing_with_2xx(traces: list[Trace]) -> Iterator[str]:
    """What was refused by a reply that takes the message."""
    for trace in traces:
        if trace.disposition in _REFUSED and (trace.reply_code or 0) // 100 == 2:
            yield f"{trace.recipient} {trace.disposition} by {trace.reply_code} {trace.reply_text}"


@pytest.mark.parametrize("form", [form for form in FORMS if "amavis" in str(form)], ids=str)
def test_an_address_out_of_a_header_decides_nothing(form: Form, tmp_path: Path) -> None:
    """Whatever a sender writes there: client, direction and who may see the mail stay as they are."""
    forged = {name: _forged(content) for name, content in form.contents().items()}
    assert forged != form.contents()
    before = traces_of(place_in(tmp_path / "before"), form.contents(), timezone=form.zone, customers=(CUSTOMER,))
    after = traces_of(place_in(tmp_path / "after"), forged, timezone=form.zone, customers=(CUSTOMER,))
    assert _sides(after) == _sides(before)
    assert not any(trace.client_ip == FORGED for trace in after)


def _forged(content: bytes) -> bytes:
    """A log in which senders wrote an address of the customer's into header fields."""
    text = content.decode("utf-8", "surrogateescape")
    for pattern, by in _OUT_OF_HEADERS:
        text = pattern.sub(by, text)
    return text.encode("utf-8", "surrogateescape")


def _sides(traces: list[Trace]) -> list[str]:
    """Where each came from, which way it goes, and who may see it."""
    return sorted(json.dumps([t.sender, t.recipient, t.queue_ids, t.client_name, t.client_ip, t.direction, t.visible_to]) for t in traces)
