"""Two hundred things that people paste, made of traces: 95 in 100 lead to the right one, none to a wrong one.

`tests/data/pasted/forms.txt` has the forms, each with what it is to lead to; they are filled in with several traces each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from asked_mail import NOW_MS, asked_mail

from ingest.sinks.embedded import EmbeddedSink
from mappings.trace import Trace
from search.engines.embedded import EmbeddedEngine
from search.query import QueryError
from search.service import MailTrace

_FORMS = Path(__file__).parents[1] / "data" / "pasted" / "forms.txt"
_SIDES = ("sender", "header_from", "recipient", "original_recipient")


def forms() -> Iterator[tuple[str, str, str]]:
    """What it is to lead to, the form's name, and its text."""
    for piece in re.split(r"(?m)^=== ", _FORMS.read_text(encoding="utf-8"))[1:]:
        head, _, text = piece.partition("\n")
        kind, _, name = head.partition(": ")
        yield kind, name, text.removesuffix("\n")


def filled(text: str, trace: Trace) -> str:
    """A form with the words of a trace."""
    words = {name: getattr(trace, name) or "" for name in ("id", "sender", "recipient", "message_id", "quarantine_id")}
    words |= {"RECIPIENT": words["recipient"].upper(), "queue_id": trace.queue_ids[0], "ip": trace.client_ip or ""}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: words[found[1]], text)


#: Whether another trace is one that a thing of this kind may lead to.
_MAY: dict[str, Callable[[Trace, Trace], bool]] = {
    "address": lambda one, other: (one.recipient or "").lower() in {(getattr(other, name) or "").lower() for name in _SIDES},
    "message": lambda one, other: one.message_id == other.message_id,
    "queue": lambda one, other: not set(one.queue_ids).isdisjoint(other.queue_ids),
    "people": lambda one, other: all(
        (getattr(one, side) or "").lower() == (getattr(other, side) or "").lower() for side in ("sender", "recipient")
    ),
    "kept": lambda one, other: one.quarantine_id == other.quarantine_id,
    "trace": lambda one, other: one.id == other.id,
    "server": lambda one, other: one.client_ip in (other.client_ip, other.relay_ip),
}


def able(kind: str, text: str, trace: Trace) -> bool:
    """Whether a trace has what a form names."""
    needed = {name.lower() for name in re.findall(r"\{\{(\w+)\}\}", text)} | ({"quarantine_id"} if kind == "kept" else set())
    if kind == "people" and "From:" in text and not trace.sender:
        # A header without an address names nobody.
        return False
    known = {
        "id": True,
        "queue_id": True,
        "ip": bool(trace.client_ip),
        "quarantine_id": bool(trace.quarantine_id and "-" in trace.quarantine_id),
    }
    return all(known.get(name, bool(getattr(trace, name, True))) for name in needed)


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailTrace]:
    """The query layer over ordinary mail."""
    folder = tmp_path_factory.mktemp("pasted")
    with closing(EmbeddedSink(folder)) as sink:
        sink.submit(asked_mail())
        sink.flush()
    with MailTrace(EmbeddedEngine(folder), clock=lambda: NOW_MS) as found:
        yield found


def ids(mail: MailTrace, text: str) -> set[str]:
    """What a text leads to; nothing where it is not understood."""
    try:
        return {one.id for one in mail.walk(mail.meant(text).query)}
    except QueryError:
        return set()


def test_what_is_pasted_leads_to_the_right_trace_and_to_no_wrong_one(mail: MailTrace) -> None:
    """The trace itself is found; whatever is found beside it is of the same message, id, people or server."""
    traces = asked_mail()
    right, lost, wrong = 0, list[str](), list[str]()
    for number, (kind, name, text) in enumerate(forms()):
        chosen = [trace for trace in traces[number::7] if able(kind, text, trace)][:5]
        assert chosen, name
        for trace in chosen:
            found = ids(mail, filled(text, trace))
            may = {other.id for other in traces if _MAY[kind](trace, other)}
            if found - may:
                wrong.append(f"{kind}: {name}: {len(found - may)} of {len(found)} are others; {trace.recipient}")
            elif trace.id in found:
                right += 1
            else:
                lost.append(f"{kind}: {name}: {trace.sender} {trace.recipient}")
    assert wrong == [], "\n".join(wrong)
    assert right + len(lost) >= 200
    assert right >= 0.95 * (right + len(lost)), "\n".join(lost)
