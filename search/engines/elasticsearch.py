"""Elasticsearch as an engine: the same questions, answered by a cluster.

Pages follow the id, which never changes and by which rows are sorted, so a page goes on exactly where the one before ended; no point in
time is held open for it, and a cursor never expires.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import wraps
from hashlib import blake2b
from itertools import pairwise
from typing import Any, ParamSpec, TypeVar

import msgspec

from mappings import identity
from mappings.elasticsearch import losses, readings
from mappings.elasticsearch.answers import Answer
from mappings.elasticsearch.catalog import ClusterCatalog
from mappings.elasticsearch.connection import Access, Connection, path
from mappings.elasticsearch.document import folded_domain, key_term
from mappings.elasticsearch.faults import StoreRefused
from mappings.elasticsearch.names import IndexNames
from mappings.faults import StoreError
from mappings.fields import BY_NAME, FIELDS, Kind
from mappings.patterns import searchable
from mappings.trace import JOURNEY, Trace
from mappings.vocabulary import Disposition
from search.engines import (
    DISPOSITIONS,
    SIDES,
    TOTAL_LIMIT,
    OverTime,
    Page,
    Side,
    StoreState,
    Top,
    Total,
    Value,
    people_of,
    tallies,
    top_of,
    under_domains,
)
from search.engines.elasticsearch_dsl import condition, has_pattern_of_all, ordered, scoped, terms
from search.engines.elasticsearch_lost import Lost
from search.engines.ranked import behind
from search.engines.succession import current
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope
from search.sorting import MOST_RANKED, Sort

_P = ParamSpec("_P")
_R = TypeVar("_R")
Json = dict[str, Any]

_REFUSED = (Disposition.BOUNCED, Disposition.EXPIRED, Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.DEFERRED)
_WALK_PAGE = 1_000
_MOST_KEYS = 1_000
#: Seconds that a search may take on each part of the store, and one that looks at every value of a field.
_TIMEOUT_S, _TIMEOUT_OF_ALL_S = 20.0, 10.0
#: A newer release may have more words than are known here.
_BY_FATE: Json = {"fate": {"terms": {"field": BY_NAME["disposition"].store, "size": 2 * len(Disposition)}}}
_WITHOUT_JOURNEY = {"excludes": [BY_NAME[name].store for name in JOURNEY]}
_THERE = "ignore_unavailable=true&allow_no_indices=true"


def _too_complex(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn the server's refusal of a pattern into an error of the question."""

    @wraps(method)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except StoreRefused as error:
            if error.kind == "too_complex_to_determinize_exception":
                raise QueryError("a pattern is too complicated for this store", hint="use fewer ? behind a *") from error
            if error.kind in ("too_many_clauses", "too_many_nested_clauses"):
                raise QueryError("there are too many values for this store", hint="ask for fewer at a time") from error
            raise

    return told


