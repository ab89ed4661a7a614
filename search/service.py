"""The thin query layer as a Python API: a `MailTrace` answers questions for one caller."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from itertools import islice

from mappings import identity
from mappings.codes import KnownError, entries, lookup
from mappings.locales import ENGLISH, Books, built_in
from mappings.patterns import fold_domain
from mappings.vocabulary import Disposition
from search import pasting
from search.answers import NearValue, ReportAnswer, SearchAnswer, TraceAnswer, trace_answer
from search.completing import Completions, complete
from search.counting import CountsAsked, TimeCounts, ValueCounts, counted_field, counts
from search.differing import Differences, differs
from search.empty import how_many, kept_since, why_empty, worth_trying
from search.engines import Engine, OverTime, Side, Total, Value
from search.error_answer import ErrorAnswer, error_answer
from search.freshness import FreshnessAnswer, as_of, freshness, notice_of
from search.losses import concerning, in_words
from search.near import near_values
from search.query import Query
from search.query_error import QueryError
from search.ranking import NETWORK, Ranking, networks, period_before, ranking
from search.report import email_report
from search.scope import EVERYTHING, Scope
from search.seen_errors import seen_errors
from search.sorting import MOST_RANKED, ranked_note
from search.speech import Reader, Speech
from search.table import Table, values_of
from search.times import utc
from search.view import View

#: A page holds at most so many traces; `walk` goes on to the end.
LARGEST_PAGE = 10_000
#: Of an id at least so much is looked for: it names a quarter of an hour.
SHORTEST_BEGINNING = 6
_ALL = Query()


def _wall_clock_ms() -> int:
    """Now, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Meant:
    """What a text that somebody typed or pasted asks for, and what it was read as, where it was not read as a question."""

    query: Query
    read_as: str | None = None


