"""What filters saw of the recipients of a message: which scans are on whose way, and what they said of him."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from ingest.joining.life import Life
from ingest.joining.parts import Loose, Part, Scan
from ingest.telling.recipient import Recipient
from ingest.telling.tree import Tree
from mappings.address import fold
from mappings.facts import Inspected, Passed, Ruled, Scanned
from mappings.log_words import Sending


def listed_by(scan: Scan, loose: Iterable[Loose]) -> list[str]:
    """The recipients that a scan's lines name, each once, in the order of first mention; else those of lines that only share its log id."""
    found: dict[str, str] = {}
    for event in scan.events:
        fact = event.fact
        if isinstance(fact, Scanned | Inspected) or (isinstance(fact, Passed) and fact.how is Sending.FORWARD):
            for address in fact.people():
                found.setdefault(fold(address), address)
    if not found:
        for fact in [event.fact for piece in loose for event in piece.events]:
            if isinstance(fact, Inspected | Ruled):
                for address in fact.recipients:
                    if address:
                        found.setdefault(fold(address), address)
    return list(found.values())


class Seeing:
    """The scans of a queue file by the addresses that they saw: of many scans of one message, each saw few of its recipients."""

    __slots__ = ("_by_address", "_order")

    def __init__(self, tree: Tree, scans: list[Scan]) -> None:
        self._order = {scan: number for number, scan in enumerate(scans)}
        self._by_address: dict[str | None, list[Scan]] = {}
        for scan in scans:
            for address in seen_by(tree, scan):
                self._by_address.setdefault(address, []).append(scan)

    def of(self, one: Recipient) -> list[Scan]:
        """Those that saw a recipient, by one of its names."""
        named, final = one.pair
        found = self._by_address.get(final if final is not None else "", [])
        if named is None or named == final or named not in self._by_address:
            return found
        return sorted({*found, *self._by_address[named]}, key=self._order.__getitem__)


def through(tree: Tree, one: Recipient, scans: list[Scan]) -> Recipient:
    """A recipient with the scans that saw it on its path, and the last one's result."""
    if not scans:
        return one
    path, result, chosen = list(one.path), one.result, one.scan
    named, final = one.pair
    for scan in scans:
        if scan in path and scan is not path[0]:
            continue
        beside = is_beside(scan, path[-1])
        results = seen_by(tree, scan).get(final if final is not None else "")
        if results is None and beside and named is not None:
            # A milter sees the address as the client named it, before it becomes others.
            results = seen_by(tree, scan).get(named)
        if results is None:
            continue
        if scan not in path:
            # Beside the queue it hands nothing on: the journey ends in the queue file.
            path.insert(len(path) - 1 if beside else len(path), scan)
        chosen = scan
        if results:
            # A record that blocks outweighs one that passes: one of several records of a scan lists a recipient.
            result = next((r for r in results if not r.passed), results[-1])
    return replace(one, path=path, result=result, scan=chosen)


def is_beside(scan: Scan, part: Part) -> bool:
    """Whether a scan was made beside the queue: by what it says, or because the mail server did what a milter said."""
    return scan.beside or (isinstance(part, Life) and bool(part.milter_rules))


def seen_by(tree: Tree, scan: Scan) -> dict[str, list[Scanned]]:
    """The recipients that a scan names, as they are compared, with its results for them."""
    known = tree.seen.get(scan)
    if known is None:
        known = tree.seen[scan] = {fold(address): [] for address in listed_by(scan, tree.loose.get(scan, ()))}
        for event in scan.results:
            if isinstance(event.fact, Scanned):
                passed = {fold(address) for address in event.fact.others}
                other = replace(event.fact, passed=True, others=[]) if passed else event.fact
                for address in dict.fromkeys(map(fold, event.fact.people())):
                    known.setdefault(address, []).append(other if address in passed else event.fact)
    return known


def is_kept(one: Recipient) -> bool:
    """Whether the filter stopped the recipient's copy."""
    return one.result is not None and not one.result.passed
