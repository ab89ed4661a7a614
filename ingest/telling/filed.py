"""What a mail store did with a recipient's copy: where it lies, and what the mailbox owner's own rules made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from ingest.joining.event import LiveEvent, in_order
from ingest.joining.parts import STORES, Loose
from ingest.telling.about import About
from ingest.telling.outcome import Fate
from ingest.telling.recipient import Recipient, recipient
from ingest.telling.tree import Tree
from mappings import keys
from mappings.facts import Fact, Filed
from mappings.log_words import Filing
from mappings.trace import HopLink
from mappings.vocabulary import Disposition, Reason

#: What says most of a copy's fate stands first: what was kept was not thrown away, and what was sent on was not refused.
_RANK = (Filing.STORED, Filing.SENT_ON, Filing.RETURNED, Filing.DISCARDED, Filing.FAILED)
_DISPOSITIONS = {
    Filing.STORED: Disposition.DELIVERED,
    Filing.SENT_ON: Disposition.EXPANDED,
    Filing.RETURNED: Disposition.BOUNCED,
    Filing.DISCARDED: Disposition.DISCARDED,
    Filing.FAILED: Disposition.UNKNOWN,
}


def pieces_of(one: Recipient, tree: Tree) -> list[Loose]:
    """What belongs to the hops of a recipient's way by a weak id; of what stores did, his own copy's only."""
    if not tree.loose:
        return []
    pieces = [piece for part in one.path for piece in tree.loose.get(part, ())]
    tries = {*one.attempts, *one.handed}
    return [piece for piece in pieces if piece.kind not in STORES or tree.filed.get(piece) in tries]


def with_filings(hops: list[HopLink], pieces: Iterable[Loose], answered: Mapping[Loose, LiveEvent]) -> list[HopLink]:
    """The hops of a recipient's way; what a store did with his copy is a part of the hop that handed it over."""
    filed: dict[str | None, list[str]] = {}
    for piece in pieces:
        if piece in answered:
            filed.setdefault(answered[piece].route.queue, []).append(piece.key)
    return [replace(hop, same=[*hop.same, *filed[hop.id]]) if hop.id in filed else hop for hop in hops] if filed else hops


def by_try(pieces: Iterable[Loose], answered: Mapping[Loose, LiveEvent]) -> dict[LiveEvent, list[LiveEvent]]:
    """What a store did at each try; `answered` has the try that each piece is about."""
    found: dict[LiveEvent, list[LiveEvent]] = {}
    for piece in pieces:
        if piece in answered:
            found.setdefault(answered[piece], []).extend(piece.events)
    return found


def telling_most(filings: Iterable[LiveEvent]) -> LiveEvent | None:
    """The line of a store that says most of the fate of a copy; None where none says anything of it."""
    found = [(_RANK.index(e.fact.what), e.order, e) for e in filings if isinstance(e.fact, Filed) and e.fact.what in _RANK]
    return min(found)[2] if found else None


def filings_in(pieces: Iterable[Loose]) -> list[Filed]:
    """What stores did, in the order of time."""
    events = sorted((e for piece in pieces if piece.kind in STORES for e in piece.events), key=in_order)
    return [e.fact for e in events if isinstance(e.fact, Filed)]


def became(event: LiveEvent | None) -> Disposition | None:
    """What became of a copy, by the line that says most."""
    return _DISPOSITIONS.get(event.fact.what) if event is not None and isinstance(event.fact, Filed) else None


def reason_of_filing(event: LiveEvent | None) -> Reason | None:
    """Why a store did not keep a copy."""
    return event.fact.reason if event is not None and isinstance(event.fact, Filed) else None


def tells_sender(fact: Fact) -> bool:
    """Whether a store told the sender that it refused the message."""
    return isinstance(fact, Filed) and fact.what is Filing.RETURNED


def told_alone(piece: Loose) -> tuple[Recipient, About, Fate] | None:
    """What only a store's lines tell; None where they do not say whose copy it was, of which message, and what became of it."""
    said = [e.fact for e in piece.events if isinstance(e.fact, Filed) and e.fact.message_id]
    decided = telling_most(piece.events) if said else None
    disposition = became(decided)
    if decided is None or disposition is None:
        return None
    about = About(piece, [piece], None)
    about.message_id = said[0].message_id
    about.hops = [HopLink(keys.in_documents(piece.key))]
    fate = Fate(disposition, reason=reason_of_filing(decided) or Reason.POLICY, decided=decided, incomplete=True)
    fate.notified = tells_sender(decided.fact)
    return recipient(said[0].recipient, [piece]), about, fate
