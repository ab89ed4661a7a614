"""The embedded store as an engine: SQLite files by time, asked one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TypeVar, cast

from mappings import identity
from mappings.embedded import catalog
from mappings.embedded.catalog import Partition
from mappings.embedded.columns import domain_value
from mappings.embedded.faults import StoreAway, StoreDamaged, in_words, of_file
from mappings.embedded.reading import ids_by_terms
from mappings.embedded.terms import term
from mappings.faults import StoreLacking
from mappings.patterns import UNKNOWN_CHARACTER
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from search.engines import PEOPLE, SIDES, TOTAL_LIMIT, OverTime, Page, Side, StoreState, Top, Total, Value, top_of, under_domains
from search.engines.embedded_columnar import Copies, Groups
from search.engines.embedded_counting import CountedQuestion, EmbeddedCounting
from search.engines.embedded_files import Files, OpenFile, Scopes
from search.engines.embedded_lacking import lacking_sentence
from search.engines.embedded_over_time import over_time
from search.engines.embedded_plan import Plan, Span
from search.engines.embedded_span import ALL, key_of, span_of
from search.engines.embedded_sql import Criterion, criteria, scope_criterion
from search.engines.ranked import behind
from search.engines.succession import current
from search.language.tree import EVERYTHING, asked_by
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope
from search.sorting import MOST_RANKED, Sort

_T = TypeVar("_T")

#: Rows of the first two pages of a walk, which mostly ends there, and of the others.
_WALK_BEGIN, _WALK_PAGE = 500, 1_000
_NO_END = 1 << 62
_REFUSED = "('bounced', 'expired', 'rejected', 'tempfailed', 'deferred')"


class EmbeddedEngine:
    """Answers questions from the store in `folder`, also while another process writes to it, and before it is there.

    Safe for several threads; each opens the files for itself. Without `copies` all is counted from the rows.
    """

    def __init__(self, folder: Path, *, copies: bool = True) -> None:
        self._folder = folder
        self._scopes = Scopes()
        self._files = Files(folder, self._scopes)
        self._copies = Copies(folder, able=copies)
        self._counting = EmbeddedCounting(self._each, self._copies)

    @in_words
    def search(self, query: Query, scope: Scope, *, limit: int, cursor: str | None = None) -> Page:
        """The traces that fit, in the question's order, at most `limit` (1 or more); `cursor` is the `next` of the page before."""
        if limit < 1:
            raise QueryError("a page has at least one row", field="limit", hint="to walk to the end, use walk")
        if query.sort.field is None:
            traces = self._by_time(query, scope, cursor, limit + 1)
            following = traces[limit - 1].id if len(traces) > limit else None
            known = len(traces) if cursor is None and following is None else None
        else:
            ranked = self._ranked(query, scope)
            listed = behind(ranked, cursor)
            traces, following = self._rows_of(listed[:limit]), listed[limit - 1] if len(listed) > limit else None
            known = len(ranked) if len(ranked) < MOST_RANKED else None
        counted = self._count(query, scope, TOTAL_LIMIT + 1) if known is None else known
        total = Total(counted) if counted <= TOTAL_LIMIT else Total(TOTAL_LIMIT, "gte")
        warnings = self.lacking(scope, query.since_ms, query.until_ms)
        return Page(traces[:limit], following, total, complete=not warnings, warnings=warnings)

    def walk(self, query: Query, scope: Scope, *, cursor: str | None = None) -> Iterator[Trace]:
        """All traces that fit, in the question's order, without events, read page by page; by a number the first of them."""
        if query.sort.field is not None:
            yield from self._rows_of(behind(self._ranked(query, scope), cursor))
            return
        for limit in chain((_WALK_BEGIN, _WALK_BEGIN), repeat(_WALK_PAGE)):
            traces = self._by_time(query, scope, cursor, limit)
            yield from traces
            if len(traces) < limit:
                return
            cursor = traces[-1].id

    @in_words
    def newest(self, query: Query, scope: Scope, limit: int) -> list[str]:
        """The ids of the newest traces that fit, newest first."""
        if self._sees_nothing(scope):
            return []
        if self._counting.leads(asked := self._counted(query, scope)):
            return self._counting.first(asked, limit)
        return self._first(query, scope, asked.span, limit, lambda plan, _, left: [identity.from_bytes(key) for key, _ in plan.fates(left)])

    @in_words
    def people(self, query: Query, scope: Scope, limit: int) -> set[str]:
        """The addresses of both sides, folded, in the newest so many traces that fit."""
        keys = list(map(identity.to_bytes, self.newest(query, scope, limit)))
        if not keys:
            return set()
        statement = f"SELECT {', '.join(PEOPLE)} FROM trace WHERE id IN ({','.join('?' * len(keys))})"
        found = self._each(Span(min(keys), max(keys) + b"\0"), lambda _, file: file.connection.execute(statement, keys).fetchall())
        return {one for one in chain.from_iterable(chain.from_iterable(found)) if one and UNKNOWN_CHARACTER not in one}

    def rows(self, ids: Sequence[str], scope: Scope) -> list[Trace]:
        """The traces with these ids, in their order, without events; left out is what is unknown, superseded or out of scope."""
        return [one for one in self._rows_of(ids) if not one.superseded_by and _sees(scope, one)]

    @in_words
    def count(self, query: Query, scope: Scope) -> int:
        """How many traces fit, exactly."""
        if self._sees_nothing(scope) or _is_everything(query, scope):
            return self._count(query, scope, _NO_END)
        return self._counting.number(self._counted(query, scope))

    @in_words
    def get(self, trace: str, scope: Scope) -> Trace | None:
        """One trace with its events; a superseded id gives its successor; None where unknown or out of scope."""
        found = current(trace.strip().lower(), lambda one: self._load(one, events=False))
        if found is None:
            self._must_have(trace.strip().lower(), scope)
        if found is None or not _sees(scope, found):
            return None
        whole = self._load(found.id, events=True)
        if whole is None:
            # Its row is sound, and its journey damaged.
            self._must_have(found.id, scope)
        return whole

    @in_words
    def find(self, keys: Collection[str], scope: Scope, *, limit: int = 200) -> list[Trace]:
        """The traces, without events, that hold one of these keys, newest first."""
        wanted = frozenset(keys)
        terms = {term(key) for key in wanted}

        def holding(_partition: Partition, file: OpenFile) -> list[Trace]:
            keys = sorted(ids_by_terms(file.connection, terms), reverse=True)
            loaded = (file.load(key, events=False) for key in keys)
            fitting = (t for t in loaded if t is not None and not t.superseded_by and not wanted.isdisjoint(t.keys) and _sees(scope, t))
            return list(islice(fitting, limit))

        return list(islice(chain.from_iterable(self._each(ALL, holding)), limit))

    @in_words
    def codes_seen(self, scope: Scope) -> list[tuple[int | None, str | None, int]]:
        """(basic code, enhanced code, number of traces) of all traces that a refusing reply decided, most first."""
        counts: dict[tuple[int | None, str | None], int] = {}
        statement = "SELECT reply_code, enhanced_code, sum(n) FROM codes GROUP BY 1, 2"
        if scope.domains is not None:
            handle = self._scopes.number(frozenset(map(domain_value, scope.domains)))
            statement = (
                "SELECT t.reply_code, t.enhanced_code, count(*) FROM trace AS t INDEXED BY by_disposition"
                f" WHERE t.disposition IN {_REFUSED} AND t.disposition <> 'delivered' AND in_scope({handle}, t.visible)"
                " AND (t.reply_code IS NOT NULL OR t.enhanced_code IS NOT NULL) GROUP BY 1, 2"
            )
        for rows in self._each(ALL, lambda _, file: file.connection.execute(statement).fetchall()):
            for basic, enhanced, number in rows:
                code = (basic or None, enhanced or None)
                counts[code] = counts.get(code, 0) + number
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][0] or 0, item[0][1] or ""))
        return [(basic, enhanced, number) for (basic, enhanced), number in ordered]

    @in_words
    def over_time(self, query: Query, scope: Scope, edges_ms: Sequence[int]) -> OverTime:
        """How many fit by disposition in each interval; of more than 100,000 the newest."""
        if self._sees_nothing(scope):
            return OverTime([{} for _ in edges_ms[1:]])
        return over_time(self._each, self._counting, self._counted(query, scope, edges_ms), edges_ms)

    @in_words
    def by_domain(self, query: Query, scope: Scope, side: Side) -> dict[str, dict[Disposition, int]]:
        """How many fit by (folded) domain on a side and by disposition; one that names two domains counts under each."""
        if self._sees_nothing(scope):
            return {}
        span = span_of(query)
        columns = [f"t.{name}" for name in (*SIDES[side], "disposition")]
        groups = self._each(span, lambda _, file: Plan(file.connection, self._criteria(query, scope, file), span).groups(columns))
        return under_domains(chain.from_iterable(groups))

    @in_words
    def tally(
        self, query: Query, scope: Scope, fields: Sequence[str], *, among: Sequence[Value] | None = None
    ) -> Counter[tuple[Value, ...]]:
        """How many fit for each combination of values of these fields, exactly."""
        return Groups() if self._sees_nothing(scope) else self._counting.tally(self._counted(query, scope), fields, among)

    @in_words
    def top(self, query: Query, scope: Scope, field: str, limit: int) -> Top:
        """The values of a field that most have."""
        return top_of({}, limit) if self._sees_nothing(scope) else self._counting.top(self._counted(query, scope), field, limit)

    @in_words
    def tally_over_time(
        self, query: Query, scope: Scope, edges_ms: Sequence[int], fields: Sequence[str]
    ) -> list[Counter[tuple[Value, ...]]]:
        """`tally` in each interval."""
        asked = None if self._sees_nothing(scope) else self._counted(query, scope, edges_ms)
        return [Groups() for _ in edges_ms[1:]] if asked is None else self._counting.tally_over_time(asked, edges_ms, fields)

    def _counted(self, query: Query, scope: Scope, edges_ms: Sequence[int] | None = None, *, span: Span | None = None) -> CountedQuestion:
        """A question whose traces are counted, within these edges; `span` where it is another one than its times are."""
        span = span or span_of(query)
        if edges_ms is not None:
            span = Span(max(span.lower, key_of(edges_ms[0])), min(span.upper, key_of(edges_ms[-1])))
        domains = None if scope.domains is None else frozenset(map(domain_value, scope.domains))
        return CountedQuestion(asked_by(query.node(), scope), domains, span, lambda file: self._criteria(query, scope, file))

    @in_words
    def bounds(self, query: Query, scope: Scope) -> tuple[int, int] | None:
        """The times of the oldest and the newest trace that fit."""
        if self._sees_nothing(scope):
            return None
        span = span_of(query)
        found = self._each(span, lambda _, file: Plan(file.connection, self._criteria(query, scope, file), span).bounds())
        times = [identity.time_ms_in(key) for keys in found for key in keys]
        return (min(times), max(times)) if times else None

    @in_words
    def state(self) -> StoreState:
        """Up to when each source has been read, and the times of the oldest and the newest trace."""
        listing = self._files.listing()
        statement = "SELECT (SELECT min(id) FROM trace), (SELECT max(id) FROM trace)"
        rows = self._each(ALL, lambda _, file: file.connection.execute(statement).fetchone())
        bounds = [identity.time_ms_in(bound) for row in rows for bound in row if bound is not None]
        return StoreState(listing.progress, min(bounds, default=None), max(bounds, default=None), listing.losses, listing.readings)

    def lacking(self, scope: Scope, since_ms: int | None = None, until_ms: int | None = None) -> list[str]:
        """What is not in the answers to questions about this time, because its part of the store is missing or damaged, in sentences."""
        lower, upper = since_ms or 0, catalog.END_OF_TIME if until_ms is None else until_ms
        gaps = [*self._files.listing().gaps, *self._files.lacking()]
        touched = [gap for gap in gaps if gap.lower_ms < upper and lower < gap.upper_ms]
        return list(dict.fromkeys(lacking_sentence(gap, whole=scope.domains is None) for gap in touched))

    @property
    def copies_asked(self) -> int:
        """How many answers came out of columnar copies."""
        return self._copies.asked

    def close(self) -> None:
        """Let go of the store."""
        self._copies.close()
        self._files.close()

    def _each(self, span: Span, ask: Callable[[Partition, OpenFile], _T], *, oldest: bool = False) -> Iterator[_T]:
        """The answers of the files that may hold ids of this span, newest first, or oldest first.

        `ask` gives its answer whole. A file that is damaged, or cannot be read now, gives none, which `lacking` tells.
        """
        partitions = self._files.listing().partitions
        for partition in reversed(partitions) if oldest else partitions:
            if key_of(partition.lower_ms) < span.upper and span.lower < key_of(partition.upper_ms):
                try:
                    with of_file(self._folder / partition.file):
                        file = self._files.open(partition)
                        answer = None if file is None else ask(partition, file)
                except (StoreDamaged, StoreAway) as fault:
                    self._files.failed(partition, fault)
                    continue
                if file is not None:
                    yield cast("_T", answer)

    def _must_have(self, trace: str, scope: Scope) -> None:
        """Raise `StoreLacking` where a trace that is not found may have been in a part of the store that is lacking."""
        try:
            time_ms = identity.time_ms_of(trace)
        except ValueError:
            return
        lacking = self.lacking(scope, time_ms, time_ms + 1)
        if lacking:
            raise StoreLacking(lacking[0])

    def _load(self, trace: str, *, events: bool) -> Trace | None:
        """One trace, superseded or not, by its id; None where it is unknown or no id."""
        try:
            key = identity.to_bytes(trace)
        except ValueError:
            return None
        time_ms = identity.time_ms_in(key)
        return next(self._each(Span(key_of(time_ms), key_of(time_ms + 1)), lambda _, file: file.load(key, events=events)), None)

    @in_words
    def _ranked(self, query: Query, scope: Scope) -> list[str]:
        """The ids of the first that fit by the number of the question's order."""
        if self._sees_nothing(scope) or query.sort.field is None:
            return []
        return self._counting.ranked(self._counted(query, scope), query.sort.field, MOST_RANKED)

    @in_words
    def _rows_of(self, ids: Sequence[str]) -> list[Trace]:
        """The traces with these ids, in their order; what has become part of another one meanwhile is left out."""
        keys = [identity.to_bytes(one) for one in ids]
        if not keys:
            return []
        statement = f"SELECT id, head FROM trace WHERE id IN ({','.join('?' * len(keys))})"

        def heads(_partition: Partition, file: OpenFile) -> list[tuple[bytes, Trace]]:
            return [(key, file.head(head)) for key, head in file.connection.execute(statement, keys)]

        found = dict(chain.from_iterable(self._each(Span(min(keys), max(keys) + b"\0"), heads)))
        return [found[key] for key in keys if key in found]

    @in_words
    def _by_time(self, query: Query, scope: Scope, cursor: str | None, limit: int) -> list[Trace]:
        """The first traces that fit behind a cursor, by time."""
        oldest = query.sort is Sort.OLDEST
        if self._sees_nothing(scope):
            return []
        asked = self._counted(query, scope, span=span_of(query, cursor))
        if self._counting.leads(asked):
            return self._rows_of(self._counting.first(asked, limit, oldest=oldest))

        def rows(plan: Plan, file: OpenFile, left: int) -> list[Trace]:
            return [file.head(head) for _, head in plan.rows(left, oldest=oldest)]

        return self._first(query, scope, asked.span, limit, rows, oldest=oldest)

    def _first(
        self, query: Query, scope: Scope, span: Span, limit: int, of: Callable[[Plan, OpenFile, int], list[_T]], *, oldest: bool = False
    ) -> list[_T]:
        """What a plan gives of the first rows of a span that fit, file by file, until there are so many; `of` is told how many more."""
        found: list[_T] = []

        def some(_partition: Partition, file: OpenFile) -> list[_T]:
            return of(Plan(file.connection, self._criteria(query, scope, file), span), file, limit - len(found))

        for more in self._each(span, some, oldest=oldest):
            found += more
            if len(found) >= limit:
                break
        return found

    def _count(self, query: Query, scope: Scope, limit: int) -> int:
        """How many traces fit, counted up to `limit`."""
        span = span_of(query)
        total = 0
        if self._sees_nothing(scope):
            return 0
        everything = _is_everything(query, scope)
        if not everything and self._counting.leads(asked := self._counted(query, scope)):
            return min(self._counting.number(asked, limit), limit)

        def number(partition: Partition, file: OpenFile) -> int:
            if everything and span.lower <= key_of(partition.lower_ms) and key_of(partition.upper_ms) <= span.upper:
                return int(file.connection.execute("SELECT coalesce(sum(n), 0) FROM hourly").fetchone()[0])
            return Plan(file.connection, self._criteria(query, scope, file), span).count(limit - total)

        for counted in self._each(span, number):
            total += counted
            if total >= limit:
                return limit
        return total

    def _criteria(self, query: Query, scope: Scope, file: OpenFile) -> list[Criterion]:
        """What a row must meet in this file."""
        found = criteria(asked_by(query.node(), scope), file)
        if scope.domains is not None:
            domains = frozenset(map(domain_value, scope.domains))
            found.append(scope_criterion(self._scopes.number(domains), domains))
        return found

    @staticmethod
    def _sees_nothing(scope: Scope) -> bool:
        """Whether nothing at all is in scope."""
        return scope.domains is not None and not scope.domains


def _is_everything(query: Query, scope: Scope) -> bool:
    """Whether a question asks for all mail of a range of time."""
    return query.node() == EVERYTHING and scope.domains is None


def _sees(scope: Scope, trace: Trace) -> bool:
    """Whether a trace is in scope, by domains as the columns hold them."""
    return scope.domains is None or not {domain_value(d) for d in scope.domains}.isdisjoint(map(domain_value, trace.visible_to))
