"""The tree of a message: what begins it, and what follows what."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.message import Message
from ingest.joining.parts import Edge, Loose, Part, Scan
from ingest.joining.pipes import handed
from ingest.joining.within import Within
from ingest.telling.recipient import Recipient
from ingest.telling.rules import Rules
from ingest.telling.shares import Shares
from mappings.facts import Scanned
from mappings.links import LINKS, How
from mappings.trace import Related

#: What brings a queue file into being by itself; a Resent-Message-ID in it is then what a sender wrote, and no release.
BROUGHT = frozenset(
    {How.RELAY, How.NEXT, How.PASSED, How.REFUSED, How.FORWARDED, How.ORIGIN, How.REQUEUE, How.PUT_BACK, How.PIPED, How.SPLIT}
)
#: What was let go of by an operator, and moves on apart from the rest.
_ONWARD = BROUGHT | {How.RELEASE}
#: The others tie a scan to its queue file, save this one, which means a release where nothing else brought the file.
_UNTIED = _ONWARD | {How.RESENT}
#: How a scan hands over to the queue file behind it.
FROM_SCAN = frozenset({How.NEXT, How.PASSED, How.REFUSED})

#: What a mail store did with what a try handed to it.
_FILED = frozenset({How.FILED, How.BOXED})

#: The next part, how it is named, and the line that names it.
Hand = tuple[Part, How, LiveEvent | None]


class Tree:
    """A message with its hand-overs, where it begins, and what is worked out once for all of its recipients."""

    __slots__ = (
        "filed",
        "into",
        "loose",
        "message",
        "onward",
        "piped",
        "roots",
        "rules",
        "scans",
        "seen",
        "sent",
        "shares",
        "soles",
        "ties",
        "unsure",
        "within",
    )

    def __init__(self, message: Message, within: Within) -> None:
        self.message = message
        self.within = within
        self.onward: dict[Part, list[Hand]] = {}
        #: The same from the other end: what handed over to a part.
        self.into: dict[Part, list[Hand]] = {}
        self.scans: dict[Part, list[Scan]] = {}
        self.loose: dict[Part, list[Loose]] = {}
        #: Results that may be another message's: kept with each, and not believed.
        self.unsure: set[Loose] = set()
        #: Which try the lines of a mail store are about.
        self.filed = {
            piece: line for _, piece, how, line in message.edges if how in _FILED and isinstance(piece, Loose) and line is not None
        }
        #: How each scan is known to be one of its queue file.
        self.ties: dict[Scan, tuple[Life, How, LiveEvent | None]] = {}
        self.roots: list[Part] = []
        #: Deliveries to programs that handed the message in again.
        self.piped = {
            delivery
            for source, target, how, _ in message.edges
            if how is How.PIPED and isinstance(source, Life) and isinstance(target, Life)
            for delivery in handed(source, target)
        }
        self._plant()
        #: For each scan, the recipients it names, as they are compared, with its results for them.
        self.seen: dict[Scan, dict[str, list[Scanned]]] = {}
        #: What rules say of some parts; whose the events of a part are; the one recipient of a queue file, where it has one.
        self.rules: dict[tuple[Part, ...], Rules] = {}
        #: What a scan sent beside the message: notices, and what was let go.
        self.sent: dict[Scan, dict[tuple[str, str], Related]] = {}
        self.shares: dict[Part, Shares] = {}
        self.soles: dict[Life, Recipient | None] = {}

    def _plant(self) -> None:
        """Find out what follows what."""
        message = self.message = _with_steps(self.message)
        follows: set[Part] = set()
        released = {(source, target) for source, target, how, _ in message.edges if how is How.RELEASE}
        brought = {target for _, target, how, _ in message.edges if how in BROUGHT}
        for source, target, how, line in message.edges:
            if how is How.RESENT and target not in brought:
                if (source, target) not in released:
                    self.onward.setdefault(source, []).append((target, How.RELEASE, line))
                follows.add(target)
            elif how in _ONWARD:
                self.onward.setdefault(source, []).append((target, how, line))
                follows.add(target)
            elif isinstance(target, Loose):
                self.loose.setdefault(source, []).append(target)
                if how is How.AMONG:
                    self.unsure.add(target)
        if message.scans:
            for life, scan, how, line in self._ties():
                known = self.scans.setdefault(life, [])
                if scan not in known:
                    known.append(scan)
                tie = self.ties.get(scan)
                if tie is None or LINKS[how].confidence < LINKS[tie[1]].confidence:
                    self.ties[scan] = life, how, line
                follows.add(scan)
        for found in self.scans.values():
            found.sort(key=lambda scan: (scan.start_us, scan.key))
        self._sort_loose()
        for source, hands in self.onward.items():
            hands.sort(key=lambda hand: (hand[0].start_us, hand[0].key, hand[1]))
            for target, how, line in hands:
                self.into.setdefault(target, []).append((source, how, line))
        parts: list[Part] = [*message.lives, *message.scans]
        # Hand-overs that go round in a circle (a forged or repeated id): begin with the earliest.
        self.roots = [part for part in parts if part not in follows] or parts[:1]

    def _sort_loose(self) -> None:
        """What belongs to a result from another host belongs to the queue file that this is about."""
        for part, pieces in self.loose.items():
            if not isinstance(part, Loose):
                pieces += [further for piece in pieces for further in self.loose.get(piece, ()) if further not in pieces]
            pieces.sort(key=lambda piece: (piece.start_us, piece.key))

    def _ties(self) -> Iterator[tuple[Life, Scan, How, LiveEvent | None]]:
        """Which scan belongs to which queue file: it names it, the file's reply names the scan, or both name the same next file."""
        tied: set[Part] = set()
        for source, target, how, line in self.message.edges:
            if how in _UNTIED:
                continue
            life, scan = (source, target) if isinstance(source, Life) else (target, source)
            if isinstance(life, Life) and isinstance(scan, Scan):
                tied.add(scan)
                yield life, scan, how, line
        if len(tied) == len(self.message.scans):
            return
        relayed: dict[Part, list[tuple[Life, LiveEvent | None]]] = {}
        for life in self.message.lives:
            for target, line in {hand[0]: hand[2] for hand in self.onward.get(life, ()) if hand[1] is How.RELAY}.items():
                relayed.setdefault(target, []).append((life, line))
        for scan in self.message.scans:
            if scan in tied:
                continue
            for target in dict.fromkeys(hand[0] for hand in self.onward.get(scan, ()) if hand[1] in FROM_SCAN):
                for life, line in relayed.get(target, ()):
                    yield life, scan, How.UNSEEN, line

    def shares_of(self, part: Part) -> Shares:
        """Whose the events of a part are."""
        known = self.shares.get(part)
        if known is None:
            known = self.shares[part] = Shares(part)
        return known


def _with_steps(message: Message) -> Message:
    """The message with each scan as one part: where only its other lines name its mail id, they belong to its result."""
    between = [(source, target) for source, target, _, _ in message.edges if type(source) is Scan and type(target) is Scan]
    if not between:
        return message
    steps: dict[Part, Part] = {}
    # The earliest first, wherever the walk began. Of those that name each other in a circle one stays, or nothing would be told of any.
    for first, second in sorted(between, key=lambda pair: [(one.start_us, one.key) for one in pair]):
        whole = steps.get(first, first)
        if whole is not second and second not in steps:
            steps[second] = whole
    steps = {step: steps.get(result, result) for step, result in steps.items()}
    loose: dict[Part, Loose] = {scan: Loose(scan.key, scan.host, scan.events) for scan in steps}
    edges: list[Edge] = [(result, loose[scan], How.LOG, None) for scan, result in steps.items()]
    for source, target, how, line in message.edges:
        edge = steps.get(source, source), steps.get(target, target), how, line
        if edge[0] is not edge[1]:
            edges.append(edge)
    scans = [scan for scan in message.scans if scan not in steps]
    return msgspec.structs.replace(message, scans=scans, loose=[*message.loose, *loose.values()], edges=edges)
