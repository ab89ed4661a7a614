"""Filing: which hand-over of a message the lines of a mail store are about.

The store names its session, and so does its reply where it took the message: then that hand-over is meant. Else it names the mailbox and
the Message-ID, and the one hand-over of that Message-ID to that mailbox is meant that was tried then. A Message-ID is a stranger's word: of
several candidates none is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ingest.clock import BOXED_REACH_US, SECOND
from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.links import Link
from ingest.joining.names import MANY
from ingest.joining.parts import Loose
from ingest.joining.web import Web
from mappings import keys
from mappings.address import fold, mailbox_of
from mappings.facts import Attempted, Filed
from mappings.keys import KeyKind
from mappings.links import How

#: So long a message may have waited in the queue before it is handed over (RFC 5321, section 4.5.4.1).
_QUEUED_US = 5 * 86_400 * SECOND

#: The queue file, how that is known, and the try that was answered.
HandOver = tuple[Life, How, LiveEvent]


def hand_over_of(filing: Loose, web: Web) -> HandOver | None:
    """The hand-over that a store's lines are about; None where none, or none alone, can be meant."""
    if filing.kind is KeyKind.DELIVERY:
        tries = _naming(filing, web)
        if tries:
            # A session's name may come back; what has the same Message-ID is meant then.
            mine = tries if len({life for life, _ in tries}) == 1 else [one for one in tries if _named_ids(filing) & _ids_of(one[0])]
            return _nearest(filing, mine, How.FILED)
    boxes = [link.target for link in filing.links if link.how is How.BOXED]
    return _nearest(filing, [one for target in boxes for one in _at_mailbox(filing, target, web)], How.BOXED)


def filings_of(life: Life, link: Link, web: Web) -> Iterator[Loose]:
    """The lines of stores that a try of a queue file may have been answered by."""
    if link.how is How.FILED:
        yield from [part for part in web.parts_of(link.target) if isinstance(part, Loose)]
        return
    reach = min(BOXED_REACH_US, web.within.reach_us)
    if not web.crowded(link.target, link.time_us, reach):
        yield from [m.part for m in web.near(link.target, link.time_us - reach, link.time_us + reach) if isinstance(m.part, Loose)]


def is_elsewhere(filing: Loose, web: Web) -> bool:
    """Whether a mail server's lines tell of the message of a store's lines that are joined to none of them: then they tell nothing new."""
    since, until = filing.start_us - _QUEUED_US, filing.end_us + web.within.reach_us
    known = (m.part for one in _named_ids(filing) for m in islice(web.near(keys.judged(one), since, until), MANY))
    return any(isinstance(part, Life) for part in known)


def _named_ids(filing: Loose) -> set[str]:
    """The Message-IDs that a store's lines name."""
    return {e.fact.message_id for e in filing.events if isinstance(e.fact, Filed) and e.fact.message_id}


def _ids_of(life: Life) -> set[str]:
    """The Message-IDs of a queue file."""
    return {one.message_id for one in life.identified}


def _naming(filing: Loose, web: Web) -> list[tuple[Life, LiveEvent]]:
    """The tries whose reply names a session."""
    reach = web.within.reach_us
    found = islice(web.near(filing.key, filing.start_us - reach, filing.end_us + reach), MANY)
    return [(m.part, line) for m in found if isinstance(m.part, Life) for line in m.lines.values() if line is not None]


def _at_mailbox(filing: Loose, box: str, web: Web) -> Iterator[tuple[Life, LiveEvent]]:
    """The tries of a Message-ID to a mailbox at the time of a store's lines, each recipient once or more."""
    reach = min(BOXED_REACH_US, web.within.reach_us)
    if web.crowded(box, filing.start_us, reach):
        return
    for mention in web.near(box, filing.start_us - reach, filing.end_us + reach):
        life = mention.part
        if not isinstance(life, Life):
            continue
        times = [time_us for time_us in mention.lines if filing.start_us - reach <= time_us <= filing.end_us + reach]
        lines = [line for time_us in times if (line := mention.lines[time_us]) is not None and not _of_another_session(filing, line)]
        if lines and "@" not in box.partition("/")[0]:
            # Only the local part is named, and several recipients may have it.
            wanted = {mailbox_of(e.fact.recipient)[0] for e in lines if isinstance(e.fact, Attempted)}
            lines = [
                e
                for e in life.attempts
                if isinstance(e.fact, Attempted) and mailbox_of(e.fact.recipient)[0] in wanted and e.time_us in times
            ]
        yield from [(life, line) for line in lines]


def _of_another_session(filing: Loose, attempt: LiveEvent) -> bool:
    """Whether the reply to a try names another session than a store's lines; recipients of one session may be told apart behind a colon."""
    answered = attempt.fact.session if isinstance(attempt.fact, Attempted) else None
    if answered is None or filing.kind is not KeyKind.DELIVERY:
        return False
    return answered.partition(":")[0] != keys.value_of(filing.key).partition(":")[0]


def _nearest(filing: Loose, tries: list[tuple[Life, LiveEvent]], how: How) -> HandOver | None:
    """Of the tries of one recipient that which was answered next; None where they are of several."""
    if len({(life, fold(e.fact.recipient)) for life, e in tries if isinstance(e.fact, Attempted)}) != 1:
        return None
    # What the store did is logged before the try that it answered, where stamps tell.
    life, line = min(tries, key=lambda one: (one[1].time_us + SECOND <= filing.end_us, abs(one[1].time_us - filing.end_us), one[1].digest))
    return life, how, line
