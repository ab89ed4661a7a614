"""Counting in the embedded store: of each file its columnar copy where it has one, and the rows that this does not have as they are."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from heapq import nlargest
from itertools import pairwise
from math import gcd
from typing import Protocol, TypeVar

from mappings import identity
from mappings.embedded import columnar
from mappings.embedded.catalog import Partition
from mappings.embedded.reading import one_state
from search.engines import Top, Value, top_of
from search.engines.embedded_columnar import ColumnarQuestion, Copies, CopyFailed, Groups, OpenCopy, lacking
from search.engines.embedded_columnar_sql import ColumnarStatement, NotColumnar
from search.engines.embedded_files import OpenFile
from search.engines.embedded_fitting import MOST_FITTING, FittingIds, FittingMemory, fates_over_time, first_of, number_of
from search.engines.embedded_plan import Plan, Span, size_of, unpacks_all
from search.engines.embedded_span import key_of
from search.engines.embedded_sql import Atom, Criterion, Drive, criteria
from search.engines.embedded_tally import column, tallied
from search.engines.ranked import rank
from search.language.tree import Node, Some

_NO_END = 1 << 62
#: So many rows cost less than a look at a column of a copy, where an index leads to them.
_FEW = 100
#: Of so many questions it is known whether they unpack all rows.
_MOST_KNOWN = 1_000
_T = TypeVar("_T")
_Answer = TypeVar("_Answer")


class EachFile(Protocol):
    """What asks the files of a span, newest first."""

    def __call__(self, span: Span, ask: Callable[[Partition, OpenFile], _T], /) -> Iterator[_T]:
        """Give the answers of those that have one."""
        ...


@dataclass(frozen=True, slots=True)
class CountedQuestion:
    """What is counted: what must fit, for which domains, in which range, and the same as each file's rows are asked it."""

    node: Node
    domains: frozenset[str] | None
    span: Span
    criteria: Callable[[OpenFile], list[Criterion]]


