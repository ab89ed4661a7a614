"""Real Postfix, Exim, Rspamd and amavis logged what strangers wrote into every field: nothing of it is believed, by no caller."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest

from forged.conftest import Read
from forged.sent import TENANTS, Sent, scope_of, traces_of
from mappings.address import fold, normalise
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from search.service import MailTrace


def _meant(trace: Trace, sent: list[Sent]) -> list[Sent]:
    """The messages that a trace may be of: that with its queue id, else those that were refused, of its sender, else of its client."""
    by_id = [one for one in sent if not set(trace.queue_ids).isdisjoint(one.queue_ids)]
    if trace.sender is None:
        return by_id or [one for one in sent if one.client == trace.client_ip]
    return by_id or [one for one in sent if fold(normalise(one.sender)) == fold(trace.sender)]


def test_no_trace_says_what_a_stranger_wrote(capture: Read) -> None:
    """Sender, recipients, client, login, who may see it, ids: of each trace there is a message of which all of it is true."""
    forged, mail = capture
    sent = forged.sent
    told = []
    for trace in traces_of(mail):
        if trace.sender == "":
            # A notice goes to who sent something, and is seen by his side.
            people = {fold(normalise(one.sender)) for one in sent}
            lies = [] if trace.recipient is None or fold(trace.recipient) in people else ["notice"]
        else:
            meant = _meant(trace, sent)
            lies = min((one.lies(trace) for one in meant), key=len, default=["nobody sent it"])
        if lies:
            told.append((lies, trace.sender, trace.recipient, trace.original_recipient, trace.queue_ids, trace.events[0].raw[:200]))
    assert told == []


def test_every_message_that_was_taken_is_found_for_each_recipient(capture: Read) -> None:
    """What strangers wrote into it hides no message, and no recipient, and takes no fate away."""
    forged, mail = capture
    traces = traces_of(mail)
    missing = []
    for one in forged.sent:
        own = [trace for trace in traces if not set(trace.queue_ids).isdisjoint(one.queue_ids) and trace.sender != ""]
        found = {_bare(name) for trace in own for name in (trace.recipient, trace.original_recipient) if name}
        unfound = {name for name in one.told if _bare(name) not in found}
        open_ = [trace for trace in own if trace.disposition in (Disposition.UNKNOWN, Disposition.IN_PROGRESS)]
        unknown = open_ if one.told else []
        if unfound or unknown:
            missing.append((one.scenario, sorted(unfound), [(trace.id, trace.recipient) for trace in unknown]))
    assert missing == []


def _bare(name: str) -> str:
    """An address without quotes: Exim logs what it delivers to without them, in lower case."""
    return fold(name).replace('"', "").replace("\\", "")


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_tenant_finds_the_mail_that_was_sent_to_him(capture: Read, tenant: str) -> None:
    """What he finds is what was sent to his domain, or by his users; of nothing else does he hear."""
    forged, mail = capture
    sent = forged.sent
    scoped = MailTrace(mail.engine, scope_of(tenant))
    found = list(scoped.walk())
    assert found
    for answer in found:
        trace = mail.engine.get(answer.id, scoped.scope)
        assert trace is not None
        if trace.sender == "":
            continue
        assert any(tenant in one.may_see for one in _meant(trace, sent)), (answer.sender, answer.recipient, answer.queue_ids)
    if not forged.ident:
        wanted = {
            (one.message_id or "").strip("<>") for one in sent if _asked_for(one) and any(name.endswith(f"@{tenant}") for name in one.told)
        }
        assert wanted
        assert wanted <= {answer.message_id for answer in found}


def _asked_for(one: Sent) -> bool:
    """Whether a message has a Message-ID of its own that each program logs, behind a greeting that imitates no fields."""
    return one.message_id is not None and not one.scenario.startswith(("helo-", "message-id-", "reply-headers"))


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_tenant_reads_no_address_of_others_and_no_path(capture: Read, tenant: str) -> None:
    """In rows and reports stand his own domain's addresses and those of the trace itself; all other words are masked."""
    _, mail = capture
    scoped = MailTrace(mail.engine, scope_of(tenant))
    read = whole = 0
    for answer in scoped.walk():
        report = scoped.report(answer.id)
        assert report is not None
        own = [name for name in (answer.sender, answer.recipient, answer.original_recipient, answer.header_from, answer.message_id) if name]
        own += [one.recipient for one in report.related if one.recipient]
        text = msgspec.json.decode(msgspec.json.encode([answer, report]))
        words = "\n".join(_without(_bare(one), own) for one in _texts(text))
        for secret in ("ceo", "boss", "anna@north.example", "otto@south.example", "vera@victim.example"):
            name, _, domain = secret.partition("@")
            if domain != tenant and not (tenant == "victim.example" and name == "ceo"):
                found = [line for line in words.splitlines() if secret in line]
                assert found == [], (tenant, answer.id, secret)
        assert "/var/" not in words
        assert all(step.file is None for step in report.timeline)
        read, whole = read + len(report.timeline), whole + sum(step.raw is not None for step in report.timeline)
    assert 0 < whole < read


def _texts(value: object) -> list[str]:
    """Every text in an answer."""
    if isinstance(value, str):
        return [value]
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in values for text in _texts(one)]


def _without(text: str, own: list[str]) -> str:
    """A text without the trace's own addresses, which the caller knows."""
    for name in sorted(map(_bare, own), key=len, reverse=True):
        text = text.replace(name, "")
        with suppress(ValueError):
            text = text.replace(name[: name.index("@")], "") if '"' in name else text
    return text
