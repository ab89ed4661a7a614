"""The captures of forgeries: what strangers wrote to real servers, and the truth about who sent what to whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from captures import Capture, written
from reading import Place, read
from stores import Embedded

from ingest.telling.ownership import Owner
from mappings.address import domain_of, fold, normalise
from mappings.trace import Trace
from search.query import Query
from search.scope import EVERYTHING, Scope
from search.service import MailTrace

TENANTS = ("north.example", "south.example", "victim.example")
#: The networks of the victim are what strangers write where a client would stand.
CUSTOMERS = (
    Owner("North", frozenset({"north.example"})),
    Owner("South", frozenset({"south.example"})),
    Owner("Victim", frozenset({"victim.example"}), (ip_network("192.0.2.128/25"), ip_network("198.51.100.64/26"))),
)
#: Beginnings of ids, addresses of clients and names of users that stand in no line but as a stranger's words.
PLANTED = ("KEPTforged", "4DDDDDDDDD", "4FORGED", "1FORGE", "4forged", "1forge", "198.51.100.66", "192.0.2.130", "root")


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that a stranger, or a user, really sent."""

    scenario: str
    client: str | None
    user: str | None
    sender: str
    #: As compared.
    recipients: frozenset[str]
    #: Those of them of whose copies lines tell what became of them: accepted, and not on hold.
    told: frozenset[str]
    message_id: str | None
    queue_ids: tuple[str, ...]

    @property
    def may_see(self) -> frozenset[str]:
        """The domains whose tenants may see it: the recipients', and the sender's where he logged in."""
        seen = {domain_of(one) or "" for one in self.recipients}
        return frozenset(seen | ({domain_of(self.sender) or ""} if self.user else set()))

    def lies(self, trace: Trace) -> list[str]:
        """What a trace says of this message that is not so."""
        named = [fold(one) for one in (trace.recipient, trace.original_recipient) if one]
        told = {
            "sender": trace.sender is not None and fold(trace.sender) != fold(normalise(self.sender)),
            "recipient": any(one not in self.recipients and not self._folded_by_exim(one) for one in named),
            "client": trace.client_ip is not None and trace.client_ip != self.client,
            "user": trace.authenticated_as is not None and trace.authenticated_as != self.user,
            "visible_to": not self.may_see.issuperset(trace.visible_to),
            "planted": any(one.startswith(PLANTED) for one in (*trace.queue_ids, trace.quarantine_id or "", trace.relay_ip or "")),
        }
        return [name for name, wrong in told.items() if wrong]

    def _folded_by_exim(self, name: str) -> bool:
        """Whether it is a local part without its quotes: Exim logs what it delivers to in lower case, quoted as the client gave it."""
        return name.replace('"', "").replace("\\", "") in {one.replace('"', "").replace("\\", "") for one in self.recipients}


@dataclass(frozen=True, slots=True)
class Forged:
    """A capture of forgeries."""

    name: str
    files: tuple[str, ...]
    #: Whether an ident answer stands in nearly every line before the Message-ID: of what is behind it, it cannot be told who wrote it.
    ident: bool = False

    def __str__(self) -> str:
        """Name it as a test's parameter."""
        return self.name

    @property
    def sent(self) -> list[Sent]:
        """Every message of it."""
        return [_sent(json.loads(line)) for line in Capture(self.name).records("truth.jsonl")]

    @contextmanager
    def mail(self, folder: Path) -> Iterator[MailTrace]:
        """Read its logs into a store, and open it for questions."""
        capture = Capture(self.name)
        place = Place(folder / "logs", folder / "data", Embedded(folder / "store"))
        logs = written(place.logs, {file: capture.content(file) for file in self.files})
        read(place, logs, log_host="mx1", customers=CUSTOMERS)
        with MailTrace(place.store.engine()) as mail:
            yield mail


FORGED = (
    Forged("forged_amavis", ("mail.log",)),
    Forged("forged_amavis_verbose", ("mail.log",)),
    Forged("forged_rspamd", ("mail.log", "rspamd.log")),
    # With ident answers and everything in the log; as most people have it.
    Forged("forged_exim", ("mainlog", "rejectlog", "spamd.log"), ident=True),
    Forged("forged_exim_plain", ("mainlog", "rejectlog", "spamd.log")),
)


def traces_of(mail: MailTrace) -> list[Trace]:
    """Every trace with its events."""
    found = [mail.engine.get(one.id, EVERYTHING) for one in mail.engine.walk(Query(), EVERYTHING)]
    return [one for one in found if one is not None]


def scope_of(tenant: str) -> Scope:
    """What a tenant may see."""
    return Scope(frozenset({tenant}))


def _sent(record: dict[str, object]) -> Sent:
    """One message of the truth."""
    return Sent(
        scenario=str(record["scenario"]),
        client=record["client"],  # type: ignore[arg-type]
        user=record["user"],  # type: ignore[arg-type]
        sender=str(record["sender"]),
        recipients=frozenset(fold(normalise(str(one))) for one in record["recipients"]),  # type: ignore[attr-defined]
        told=frozenset(fold(normalise(str(one))) for one in record["told"]),  # type: ignore[attr-defined]
        message_id=record["message_id"],  # type: ignore[arg-type]
        queue_ids=tuple(record["queue_ids"]),  # type: ignore[arg-type]
    )