class EmbeddedCounting:
    """Counts over the files that `each` gives."""

    def __init__(self, each: EachFile, copies: Copies) -> None:
        self._each = each
        self._copies = copies
        self._unpacking: dict[tuple[Node, bool], bool] = {}

    def tally(self, asked: CountedQuestion, fields: Sequence[str], among: Sequence[Value] | None) -> Groups:
        """How many fit for each combination of values; of the first field only those of `among` are wanted, where that is given."""

        def joined(copies: list[OpenCopy], rows: Groups) -> Groups:
            if copies:
                rows.update(self._copies.grouped(copies, _columnar(asked, fields, among=None if among is None else tuple(among))))
            return rows

        return self._of_both(asked, lambda file, criteria: _groups(file, criteria, asked.span, fields), joined)

    def top(self, asked: CountedQuestion, field: str, limit: int) -> Top:
        """The values of a field that most have."""

        def joined(copies: list[OpenCopy], rows: Groups) -> Top:
            return self._copies.top(copies, _columnar(asked, [field]), rows, limit) if copies else top_of(rows, limit)

        return self._of_both(asked, lambda file, criteria: _groups(file, criteria, asked.span, [field]), joined)

    def number(self, asked: CountedQuestion, limit: int = _NO_END) -> int:
        """How many fit; the rows of a file are counted up to `limit`."""
        if (known := self._fitting(asked)) is not None:
            return number_of(known, asked.span)

        def joined(copies: list[OpenCopy], rows: Groups) -> int:
            return rows.total() + (self._copies.counted(copies, _columnar(asked, [])) if copies else 0)

        return self._of_both(asked, lambda file, criteria: Counter({(): Plan(file.connection, criteria, asked.span).count(limit)}), joined)

    def leads(self, asked: CountedQuestion) -> bool:
        """Whether copies lead to the traces that fit, and nothing else does: each row would have to be unpacked."""
        return self._unpacks_all(asked) and self.is_copied(asked)

    def _unpacks_all(self, asked: CountedQuestion) -> bool:
        """Whether each row would have to be unpacked: what a question is made of tells it, for all files alike."""
        key = asked.node, asked.domains is None
        known = self._unpacking.get(key)
        if known is None:
            known = next(self._each(asked.span, lambda _, file: unpacks_all(asked.criteria(file))), None)
            if known is None:
                # There is no file of that time yet.
                return False
            if len(self._unpacking) >= _MOST_KNOWN:
                self._unpacking.clear()
            self._unpacking[key] = known
        return known

    def is_copied(self, asked: CountedQuestion) -> bool:
        """Whether a file of the question's time has a copy that can be asked this."""
        try:
            ColumnarStatement("", []).condition(asked.node)
        except NotColumnar:
            return False
        return any(self._each(asked.span, lambda partition, file: self._copy_of(partition, file) is not None))

    def first(self, asked: CountedQuestion, limit: int, *, oldest: bool = False) -> list[str]:
        """The ids of the newest traces that fit, newest first, or of the oldest, oldest first."""
        if (known := self._fitting(asked)) is not None:
            return list(map(identity.from_bytes, first_of(known, asked.span, limit, oldest=oldest)))

        def rows_of(file: OpenFile, criteria: list[Criterion]) -> Groups:
            found = Plan(file.connection, criteria, asked.span).rows(limit, oldest=oldest)
            return Groups({(identity.from_bytes(key),): 1 for key, _ in found})

        def joined(copies: list[OpenCopy], rows: Groups) -> list[str]:
            found = {str(one) for (one,) in rows}
            found.update(self._copies.first(copies, _columnar(asked, []), limit, oldest=oldest) if copies else [])
            return sorted(found, reverse=not oldest)[:limit]

        return self._of_both(asked, rows_of, joined)

    def ranked(self, asked: CountedQuestion, field: str, limit: int) -> list[str]:
        """The ids of the traces that fit with the greatest numbers in a field, the greatest first."""

        def rows_of(file: OpenFile, criteria: list[Criterion]) -> Groups:
            found = Plan(file.connection, criteria, asked.span).ranked(f"number_of('{field}', t.head)", limit)
            return Groups({(number, identity.from_bytes(key)): 1 for key, number in found.items()})

        def joined(copies: list[OpenCopy], rows: Groups) -> list[str]:
            found: list[tuple[float | None, str]] = [(number, str(one)) for number, one in rows if not isinstance(number, str)]
            found += self._copies.ranked(copies, _columnar(asked, [field]), limit) if copies else []
            first = nlargest(limit, found, key=lambda one: rank(one[0], one[1]))
            return [one for _, one in first]

        return self._of_both(asked, rows_of, joined)

    def fates_over_time(self, asked: CountedQuestion, edges_ms: Sequence[int]) -> list[Counter[str]]:
        """How many fit by disposition in each interval, as `tally_over_time` counts them."""
        if (known := self._fitting(asked)) is not None:
            return fates_over_time(known, asked.span, edges_ms)
        counted = self.tally_over_time(asked, edges_ms, ["disposition"])
        return [Counter({str(word): number for (word,), number in one.items()}) for one in counted]

    def tally_over_time(self, asked: CountedQuestion, edges_ms: Sequence[int], fields: Sequence[str]) -> list[Groups]:
        """The same in each interval from one edge to the next; what lies in the question's span is between the first edge and the last."""
        slots = slots_of(edges_ms)

        def joined(copies: list[OpenCopy], rows: Groups) -> list[Groups]:
            rows.update(self._copies.grouped(copies, _columnar(asked, fields, slots=slots)) if copies else {})
            found = [Groups() for _ in edges_ms[1:]]
            for (slot, *values), n in rows.items():
                assert isinstance(slot, int), slot  # noqa: S101 - a slot is a number
                found[interval_of(edges_ms, slots, slot)][tuple(values)] += n
            return found

        return self._of_both(asked, lambda file, criteria: _groups(file, criteria, asked.span, fields, slots), joined)

    def _fitting(self, asked: CountedQuestion) -> list[FittingIds] | None:
        """What fits in each file, found once for all that a page asks, where only copies lead to it; None where that is too much."""
        if not self.leads(asked):
            return None
        found: list[FittingIds] = []
        try:
            for parts in self._each(asked.span, lambda partition, file: self._fitting_in(asked, partition, file)):
                if parts is None:
                    return None
                found += parts
        except CopyFailed:
            return None
        return found

    def _fitting_in(self, asked: CountedQuestion, partition: Partition, file: OpenFile) -> list[FittingIds] | None:
        """The same in one file, in parts that have no trace in common."""
        # What is found in a file holds for all questions that reach beyond it.
        span = Span(max(asked.span.lower, key_of(partition.lower_ms)), min(asked.span.upper, key_of(partition.upper_ms)))
        with one_state(file.connection):
            memory, copy = file.of_state(FittingMemory), self._copy_of(partition, file)
            if copy is None:
                found = _in_rows(memory, file, asked.node, span, [])
                return None if found is None else [found]
            led, others = _apart(asked.node, file)
            few = None if led is None else _led(memory, file, led, span)
            node = asked.node if few is None else others
            fresh = _in_rows(memory, file, node, span, [_not_in(copy)])
        copied = self._copies.fitting(copy, replace(_columnar(asked, []), node=node, lower=span.lower, upper=span.upper))
        if fresh is None or copied is None:
            return None
        return [fresh, copied] if few is None else [fresh, copied, few.beside([fresh, copied])]

    def _of_both(
        self,
        asked: CountedQuestion,
        rows_of: Callable[[OpenFile, list[Criterion]], Groups],
        joined: Callable[[list[OpenCopy], Groups], _Answer],
    ) -> _Answer:
        """What the copies and the rows give together; the rows alone where no copy can be asked this, or one fails."""
        try:
            ColumnarStatement("", []).condition(asked.node)
            return joined(*self._parts(asked, rows_of, able=True))
        except (NotColumnar, CopyFailed):
            return joined(*self._parts(asked, rows_of, able=False))

    def _parts(
        self, asked: CountedQuestion, rows_of: Callable[[OpenFile, list[Criterion]], Groups], *, able: bool
    ) -> tuple[list[OpenCopy], Groups]:
        """The copies to ask, and what the rows say of the traces that are in none of them."""
        copies: list[OpenCopy] = []
        rows = Groups()

        def ask(partition: Partition, file: OpenFile) -> tuple[OpenCopy | None, Groups]:
            with one_state(file.connection):
                copy = self._copy_of(partition, file) if able else None
                criteria = asked.criteria(file)
                # What is in the copy is left out first: it is nearly everything.
                return copy, rows_of(file, criteria if copy is None else [_not_in(copy), *criteria])

        for copy, found in self._each(asked.span, ask):
            rows.update(found)
            copies += [] if copy is None else [copy]
        return copies, rows

    def _copy_of(self, partition: Partition, file: OpenFile) -> OpenCopy | None:
        """The copy that belongs to this state of a file, and which traces it does not have as they are."""
        copy = self._copies.of(partition.file, columnar.mark_of(file.connection).token)
        if copy is None:
            return None
        changed = file.connection.execute("SELECT id FROM changed WHERE id <= ?", (copy.label.border,)).fetchall()
        return lacking(copy, [key for (key,) in changed])


