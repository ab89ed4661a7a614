"""Links: the ways in which a line of one hop names another hop. All of them, each with what holds for it.

A hop is the stay of a message in one queue, or one run of a filter. A fact says what it names and how (`mappings.facts`); joining follows
that by this table (`ingest.joining`), telling writes what came of it into the document, and a report says it in the words of `told`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mappings.keys import KeyKind


class How(StrEnum):
    """How one hop names another."""

    #: A filter of ours took it, and says what the server behind it calls it.
    RELAY = "relay"
    #: An address became others, and they have a queue file of their own.
    FORWARDED = "forwarded"
    #: The filter names the queue file behind it: in its result, or when it gives the message on.
    NEXT = "next"
    PASSED = "passed"
    #: The filter gave a kept message on because an operator let it go.
    RELEASE = "release"
    #: The queue file before the filter, as XFORWARD passed it on.
    ORIGIN = "origin"
    #: The queue file out of which an operator requeued it.
    REQUEUE = "requeue"
    #: The queue file that a filter took out of the queue, and put back as this one.
    PUT_BACK = "put_back"
    #: A program of the host took it through a pipe, and handed it in again; and by what the new queue file is found.
    PIPED = "piped"
    SUBMITTED = "submitted"
    #: The queue file that the mail server divided: each part has recipients of its own.
    SPLIT = "split"
    #: The queue file that the filter looked at.
    SCAN_OF = "scan_of"
    #: A released message is sent anew, and its Resent-Message-ID holds the mail id of the kept one.
    RESENT = "resent"
    #: The filter's log id in its own lines, and in its answer to the mail server.
    LOG = "log"
    ANSWERED = "answered"
    #: A connection that a screening daemon saw.
    PEER = "peer"
    #: What lists said of a client while a screening daemon looked at it.
    LISTED = "listed"
    #: What a filter gave on and the server behind it refused: both have the Message-ID.
    REFUSED = "refused"
    #: A result that names its message by the Message-ID only, while that is in reception.
    JUDGED = "judged"
    #: Of several messages in reception with one Message-ID it is about one, and nothing tells which.
    AMONG = "among"
    #: A result that names its message by the Message-ID only, while that is delivered.
    CHECKED = "checked"
    #: A result that names a queue file of another host.
    TASK = "task"
    #: A mail store's session of a delivery, in its own lines and in its answer to the mail server.
    FILED = "filed"
    #: A mail store names the Message-ID and the mailbox, and the mail server handed a message with that Message-ID over to it then.
    BOXED = "boxed"
    #: The folder in which a filter works, and in which a virus scanner found something.
    FOLDER = "folder"
    #: The id by which a line is found that is a hop by itself.
    OWN = "own"
    #: Not said by a line: two hops name the same third one, which is not seen.
    UNSEEN = "unseen"
    #: As a newer release knows it.
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> How:
        """One document of a newer release must not keep others from being read."""
        return cls.OTHER


class Confidence(StrEnum):
    """How sure it is that a hop follows another one."""

    CERTAIN = "certain"
    LIKELY = "likely"


class Leads(StrEnum):
    """Where a link leads, seen from the line that has it."""

    #: To the hop after.
    ON = "on"
    #: To the hop before.
    BACK = "back"
    #: To what looked at the same hop, or has to do with it.
    BESIDE = "beside"
    #: Nowhere: what has it is found by it.
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class LinkKind:
    """What holds for one way of naming."""

    how: How
    #: What kind of id is named.
    key: KeyKind
    leads: Leads
    #: Seconds that may lie between the lines at both ends; None where the id names one thing for ever, or a life by its times.
    reach_s: int | None
    #: Who may stand at the other end.
    end: str
    #: Whether a report is told of it (`told`), and how sure it is.
    confidence: Confidence = Confidence.CERTAIN
    #: How a report says it; `{id}` is what is named, `{program}` who names it.
    told: str = ""


#: Filters' log ids repeat after a restart.
LOG_ID_REACH_S = 30
#: What a list said of an address is kept for a minute.
LISTED_REACH_S = 120
#: What a store says of a delivery, it says before the mail server logs it; servers that deliver to many log them together.
BOXED_REACH_S = 60
#: What a filter gave on is refused at once.
REFUSED_REACH_S = 30
#: A result for a message without Message-ID is of the same minute as the message, for nothing else tells them apart.
NAMELESS_REACH_S = 60
#: What a program hands in again is a queue file soon after it says that it took the message.
PIPED_REACH_S = 30
#: Two lines without a common id join only when their stamps lie at most this far apart: longer than a server waits for a silent client.
REACH_S = 600

_LINKS = (
    LinkKind(
        How.RELAY,
        KeyKind.QUEUE,
        Leads.ON,
        None,
        "a queue file that came from a filter's address",
        told="“queued as {id}” in the line of {program}",
    ),
    LinkKind(
        How.FORWARDED, KeyKind.QUEUE, Leads.ON, None, "a queue file without a client", told="“forwarded as {id}” in the line of {program}"
    ),
    LinkKind(
        How.NEXT,
        KeyKind.QUEUE,
        Leads.ON,
        None,
        "a queue file that came from a filter's address",
        told="“queued_as: {id}” in the line of {program}",
    ),
    LinkKind(
        How.PASSED,
        KeyKind.QUEUE,
        Leads.ON,
        None,
        "a queue file that came from a filter's address",
        told="“queued as {id}” in the line of {program}",
    ),
    LinkKind(
        How.RELEASE,
        KeyKind.QUEUE,
        Leads.ON,
        None,
        "a queue file that came from a filter's address",
        told="“queued as {id}” in the line of {program}",
    ),
    LinkKind(How.ORIGIN, KeyKind.QUEUE, Leads.BACK, None, "a queue file", told="{program} names {id} as the queue id before the filter"),
    LinkKind(How.REQUEUE, KeyKind.QUEUE, Leads.BACK, None, "a queue file", told="requeued by an administrator from {id}"),
    LinkKind(
        How.PUT_BACK, KeyKind.QUEUE, Leads.BACK, None, "a queue file", told="taken out of the queue, and put back, by {program} from {id}"
    ),
    LinkKind(
        How.PIPED,
        KeyKind.PIPED,
        Leads.ON,
        PIPED_REACH_S,
        "the one queue file with its Message-ID, sender and recipients that was handed in on the host meanwhile",
        Confidence.LIKELY,
        "handed in again as {id}, with the same Message-ID, sender and recipients, while the program had it",
    ),
    LinkKind(How.SPLIT, KeyKind.QUEUE, Leads.BACK, None, "a queue file", told="split off from {id}"),
    LinkKind(How.SCAN_OF, KeyKind.QUEUE, Leads.BACK, None, "a queue file", told="“Queue-ID: {id}” in the line of the filter"),
    LinkKind(How.RESENT, KeyKind.SCAN, Leads.BACK, None, "the scan that kept it", told="its Resent-Message-ID names the scan {id}"),
    LinkKind(
        How.LOG,
        KeyKind.LOG,
        Leads.BESIDE,
        LOG_ID_REACH_S,
        "a queue file, or lines of the filter",
        Confidence.LIKELY,
        "“id={id}” in the answer of the filter",
    ),
    LinkKind(
        How.ANSWERED,
        KeyKind.LOG,
        Leads.BESIDE,
        LOG_ID_REACH_S,
        "the nearest scan",
        Confidence.LIKELY,
        "“id={id}” in the answer of the filter",
    ),
    LinkKind(How.PEER, KeyKind.PEER, Leads.BESIDE, REACH_S, "what was found about the connection", told="the same connection {id}"),
    LinkKind(
        How.LISTED,
        KeyKind.PEER,
        Leads.BESIDE,
        LISTED_REACH_S,
        "what lists said of the client's address just before",
        Confidence.LIKELY,
        "lists were asked about the client {id}",
    ),
    LinkKind(
        How.REFUSED,
        KeyKind.MESSAGE,
        Leads.ON,
        REFUSED_REACH_S,
        "the one refused queue file with its Message-ID",
        Confidence.LIKELY,
        "the Message-ID {id}",
    ),
    LinkKind(
        How.JUDGED,
        KeyKind.JUDGED,
        Leads.BESIDE,
        None,
        "the one message in reception with its Message-ID",
        Confidence.LIKELY,
        "the Message-ID {id}",
    ),
    LinkKind(
        How.AMONG,
        KeyKind.JUDGED,
        Leads.BESIDE,
        None,
        "the few messages in reception with its Message-ID",
        Confidence.LIKELY,
        "the Message-ID {id}, which a few messages had then: it may be another one's",
    ),
    LinkKind(
        How.CHECKED,
        KeyKind.MESSAGE,
        Leads.BESIDE,
        None,
        "the one message on its way with its Message-ID",
        Confidence.LIKELY,
        "the Message-ID {id}",
    ),
    LinkKind(How.TASK, KeyKind.QUEUE, Leads.BESIDE, None, "the queue file on another host", told="“{id}” in the line of {program}"),
    LinkKind(
        How.FILED, KeyKind.DELIVERY, Leads.BESIDE, REACH_S, "what the store did in this session", told="“{id}” in the answer of the store"
    ),
    LinkKind(
        How.BOXED,
        KeyKind.BOX,
        Leads.BESIDE,
        BOXED_REACH_S,
        "the one hand-over of this Message-ID to this mailbox",
        Confidence.LIKELY,
        "the store names mailbox and Message-ID ({id}) when it was handed over",
    ),
    LinkKind(How.FOLDER, KeyKind.FOLDER, Leads.NOWHERE, REACH_S, "hits of a virus scanner"),
    LinkKind(How.SUBMITTED, KeyKind.PIPED, Leads.NOWHERE, None, "what went into a program"),
    LinkKind(How.OWN, KeyKind.JUDGED, Leads.NOWHERE, None, "who names it"),
    LinkKind(How.UNSEEN, KeyKind.QUEUE, Leads.BESIDE, REACH_S, "who names the same", told="both name the next queue id {id}"),
    LinkKind(How.OTHER, KeyKind.OTHER, Leads.NOWHERE, None, "what a newer release knows", Confidence.LIKELY),
)

#: What holds for each way of naming.
LINKS: dict[How, LinkKind] = {kind.how: kind for kind in _LINKS}


class Named(NamedTuple):
    """An id that a line names, and how."""

    how: How
    key: str