class ElasticsearchEngine:
    """Answers questions from a cluster, also while others write to it, and before anything is there. Safe for several threads."""

    def __init__(self, access: Access, *, names: IndexNames = IndexNames(), timeout_s: float = _TIMEOUT_S) -> None:  # noqa: B008 - frozen
        self._names = names
        self._timeout_s = timeout_s
        self._connection = Connection(access)
        self._lost = Lost(ClusterCatalog(self._connection, names))

    @_too_complex
    def search(self, query: Query, scope: Scope, *, limit: int, cursor: str | None = None) -> Page:
        """The traces that fit, in the question's order, at most `limit` (1 or more); what did not answer is named in `warnings`."""
        if limit < 1:
            raise QueryError("a page has at least one row", field="limit", hint="to walk to the end, use walk")
        body = self._page_body(query, scope, limit + 1, cursor)
        # One more than is told apart, so that exactly the limit is exact in every version.
        answer = self._search({**body, "track_total_hits": TOTAL_LIMIT + 1}, f"{query!r}{sorted(scope.domains or ())}")
        traces = [hit.trace() for hit in answer.hits.hits]
        counted = answer.hits.total.value if answer.hits.total is not None else 0
        total = Total(counted) if counted <= TOTAL_LIMIT else Total(TOTAL_LIMIT, "gte")
        faults = [*answer.faults(), *self._lost.told(query)]
        if faults:
            total = Total(total.value, "gte")
        following = traces[limit - 1].id if len(traces) > limit else None
        return Page(traces[:limit], following, total, complete=not faults, warnings=faults)

    def walk(self, query: Query, scope: Scope, *, cursor: str | None = None) -> Iterator[Trace]:
        """All traces that fit, in the question's order, without events, read page by page; raises where a part does not answer."""
        while True:
            traces = self._walked(query, scope, cursor)
            yield from traces
            if len(traces) < _WALK_PAGE or query.sort.field is not None:
                return
            cursor = traces[-1].id

    @_too_complex
    def newest(self, query: Query, scope: Scope, limit: int) -> list[str]:
        """The ids of the newest traces that fit, newest first."""
        return self._ids(query.unsorted(), scope, limit)

    def people(self, query: Query, scope: Scope, limit: int) -> set[str]:
        """The addresses of both sides, folded, in the newest so many traces that fit."""
        return people_of(self._walked(query.unsorted(), scope, None, limit))

    def rows(self, ids: Sequence[str], scope: Scope) -> list[Trace]:
        """The traces with these ids, in their order, without events; left out is what is unknown, superseded or out of scope."""
        body: Json = {
            "query": scoped(scope, {"ids": {"values": list(ids)}}),
            "size": len(ids),
            "_source": _WITHOUT_JOURNEY,
            "track_total_hits": False,
        }
        found = {hit.id: hit.trace() for hit in self._whole(body).hits.hits} if ids else {}
        return [found[one] for one in ids if one in found]

    @_too_complex
    def count(self, query: Query, scope: Scope) -> int:
        """How many traces fit, exactly."""
        body = {"size": 0, "track_total_hits": True, "query": condition(query, scope), "timeout": self._timeout(query)}
        answer = self._whole(body)
        return answer.hits.total.value if answer.hits.total is not None else 0

    def get(self, trace: str, scope: Scope) -> Trace | None:
        """One trace with its events; a superseded id gives its successor; None where unknown or out of scope."""
        found = current(trace.strip().lower(), self._load)
        if found is None or not _sees(scope, found):
            return None
        return found

    def find(self, keys: Collection[str], scope: Scope, *, limit: int = 200) -> list[Trace]:
        """The traces, without events, that hold one of these keys, newest first."""
        wanted = sorted({key_term(key) for key in keys})
        found: dict[str, Trace] = {}
        for start in range(0, len(wanted), _MOST_KEYS):
            holding = terms(BY_NAME["keys"].store, wanted[start : start + _MOST_KEYS])
            body = {
                "query": scoped(scope, *holding),
                "size": limit,
                "sort": ordered(Sort.NEWEST),
                "_source": _WITHOUT_JOURNEY,
                "track_total_hits": False,
            }
            for hit in self._whole(body).hits.hits:
                one = hit.trace()
                found[one.id] = one
        return [found[one] for one in sorted(found, reverse=True)[:limit]]

    def codes_seen(self, scope: Scope) -> list[tuple[int | None, str | None, int]]:
        """(basic code, enhanced code, number of traces) of all traces that a refusing reply decided, most first."""
        sources = [_source(name) for name in ("reply_code", "enhanced_code")]
        refused = {"terms": {BY_NAME["disposition"].store: [one.value for one in _REFUSED]}}
        counts: dict[tuple[int | None, str | None], int] = {}
        composite: Json = {"size": 1_000, "sources": sources}
        while True:
            body = {"size": 0, "track_total_hits": False, "query": scoped(scope, refused), "aggs": {"codes": {"composite": composite}}}
            codes = self._whole(body).aggregations.get("codes", {})
            for bucket in codes.get("buckets", []):
                key = bucket["key"]
                counts[key["reply_code"], key["enhanced_code"]] = bucket["doc_count"]
            if "after_key" not in codes:
                break
            composite = {**composite, "after": codes["after_key"]}
        counts.pop((None, None), None)
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][0] or 0, item[0][1] or ""))
        return [(basic, enhanced, number) for (basic, enhanced), number in ordered]

    @_too_complex
    def over_time(self, query: Query, scope: Scope, edges_ms: Sequence[int]) -> OverTime:
        """How many fit by disposition in each interval from one edge (inclusive) to the next."""
        ranges = [{"from": begin, "to": end} for begin, end in pairwise(edges_ms)]
        if not ranges:
            return OverTime([])
        over: Json = {"date_range": {"field": BY_NAME["time_ms"].store, "format": "epoch_millis", "ranges": ranges}, "aggs": _BY_FATE}
        answer = self._whole(self._counting(query, scope, {"over": over}))
        # On no index at all the server gives no aggregations.
        buckets = {int(one["from"]): one["fate"]["buckets"] for one in answer.aggregations.get("over", {}).get("buckets", [])}
        return OverTime([_fates(buckets.get(begin, [])) for begin in edges_ms[:-1]])

    @_too_complex
    def by_domain(self, query: Query, scope: Scope, side: Side) -> dict[str, dict[Disposition, int]]:
        """How many fit by (folded) domain on a side and by disposition; one that names two domains counts under each."""
        groups = self._groups(query, scope, (*SIDES[side], "disposition"))
        return under_domains((*values, number) for values, number in groups)

    @_too_complex
    def tally(
        self, query: Query, scope: Scope, fields: Sequence[str], *, among: Sequence[Value] | None = None
    ) -> Counter[tuple[Value, ...]]:
        """How many fit for each combination of values of these fields, exactly; of other values than those wanted too."""
        found = Counter[tuple[Value, ...]]()
        if not fields:
            return Counter({(): self.count(query, scope)})
        for values, number in self._groups(query, scope, fields):
            found[tuple(_counted(name, value) for name, value in zip(fields, values, strict=True))] += number
        return found

    def top(self, query: Query, scope: Scope, field: str, limit: int) -> Top:
        """The values of a field that most have."""
        return top_of(self.tally(query, scope, [field]), limit)

    def tally_over_time(
        self, query: Query, scope: Scope, edges_ms: Sequence[int], fields: Sequence[str]
    ) -> list[Counter[tuple[Value, ...]]]:
        """`tally` in each interval."""
        return tallies(self, query, scope, edges_ms, fields)

    def _groups(self, query: Query, scope: Scope, names: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], int]]:
        """How many fit for each combination of values of these fields, asked page by page."""
        composite: Json = {"size": 1_000, "sources": [_source(name) for name in names]}
        while True:
            found = self._whole(self._counting(query, scope, {"groups": {"composite": composite}})).aggregations.get("groups", {})
            for bucket in found.get("buckets", []):
                yield tuple(bucket["key"][name] for name in names), bucket["doc_count"]
            if "after_key" not in found:
                return
            composite = {**composite, "after": found["after_key"]}

    def _counting(self, query: Query, scope: Scope, aggregations: Json) -> Json:
        """The body of a search that only counts."""
        return {
            "size": 0,
            "track_total_hits": False,
            "query": condition(query, scope),
            "timeout": self._timeout(query),
            "aggs": aggregations,
        }

    @_too_complex
    def bounds(self, query: Query, scope: Scope) -> tuple[int, int] | None:
        """The times of the oldest and the newest trace that fit."""
        ends = {name: {name: {"field": BY_NAME["time_ms"].store}} for name in ("min", "max")}
        found = self._whole(self._counting(query, scope, ends)).aggregations
        first, last = (found.get(name, {}).get("value") for name in ends)
        return None if first is None or last is None else (int(first), int(last))

    def state(self) -> StoreState:
        """Up to when each source has been read, and the times of the oldest and the newest trace."""
        progress = {"size": 10_000, "query": {"term": {"kind": "progress"}}, "_source": ["body"], "track_total_hits": False}
        first_sight = BY_NAME["time_ms"].store
        one = {"size": 1, "_source": False, "track_total_hits": False, "query": {"match_all": {}}}
        meta = {"index": self._names.meta, "ignore_unavailable": True}
        lines: list[Json] = [meta, progress, meta, losses.QUESTION, meta, readings.QUESTION]
        for order in ("asc", "desc"):
            lines += [
                {"index": self._names.alias, "ignore_unavailable": True},
                {**one, "sort": [{first_sight: {"order": order, "unmapped_type": "date"}}]},
            ]
        body = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        answer: Any = msgspec.json.decode(self._connection.ask("read its state", "POST", "/_msearch", body, lines=True) or b"{}")
        found = [one.get("hits", {}).get("hits", []) for one in answer["responses"]]
        read = {hit["_source"]["body"]["source"]: hit["_source"]["body"]["read_up_to_ms"] for hit in found[0]}
        bounds = [int(hits[0]["sort"][0]) if hits else None for hits in found[3:]]
        return StoreState(read, bounds[0], bounds[1], losses.from_hits(found[1]), readings.from_hits(found[2]))

    def lacking(self, scope: Scope, since_ms: int | None = None, until_ms: int | None = None) -> list[str]:
        """Nothing: what parts of the store do not answer is told with each answer."""
        return []

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _page_body(self, query: Query, scope: Scope, size: int, cursor: str | None) -> Json:
        """The body of a search for one page."""
        body: Json = {
            "query": condition(query, scope),
            "size": size,
            "sort": ordered(query.sort),
            "_source": _WITHOUT_JOURNEY,
            "timeout": self._timeout(query),
        }
        if query.sort.field is not None:
            ranked = [] if cursor is None else self._ranked(query, scope)
            begin = len(ranked) - len(behind(ranked, cursor))
            return {**body, "from": begin, "size": min(size, MOST_RANKED - begin)}
        if cursor is not None:
            try:
                time_ms = identity.time_ms_of(cursor)
            except ValueError as error:
                raise QueryError(
                    "this is no cursor of ours", field="cursor", hint="take it from next of the page before, unchanged"
                ) from error
            body["search_after"] = [time_ms, cursor]
        return body

    def _ranked(self, query: Query, scope: Scope) -> list[str]:
        """The ids of the first that fit by the number of the question's order."""
        return self._ids(query, scope, MOST_RANKED)

    def _ids(self, query: Query, scope: Scope, limit: int) -> list[str]:
        """The ids of the first that fit, in the question's order."""
        body = {**self._page_body(query, scope, limit, None), "_source": False, "track_total_hits": False}
        return [hit.id for hit in self._whole(body, repr(query)).hits.hits]

    def _timeout(self, query: Query) -> str:
        """How long a question may take on each part of the store."""
        timeout_s = min(self._timeout_s, _TIMEOUT_OF_ALL_S) if has_pattern_of_all(query) else self._timeout_s
        return f"{int(timeout_s * 1000)}ms"

    @_too_complex
    def _walked(self, query: Query, scope: Scope, cursor: str | None, limit: int = _WALK_PAGE) -> list[Trace]:
        """One page of a walk."""
        answer = self._whole({**self._page_body(query, scope, limit, cursor), "track_total_hits": False}, repr(query))
        return [hit.trace() for hit in answer.hits.hits]

    def _load(self, trace: str) -> Trace | None:
        """One trace, superseded or not, by its id; None where it is unknown or no id."""
        try:
            identity.to_bytes(trace)
        except ValueError:
            return None
        body = {"query": {"ids": {"values": [trace]}}, "size": 2, "track_total_hits": False}
        hits = self._whole(body, index=self._names.every).hits.hits
        return hits[0].trace() if hits else None

    def _whole(self, body: Json, preference: str = "", *, index: str | None = None) -> Answer:
        """A search that is answered whole, or not at all."""
        answer = self._search(body, preference, index=index)
        if faults := answer.faults():
            raise StoreError(faults[0])
        return answer

    def _search(self, body: Json, preference: str = "", *, index: str | None = None) -> Answer:
        """One search. The same question asks the same copies of the data, so that its pages agree."""
        target = f"{path(index or self._names.alias, '_search')}?{_THERE}"
        if preference:
            target += f"&preference={blake2b(preference.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"
        answer = self._connection.ask("search", "POST", target, body, patient=True)
        return msgspec.json.decode(answer or b"{}", type=Answer)