@dataclass(frozen=True, slots=True)
class MailTrace:
    """Answers questions about the mail in a store, as far as its scope goes."""

    engine: Engine
    scope: Scope = EVERYTHING
    #: Gives now in milliseconds; a test sets it.
    clock: Callable[[], int] = _wall_clock_ms
    #: The sentences for people in every language, as the site has them.
    books: Books = field(default_factory=built_in)
    #: In which of them rows tell what a code means.
    lang: str = ENGLISH

    def narrowed(self, domains: Iterable[str]) -> MailTrace:
        """Give the same store for a caller who may see these (normalised) domains only; a scope is never widened."""
        return MailTrace(self.engine, self.scope.narrowed(domains), self.clock, self.books, self.lang)

    def speaking(self, lang: str) -> MailTrace:
        """Give the same, with rows that tell what a code means in this language."""
        return replace(self, lang=lang)

    def search(self, query: Query = _ALL, *, limit: int = 50, cursor: str | None = None) -> SearchAnswer:
        """One page of the traces that fit, in the question's order; `cursor` is the `next` of the page before."""
        return self.table((), query, limit=limit, cursor=cursor).answer

    def table(
        self, fields: Sequence[str], query: Query = _ALL, *, limit: int = 50, cursor: str | None = None, trying: bool = True
    ) -> Table:
        """The same, with the values that each trace has in these fields (`search.table.LISTED`).

        Where nothing is found, `trying` says in warnings what other questions find; whoever makes offers of his own needs none.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise QueryError(f"{limit} is not a number from 1 to {LARGEST_PAGE:,}", field="limit")
        # Read before the search: what is said to be read is then in the answer.
        state = self.engine.state()
        page = self.engine.search(query, self.scope, limit=limit, cursor=checked_cursor(cursor))
        query, sort = query.unsorted(), query.sort
        near: list[NearValue] = []
        if page.traces or cursor is not None or not page.complete:
            warnings = [*kept_since(query, state), *notice_of(state, self.clock(), self.scope, query.until_ms)]
        else:
            near = near_values(query, self.engine, self.scope)
            warnings = why_empty(query, state, self.clock(), self.scope)
            if trying:
                warnings += [f"{how_many(one.total)} found for {one.value}: did you mean that?" for one in near]
                warnings += worth_trying(query, self.engine, self.scope)
        if sort.field is not None and page.total.value > MOST_RANKED:
            warnings.append(ranked_note(sort))
        lost = concerning(state.losses, query.since_ms, query.until_ms)
        views = [View.of(trace, self.scope) for trace in page.traces]
        answer = SearchAnswer(
            traces=[trace_answer(trace, self.scope, view, self.books[self.lang]) for trace, view in zip(page.traces, views, strict=True)],
            next=page.next,
            total=page.total,
            since=None if query.since_ms is None else utc(query.since_ms),
            until=None if query.until_ms is None else utc(query.until_ms),
            as_of=as_of(state.read_up_to_ms),
            complete=page.complete and not lost,
            warnings=[*View(self.scope).texts(page.warnings), *in_words(lost, self.scope), *warnings],
            did_you_mean=near,
        )
        return Table(answer, [values_of(trace, fields, view) for trace, view in zip(page.traces, views, strict=True)] if fields else ())

    def values(self, traces: Sequence[str], fields: Sequence[str]) -> dict[str, list[list[Value]]]:
        """The values that traces have in these fields, by their ids; without those that are not there, or that the caller may not see."""
        found = self.engine.rows(traces, self.scope)
        return {one.id: values_of(one, fields, View.of(one, self.scope)) for one in found}

    def meant(self, text: str, zone: tzinfo = UTC) -> Meant:
        """What somebody means by a text: what he pasted, by the first of its readings that finds mail; else a question in the language."""
        pasted = pasting.read(text)
        if pasted is None:
            return Meant(Query.of({"query": [text]}, now_ms=self.clock(), zone=zone))
        finding = (query for query in pasted.queries if self.engine.search(query, self.scope, limit=1).traces)
        return Meant(next(finding, pasted.queries[0]), pasted.words)

    def count(self, query: Query = _ALL) -> int:
        """How many traces fit, exactly."""
        return self.engine.count(query, self.scope)

    def total(self, query: Query = _ALL) -> Total:
        """How many traces fit, exactly to 10,000: what a page of a search says, and nothing else of it."""
        return self.engine.search(query.unsorted(), self.scope, limit=1).total

    def counts(self, asked: CountsAsked, query: Query = _ALL, *, zone: tzinfo = UTC) -> ValueCounts | TimeCounts:
        """Counts by a field, by two, or over time, of all traces that fit; exactly. Bad words raise `QueryError`."""
        return counts(self.engine, query, self.scope, asked, zone)

    def differs(self, query: Query, *, against: Query | None = None, limit: int = 20) -> Differences:
        """What the traces that fit have more of than all others of the same time, or than the others that fit `against`."""
        return differs(self.engine, query, self.scope, against=against, limit=limit)

    def ranking(self, query: Query, by: str, *, limit: int = 10) -> Ranking:
        """The values that most traces have by a word that can be counted, or by `network`, beside the period before."""
        before = period_before(query, self.clock())
        if by == NETWORK:
            return networks(self.engine, query, self.scope, before=before, limit=limit)
        return ranking(self.engine, query, self.scope, counted_field(by, "by", self.scope), before=before, limit=limit)

    def complete(self, text: str, at: int | None = None) -> Completions:
        """How a question in the query language may go on at a place of it, by default its end."""
        return complete(self.engine, text, at, self.scope, self.clock())

    def walk(self, query: Query = _ALL, *, cursor: str | None = None) -> Iterator[TraceAnswer]:
        """Every trace that fits, in the question's order, to the end, in bounded memory; ranked by a number the first thousand."""
        return (trace_answer(trace, self.scope) for trace in self.engine.walk(query, self.scope, cursor=checked_cursor(cursor)))

    def over_time(self, query: Query, edges_ms: Sequence[int]) -> OverTime:
        """How many traces fit by disposition, in each interval from one edge (milliseconds since 1970 UTC) to the next."""
        return self.engine.over_time(query, self.scope, edges_ms)

    def domains(
        self, *, since_ms: int | None = None, until_ms: int | None = None, side: Side = "recipient"
    ) -> dict[str, dict[Disposition, int]]:
        """Count mail by domain and disposition: received (`recipient`), or sent (`sender`) where it really came from that side.

        A scoped caller gets his own domains only.
        """
        query = sent_or_received(side, since_ms, until_ms)
        counts = self.engine.by_domain(query, self.scope, side)
        own = self.scope.domains
        if own is None:
            return counts
        folded = {fold_domain(domain) for domain in own}
        return {domain: fates for domain, fates in counts.items() if domain in folded}

    def freshness(self) -> FreshnessAnswer:
        """How far the logs of each source have been read, since when mail is kept, and what the store lacks."""
        return freshness(self.engine.state(), self.clock(), self.lacking(), self.scope)

    def lacking(self, since_ms: int | None = None, until_ms: int | None = None) -> list[str]:
        """What answers about this time do not hold because a part of the store is missing or damaged, in sentences."""
        return self.engine.lacking(self.scope, since_ms, until_ms)

    def report(self, trace: str, *, reader: Reader | None = None, lang: str = ENGLISH, zone: tzinfo = UTC) -> ReportAnswer | None:
        """Give the Email Report on a trace; None where there is no such trace, or the caller may not see it.

        Its sentences are for `reader`, by default for the side that the scope tells, in the language `lang` (`en`, `de`, ...), with times
        in `zone`. A language that there is not is English; a reader whom this caller cannot speak for raises `QueryError`.
        """
        return self._report(trace, self.speech(reader, lang, zone))

    def _report(self, trace: str, speech: Speech) -> ReportAnswer | None:
        """The report on a trace, in words for whoever reads it."""
        wanted = trace.strip().lower()
        if not _is_id(wanted):
            return None
        found = self.engine.get(wanted, self.scope)
        return None if found is None else email_report(found, self.engine, self.scope, speech)

    def beginning_with(self, text: str, *, limit: int) -> list[TraceAnswer]:
        """The newest traces whose ids begin so, at most so many; none where the text is too short to look for, or no id begins so."""
        begin = text.strip().lower()
        if len(begin) < SHORTEST_BEGINNING:
            return []
        try:
            bounds = [identity.time_ms_of(begin.ljust(26, filling)) for filling in "0z"]
        except ValueError:
            return []
        query = Query(since_ms=bounds[0], until_ms=bounds[1] + 1)
        found = (trace for trace in self.engine.walk(query, self.scope) if trace.id.startswith(begin))
        return [trace_answer(trace, self.scope) for trace in islice(found, limit)]

    def reports(
        self, traces: Iterable[str], *, reader: Reader | None = None, lang: str = ENGLISH, zone: tzinfo = UTC
    ) -> dict[str, ReportAnswer]:
        """The reports on these traces by their ids, as `report` gives them; without those that are not there any more."""
        speech = self.speech(reader, lang, zone)
        found = ((one, self._report(one, speech)) for one in traces)
        return {one: report for one, report in found if report is not None}

    def customer_texts(
        self,
        query: Query = _ALL,
        *,
        limit: int = 50,
        cursor: str | None = None,
        reader: Reader | None = None,
        lang: str = ENGLISH,
        zone: tzinfo = UTC,
    ) -> dict[str, str]:
        """What the customer can be told of each trace on one page of a search, by its id; for whom and how is as in `report`."""
        ids = [trace.id for trace in self.search(query, limit=limit, cursor=cursor).traces]
        reports = self.reports(ids, reader=reader, lang=lang, zone=zone)
        return {trace: report.customer_text for trace, report in reports.items()}

    def speech(self, reader: Reader | None = None, lang: str = ENGLISH, zone: tzinfo = UTC) -> Speech:
        """Whom sentences are for, and in which language; raises `QueryError` where who sees a part of the mail would be the operator."""
        if reader is Reader.OPERATOR and self.scope.domains is not None:
            raise QueryError("only who sees all mail speaks for the operator", field="reader", hint="say sender, recipient or link")
        return Speech(self.books[lang], reader, self.scope, zone)

    def errors(
        self, word: str | None = None, *, seen: bool = False, reader: Reader | None = None, lang: str = ENGLISH
    ) -> list[ErrorAnswer]:
        """Give the list of most common errors, or what is known about one code; with `seen`, how often each decided, most first.

        The list that is counted has an entry for each thing that replies meant, as reports explain them: a code may have several. `reader`
        and `lang` are as in `report`. Raises `mappings.codes.UnknownCode` where the word is no code.
        """
        speech = self.speech(reader, lang)
        listed = entries() if word is None else lookup(word)
        if not seen:
            return [error_answer(entry, speech) for entry in listed]
        if word is not None:
            return self._counted(listed, speech)
        found = seen_errors(self.engine, self.scope, speech)
        there = {(one.code, one.enhanced) for one in found}
        return [*found, *(error_answer(entry, speech, seen=0) for entry in listed if (entry.code, entry.enhanced) not in there)]

    def _counted(self, listed: list[KnownError], speech: Speech) -> list[ErrorAnswer]:
        """Give the entries with the number of their traces, most first."""
        known = {(entry.code, entry.enhanced): entry for entry in listed}
        counts: Counter[tuple[int | None, str | None]] = Counter()
        for code, enhanced, number in self.engine.codes_seen(self.scope):
            key = next((k for k in ((code, enhanced), (None, enhanced), (code, None)) if k in known and k != (None, None)), None)
            if key is not None:
                counts[key] += number
        answers = [error_answer(entry, speech, seen=counts[key]) for key, entry in known.items()]
        return sorted(answers, key=lambda answer: -(answer.seen or 0))

    def close(self) -> None:
        """Let go of the store."""
        self.engine.close()

    def __enter__(self) -> MailTrace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sent_or_received(side: Side, since_ms: int | None, until_ms: int | None) -> Query:
    """The mail that is counted on a side: a sender in mail from outside is a claim that anybody can make."""
    directions = ("outbound", "internal") if side == "sender" else ()
    return Query(direction=directions, since_ms=since_ms, until_ms=until_ms)


def _is_id(text: str) -> bool:
    """Whether the text can be the id of a trace."""
    try:
        identity.to_bytes(text)
    except ValueError:
        return False
    return True


def checked_cursor(cursor: str | None) -> str | None:
    """Give the cursor, where it can be one of ours; raises `QueryError`."""
    if cursor is not None and not _is_id(cursor):
        raise QueryError("it is not the cursor of an earlier answer", field="cursor", hint="pass `next` on unchanged")
    return cursor