def _apart(node: Node, file: OpenFile) -> tuple[Node | None, Node]:
    """A question's alternatives: those that an index leads to, None where it has none such, and the others."""
    led, others = list[Node](), list[Node]()
    for one in node.nodes if isinstance(node, Some) else ():
        [atoms] = criteria(Some((one,)), file)
        (led if all(atom.drive is not None and not atom.drive.scan for atom in atoms) else others).append(one)
    return (Some(tuple(led)), Some(tuple(others))) if led else (None, node)


def _in_rows(memory: FittingMemory, file: OpenFile, node: Node, span: Span, but: list[Criterion]) -> FittingIds | None:
    """The rows that fit; None where they are too many to be kept."""

    def find(span: Span) -> FittingIds | None:
        rows = Plan(file.connection, [*but, *criteria(node, file)], span).fates(MOST_FITTING + 1)
        return None if len(rows) > MOST_FITTING else FittingIds.of(rows)

    return memory.of((node, bool(but)), span, find)


def _led(memory: FittingMemory, file: OpenFile, node: Node, span: Span) -> FittingIds | None:
    """The rows that an index leads to; None where they are not few."""

    def find(span: Span) -> FittingIds | None:
        [criterion] = listed = criteria(node, file)
        few = size_of(file.connection, criterion, span, _FEW) < _FEW
        return FittingIds.of(Plan(file.connection, listed, span).fates(_FEW)) if few else None

    return memory.of(("led", node), span, find)


def _columnar(
    asked: CountedQuestion, fields: Sequence[str], *, slots: tuple[int, int] | None = None, among: tuple[Value, ...] | None = None
) -> ColumnarQuestion:
    """The question as copies are asked it."""
    return ColumnarQuestion(asked.node, asked.domains, asked.span.lower, asked.span.upper, tuple(fields), slots, among)


def _groups(file: OpenFile, criteria: list[Criterion], span: Span, fields: Sequence[str], slots: tuple[int, int] | None = None) -> Groups:
    """The groups of a file's rows; with slots the number of the slot goes before the values."""
    plan = Plan(file.connection, criteria, span)
    if slots is not None:
        times = f"(id_ms(t.id) - {slots[0]}) / {slots[1]}"
        return tallied(file.connection, ["", *fields], plan.groups([times, *(column(name) for name in fields)]))
    return tallied(file.connection, fields, plan.groups([column(name) for name in fields]))


def _not_in(copy: OpenCopy) -> Criterion:
    """The rows that a copy does not have as they are."""
    above, changed = "t.id > ?", "t.id IN (SELECT id FROM changed)"
    return [
        Atom(above, (copy.label.border,), Drive("trace AS t", "t.id", above, (copy.label.border,))),
        # What changed may be no row any more.
        Atom(changed, (), Drive("changed AS c", "c.id", "1", (), exact=False)),
    ]


def slots_of(edges_ms: Sequence[int]) -> tuple[int, int]:
    """Where times may be cut so that each piece lies in one interval: the first cut, and the length of a piece.

    The first edge and the last may lie anywhere: nothing is counted beyond them.
    """
    inner = edges_ms[1:-1]
    if not inner:
        return edges_ms[0], max(edges_ms[-1] - edges_ms[0], 1)
    step = reduce(gcd, (end - begin for begin, end in pairwise(inner)), 0) or max(inner[0] - edges_ms[0], edges_ms[-1] - inner[0], 1)
    return inner[0] - -(-(inner[0] - edges_ms[0]) // step) * step, step


def interval_of(edges_ms: Sequence[int], slots: tuple[int, int], number: int) -> int:
    """In which interval a piece lies, by its number, of those that `slots_of` gave for these edges."""
    first, step = slots
    return max(bisect_right(edges_ms, first + number * step) - 1, 0)
