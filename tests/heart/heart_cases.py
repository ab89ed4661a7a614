"""Facts in, answers out: the words in which the cases of the heart are told. No store, no file, no line of any program.

A case is a list of what lines say (`Said`): plain facts stand a second apart; where time or host matters, `At` says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ingest.clock import SECOND
from ingest.framing.line import Line
from ingest.joining.event import LiveEvent, digest_of
from ingest.joining.life import Life
from ingest.joining.message import Message
from ingest.joining.within import Within
from ingest.memory.nodes import Nodes
from ingest.telling.document import Context
from ingest.telling.fate import fate_of
from ingest.telling.filed import pieces_of
from ingest.telling.outcome import Fate
from ingest.telling.ownership import Ownership
from ingest.telling.recipient import Recipient, recipient
from ingest.telling.recipients import recipients_of
from ingest.telling.trace import compose
from ingest.telling.tree import Tree
from mappings import keys
from mappings.facts import Attempted, Fact, Filed, Identified, Inspected, Queued, Received, Reply, Scanned
from mappings.keys import KeyKind
from mappings.log_words import By, Filing, Status
from mappings.trace import Trace
from mappings.vocabulary import Verdict

HOST = "mx"
OUTSIDE, LOOPBACK = "192.0.2.7", "127.0.0.1"
ANN, BOB, INFO, EVE = "ann@out.example", "bob@here.example", "info@here.example", "eve@here.example"
HERE = Within()


class At(NamedTuple):
    """What a line says, and the circumstances that matter."""

    time_s: float
    fact: Fact
    host: str = HOST
    fine: bool = True
    #: In its second, of the lines of its process.
    number: int = 0
    pid: int = 1


Said = Fact | At


def event(said: Said, within: Within = HERE) -> LiveEvent:
    """The event of one fact."""
    at = said if isinstance(said, At) else At(0, said)
    line = Line(round(at.time_s * SECOND), at.fine, at.host, "mta", "mta", at.pid, repr(at.fact), "", "log", at.number)
    return LiveEvent(line, at.fact, digest_of("here", line), within)


def events(said: Iterable[Said], within: Within = HERE) -> list[LiveEvent]:
    """The events of a case; plain facts stand a second apart."""
    return [event(one if isinstance(one, At) else At(index, one), within) for index, one in enumerate(said)]


def life(*said: Said) -> Life:
    """The queue file A1, of which these lines tell."""
    return Life(keys.queue(HOST, "A1"), HOST, events(said))


def joined(lines: Iterable[LiveEvent], within: Within = HERE, hosts: tuple[str, ...] = ()) -> list[Message]:
    """The messages that some lines come to, whose owners are their nodes."""
    nodes = Nodes(within, hosts)
    for one in lines:
        for key in one.route.owners:
            node = nodes.get(key) or nodes.new(key, one.host, 0)
            node.events[one.digest] = one
            one.owners[key] = None
            nodes.touch(node, 0)
    for key in nodes.changed():
        nodes.renew(key)
    return list(nodes.messages(list(nodes.nodes), set()))


def recipients(said: Iterable[Said], within: Within = HERE) -> list[tuple[Recipient, Fate]]:
    """The recipients of the message that the first of these lines is of, and what became of each; one without a name where none has."""
    lines = events(said, within)
    message = next(one for one in joined(lines, within) if any(lines[0] in part.events for part in one.parts))
    tree = Tree(message, within)
    found = [one for root in tree.roots for one in recipients_of(tree, root) or [recipient(None, [root])]]
    return [(one, fate_of(one, within, pieces_of(one, tree), tree.filed)) for one in found]


def traces_of(lines: Iterable[LiveEvent], within: Within = HERE, hosts: tuple[str, ...] = ()) -> list[Trace]:
    """The documents of all messages that these lines are of."""
    context = Context("here", within, Ownership())
    return [draft.trace for message in joined(lines, within, hosts) for draft in compose(message, context).drafts]


def short(key: str) -> str:
    """What a case calls what has this key: `A1`, `M1`, `[192.0.2.7]:25001`; `scan/A1` on another host, `line` without any id."""
    named = keys.in_documents(key)
    return "line" if keys.kind_of(key) is KeyKind.LINE else keys.value_of(named).removeprefix(f"{HOST}/")


def words(*values: object) -> str:
    """Values as a case writes them: `bounced mailbox_full -`."""
    return " ".join("-" if value is None else str(value) for value in values)


# -- facts that most cases need


def client(queue_id: str = "A1", ip: str = OUTSIDE, **more: Any) -> Received:
    """A client begins a queue file: somebody outside, where nothing else is said."""
    return Received(queue_id, client_ip=ip, **more)


def named(queue_id: str = "A1", message_id: str = "x@out", **more: Any) -> Identified:
    """The Message-ID is known."""
    return Identified(queue_id, message_id, **more)


def queued(queue_id: str = "A1", count: int = 1) -> Queued:
    """The message is complete."""
    return Queued(queue_id, ANN, 1000, count)


def tried(status: Status, recipient: str = BOB, queue_id: str = "A1", code: int | None = None, text: str = "", **more: Any) -> Attempted:
    """A try to deliver, to a server outside where nothing else is said."""
    return Attempted(queue_id, recipient, status, **{"relay_ip": OUTSIDE, "by": By.REMOTE, "reply": Reply(code, text=text), **more})


def sent(recipient: str = BOB, queue_id: str = "A1", **more: Any) -> Attempted:
    """A delivery."""
    return tried(Status.SENT, recipient, queue_id, 250, **more)


def to_filter(recipient: str = BOB, queue_id: str = "A1", **more: Any) -> Attempted:
    """A hand-over to the filter on the host."""
    return sent(recipient, queue_id, **{"relay_ip": LOOPBACK, "filtered": True, **more})


def result(*people: str, passed: bool = True, verdict: Verdict = Verdict.CLEAN, mail_id: str | None = "M1", **more: Any) -> Scanned:
    """A filter's result."""
    return Scanned(mail_id, more.pop("log_id", None), passed, verdict.name, recipients=list(people), verdict=verdict, **more)


def looked(log_id: str = "1-1", **more: Any) -> Inspected:
    """A filter's run began."""
    return Inspected(log_id, **more)


def filed(what: Filing = Filing.STORED, recipient: str = BOB, session: str | None = "S1", **more: Any) -> Filed:
    """What a mail store did with a copy."""
    return Filed(what, recipient, session, more.pop("message_id", "x@out"), **more)
