"""What the Insights page shows where nothing else is asked for: one row of the table for each section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mappings.criteria import BY_WORD, CRITERIA, Criterion
from search.counting import countable
from search.http.pages.words import sentence_case
from search.ranking import NETWORK
from search.scope import Scope

#: The word for what differs, in the place of a field.
DIFFERS: Final = "differs"
#: Mail that was refused, or has to wait.
_REFUSED = "disposition: (bounced or expired or rejected or tempfailed or deferred)"


@dataclass(frozen=True, slots=True)
class Preset:
    """A section: what is counted, of which mail, and what it is called."""

    key: str
    title: str
    #: A word that can be counted, or `network`.
    by: str
    #: Which mail, in the query language; all where it is empty.
    only: str = ""
    #: A field of numbers, of which the median and the 95th percentile are shown.
    of: str = ""
    #: Whether it is shown over time as well.
    over_time: bool = False


#: One that counts by a field which this release does not have is passed over, and is there with the field.
PRESETS: Final = (
    Preset("verdicts", "Mail over time by verdict of the filter", "verdict", over_time=True),
    Preset("senders", "Top senders", "sender"),
    Preset("recipients", "Top recipients", "recipient"),
    Preset("sender_domains", "Top domains of senders", "sender_domain"),
    Preset("recipient_domains", "Top domains of recipients", "recipient_domain"),
    Preset("clients", "Top sending servers", "client"),
    Preset("networks", "Top networks of sending servers", NETWORK),
    Preset("logins", "Top logins", "user"),
    Preset("reasons", "Mail not delivered by reason", "reason"),
    Preset("codes", "Mail refused or put off by code", "mailtrace.enhanced_code", only=_REFUSED),
    Preset("deferring", "Mail that waits by next server", "relay", only="disposition: deferred"),
    Preset("slow", "Next servers by delay", "relay", of="delay"),
    Preset("quarantined", "Quarantined mail by reason", "reason", only="disposition: quarantined"),
    Preset("symbols", "Tests of the filter that hit", "symbols"),
)
#: What fields are called, where not by their own word.
_LABELS: Final = {
    "sender": "Sender",
    "recipient": "Recipient",
    "code": "Error code, basic",
    "mailtrace.enhanced_code": "Error code, enhanced",
    "client": "Sending server",
    "relay": "Next server",
    NETWORK: "Network of the sending server",
    "disposition": "Outcome",
    "user": "Login",
    "log_domain": "Log domain",
    "queue_id": "Queue ID",
    "quarantine_id": "Quarantine ID",
    "message_id": "Message-ID",
    "helo": "HELO of the sending server",
    "tls": "TLS",
    DIFFERS: "What differs from all other mail",
}


def label_of(by: str) -> str:
    """What the values of a word are called on a page."""
    criterion = BY_WORD.get(by)
    return _LABELS.get(by) or sentence_case(criterion.called if criterion is not None and "." not in criterion.name else by)


def able(preset: Preset, scope: Scope) -> bool:
    """Whether a section can be shown to a caller: its fields are there, and he may count by them."""
    return all(name == NETWORK or _may_count(BY_WORD.get(name), scope) for name in (preset.by, preset.of) if name)


def choices(scope: Scope) -> list[str]:
    """The words that a reader can choose to count by; the one for what differs first."""
    ours = {"id", "envelope_sender", "final_recipient", *(one.name for one in CRITERIA if one.private and scope.domains is not None)}
    listed = [name for name in (*countable(), NETWORK, "mailtrace.enhanced_code") if name not in ours]
    return [DIFFERS, *listed]


def _may_count(criterion: Criterion | None, scope: Scope) -> bool:
    """Whether a caller may count by a criterion."""
    return criterion is not None and criterion.counted is not None and not (criterion.private and scope.domains is not None)