#: What a field is where a document leaves it out.
_DEFAULTS: Mapping[str, Value] = {"attempts": 0, **{field.name: False for field in FIELDS if field.kind is Kind.FLAG}}


def _fates(buckets: list[Any]) -> dict[Disposition, int]:
    """Counts by disposition."""
    found = Counter[Disposition]()
    for one in buckets:
        found[DISPOSITIONS[one["key"]]] += one["doc_count"]
    return dict(found)


def _source(name: str) -> Json:
    """A field by whose values is grouped; what lacks it is a group too."""
    return {name: {"terms": {"field": BY_NAME[name].store, "missing_bucket": True}}}


def _counted(name: str, value: Any) -> Value:
    """A value as it is counted; what a document leaves out has its default."""
    if value is None:
        return _DEFAULTS.get(name)
    if isinstance(value, str):
        return searchable(value)
    number: Value = bool(value) if BY_NAME[name].kind is Kind.FLAG else value
    return int(value) if BY_NAME[name].kind is Kind.INTEGER else number


def _sees(scope: Scope, trace: Trace) -> bool:
    """Whether a trace is in scope, by domains as the documents hold them."""
    return scope.domains is None or not {folded_domain(d) for d in scope.domains}.isdisjoint(map(folded_domain, trace.visible_to))
