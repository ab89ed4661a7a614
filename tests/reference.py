"""The plain in-memory store that the real ones are held against: a list, looked through from its beginning to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

from mappings import identity, patterns
from mappings.address import fold
from mappings.criteria import BY_CRITERION, Compare
from mappings.losses import Loss
from mappings.losses import kept as losses_kept
from mappings.patterns import Asked, Form
from mappings.readings import ReaderReadings
from mappings.trace import JOURNEY, Trace
from mappings.vocabulary import Disposition
from search.engines import TOTAL_LIMIT, OverTime, Page, Side, StoreState, Top, Total, Value, people_of, tallies, top_of
from search.language.tree import All, Bare, Has, Known, Node, Not, Ordered, Some
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope

_REFUSED = (Disposition.BOUNCED, Disposition.EXPIRED, Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.DEFERRED)


class ReferenceStore:
    """Sink and engine in one; slow, short, and obvious."""

    def __init__(self) -> None:
        self.traces: dict[str, Trace] = {}
        self.progress: dict[str, int] = {}
        self._tickets: list[int] = []
        self._submitted = 0
        self.losses: list[Loss] = []
        self.readings: dict[str, ReaderReadings] = {}
        #: What fitted, as long as nothing was written: many stores are held against one of these, with the same questions.
        self._fitted: dict[tuple[Query, Scope], list[Trace]] = {}

    # The sink -------------------------------------------------------------------------------------------------------------------

    def submit(self, traces: Sequence[Trace]) -> int:
        """Keep the higher version of each."""
        self._fitted.clear()
        for trace in traces:
            kept = self.traces.get(trace.id)
            if kept is None or trace.version >= kept.version:
                self.traces[trace.id] = trace
        self._submitted += 1
        self._tickets.append(self._submitted)
        return self._submitted

    def acknowledged(self) -> list[int]:
        """Everything is kept at once."""
        tickets, self._tickets = self._tickets, []
        return tickets

    def flush(self) -> None:
        """Nothing is under way, ever."""

    def held(self, keys: Collection[str]) -> list[Trace]:
        """What the sink's `find` gives."""
        return [trace for _, trace in sorted(self.traces.items()) if set(keys) & set(trace.keys)]

    def newest_ms(self, log_domain: str) -> int | None:
        """The greatest time of an event."""
        return max((trace.last_event_ms for trace in self.traces.values() if trace.log_domain == log_domain), default=None)

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Keep the greatest."""
        for source, time_ms in read_up_to_ms.items():
            self.progress[source] = max(time_ms, self.progress.get(source, time_ms))

    def note_loss(self, loss: Loss) -> None:
        """Keep it."""
        self.losses = losses_kept([*self.losses, loss])

    def note_reading(self, reading: ReaderReadings) -> None:
        """Keep the last."""
        self.readings[reading.reader] = reading

    def reading_of(self, reader: str) -> ReaderReadings | None:
        """The last."""
        return self.readings.get(reader)

    def forget_readings(self, now_ms: int) -> None:
        """Keep the others."""
        self.readings = {reader: one for reader, one in self.readings.items() if not one.is_forgotten(now_ms)}

    # The engine -----------------------------------------------------------------------------------------------------------------

    def search(self, query: Query, scope: Scope, *, limit: int, cursor: str | None = None) -> Page:
        """One page of all that fit."""
        if cursor is not None:
            try:
                identity.to_bytes(cursor)
            except ValueError as error:
                raise QueryError("this is no cursor of ours", field="cursor") from error
        fitting = self._fitting(query, scope)
        behind = _ordered(fitting, query, cursor)
        page = behind[:limit]
        total = Total(len(fitting)) if len(fitting) <= TOTAL_LIMIT else Total(TOTAL_LIMIT, "gte")
        return Page([_bare(trace) for trace in page], page[-1].id if len(behind) > limit else None, total)

    def walk(self, query: Query, scope: Scope, *, cursor: str | None = None) -> Iterator[Trace]:
        """All that fit, in their order."""
        return (_bare(trace) for trace in _ordered(self._fitting(query, scope), query, cursor))

    def newest(self, query: Query, scope: Scope, limit: int) -> list[str]:
        """The ids of the newest."""
        return sorted((trace.id for trace in self._fitting(query, scope)), reverse=True)[:limit]

    def people(self, query: Query, scope: Scope, limit: int) -> set[str]:
        """Whoever stands in them."""
        return people_of(self.traces[one] for one in self.newest(query, scope, limit))

    def rows(self, ids: Sequence[str], scope: Scope) -> list[Trace]:
        """Those of them that are held."""
        held = {trace.id: _bare(trace) for trace in self._fitting(Query(), scope)}
        return [held[one] for one in ids if one in held]

    def count(self, query: Query, scope: Scope) -> int:
        """How many fit."""
        return len(self._fitting(query, scope))

    def get(self, trace: str, scope: Scope) -> Trace | None:
        """One trace, or what replaced it."""
        asked = found = self.traces.get(trace)
        passed = set()
        while found is not None and found.superseded_by:
            passed.add(found.id)
            candidates = [self.traces[one] for one in found.superseded_by if one in self.traces and one not in passed]
            found = None
            if candidates and asked is not None:
                both = [one for one in candidates if _recipients(one) == _recipients(asked)]
                final = [one for one in candidates if _recipients(one)[0] == _recipients(asked)[0]]
                original = [one for one in candidates if _recipients(one)[1] == _recipients(asked)[1]]
                found = (both or final or original or candidates)[0]
        return found if found is not None and scope.sees(found.visible_to) else None

    def find(self, keys: Collection[str], scope: Scope, *, limit: int = 200) -> list[Trace]:
        """What holds one of these keys."""
        return [_bare(trace) for trace in self._fitting(Query(), scope) if set(keys) & set(trace.keys)][:limit]

    def codes_seen(self, scope: Scope) -> list[tuple[int | None, str | None, int]]:
        """How often each code refused."""
        counts = Counter(
            (trace.reply_code, trace.enhanced_code)
            for trace in self._fitting(Query(), scope)
            if trace.disposition in _REFUSED and (trace.reply_code, trace.enhanced_code) != (None, None)
        )
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][0] or 0, item[0][1] or ""))
        return [(basic, enhanced, number) for (basic, enhanced), number in ordered]

    def over_time(self, query: Query, scope: Scope, edges_ms: Sequence[int]) -> OverTime:
        """Interval by interval, each looked through."""
        fitting = list(self.walk(query, scope))
        return OverTime([dict(Counter(t.disposition for t in fitting if begin <= t.time_ms < end)) for begin, end in pairwise(edges_ms)])

    def by_domain(self, query: Query, scope: Scope, side: Side) -> dict[str, dict[Disposition, int]]:
        """Trace by trace, under each domain that it names on this side."""
        found: dict[str, Counter[Disposition]] = {}
        for trace in self.walk(query, scope):
            senders = (trace.sender_domain, trace.header_from_domain)
            recipients = (trace.recipient_domain, trace.original_recipient_domain)
            named = senders if side == "sender" else recipients
            for domain in {patterns.searchable(patterns.fold_domain(one)) for one in named if one}:
                found.setdefault(domain, Counter())[trace.disposition] += 1
        return {domain: dict(counts) for domain, counts in found.items()}

    def tally(
        self, query: Query, scope: Scope, fields: Sequence[str], *, among: Sequence[Value] | None = None
    ) -> Counter[tuple[Value, ...]]:
        """Trace by trace, under each combination of its values."""
        found = Counter[tuple[Value, ...]]()
        for trace in self.walk(query, scope):
            found.update(product(*(_counted(trace, name) for name in fields)))
        return found

    def bounds(self, query: Query, scope: Scope) -> tuple[int, int] | None:
        """The first and the last in time."""
        times = [trace.time_ms for trace in self._fitting(query, scope)]
        return (min(times), max(times)) if times else None

    def top(self, query: Query, scope: Scope, field: str, limit: int) -> Top:
        """All values in their order, cut off."""
        return top_of(self.tally(query, scope, [field]), limit)

    def tally_over_time(
        self, query: Query, scope: Scope, edges_ms: Sequence[int], fields: Sequence[str]
    ) -> list[Counter[tuple[Value, ...]]]:
        """Interval by interval."""
        return tallies(self, query, scope, edges_ms, fields)

    def state(self) -> StoreState:
        """What is held."""
        times = [trace.time_ms for trace in self.traces.values() if not trace.superseded_by]
        return StoreState(
            self.progress,
            min(times, default=None),
            max(times, default=None),
            self.losses,
            [self.readings[one] for one in sorted(self.readings)],
        )

    def lacking(self, scope: Scope, since_ms: int | None = None, until_ms: int | None = None) -> list[str]:
        """Nothing."""
        return []

    def close(self) -> None:
        """Nothing to let go of."""

    def _fitting(self, query: Query, scope: Scope) -> list[Trace]:
        """All traces that fit, newest first."""
        found = self._fitted.get((query, scope))
        if found is None:
            seen = (trace for trace in self.traces.values() if not trace.superseded_by and scope.sees(trace.visible_to))
            found = sorted((trace for trace in seen if fits(query, trace)), key=lambda trace: trace.id, reverse=True)
            self._fitted[query, scope] = found
        return found.copy()


def _counted(trace: Trace, name: str) -> list[Value]:
    """The values of a field, without the case that does not count."""
    value = getattr(trace, name)
    if isinstance(value, list):
        named = [one.lower() if name == "file_types" else one for one in value]
        return [patterns.searchable(one) for one in dict.fromkeys(named)] or [None]
    if value is None or (value == "" and name == "host"):
        return [None]
    if isinstance(value, (bool, int, float)):
        return [value]
    if name.endswith("_ip"):
        return [patterns.ip_text(value) if patterns.ip_key(value) else None]
    folds = {"sender": fold, "header_from": fold, "recipient": fold, "original_recipient": fold}
    folded = (*(f"{side}_domain" for side in folds), "host", "client_name", "client_helo", "authenticated_as", "detail", "relay_host")
    folded += ("login_method", "file", "file_types", "mailbox", "folder", "reply_shape", "spf_domain", "dkim_domain", "dmarc_domain")
    return [patterns.searchable(folds[name](value) if name in folds else value.lower() if name in folded else str(value))]


def fits(query: Query, trace: Trace) -> bool:
    """Whether a trace fits every criterion, each with one of its values."""
    sender = [(trace.sender, trace.sender_domain), (trace.header_from, trace.header_from_domain)]
    recipient = [(trace.recipient, trace.recipient_domain), (trace.original_recipient, trace.original_recipient_domain)]
    sides = [*sender, *recipient]
    checks: list[tuple[tuple[str, ...], Callable[[str], bool]]] = [
        (query.sender, lambda value: _address_fits(value, sender)),
        (query.recipient, lambda value: _address_fits(value, recipient)),
        (query.address, lambda value: _address_fits(value, sides)),
        (query.domain, lambda value: any(patterns.asked_domain(value).fits(_lower(domain)) for _, domain in sides)),
        (query.quarantine_id, lambda value: _quarantine_fits(value, trace.quarantine_id)),
        (query.message_id, lambda value: patterns.asked_message_id(value).fits(trace.message_id)),
        (query.queue_id, lambda value: any(patterns.asked_exact(value).fits(one) for one in trace.queue_ids)),
        (query.client, lambda value: patterns.asked_server(value).fits(trace.client_ip, trace.client_name, trace.client_helo)),
        (query.relay, lambda value: patterns.asked_server(value).fits(trace.relay_ip, trace.relay_host)),
        (query.code, lambda value: _code_fits(value, trace)),
        (query.disposition, lambda value: trace.disposition.value == value),
        (query.verdict, lambda value: trace.verdict.value == value),
        (query.reason, lambda value: trace.reason is not None and trace.reason.value == value),
        (query.direction, lambda value: trace.direction.value == value),
    ]
    if query.since_ms is not None and trace.time_ms < query.since_ms:
        return False
    if query.until_ms is not None and trace.time_ms >= query.until_ms:
        return False
    if not all(not values or any(check(value) for value in values) for values, check in checks):
        return False
    return query.tree is None or tree_fits(query.tree, trace)


#: What a trace says of which nothing is known.
_NOTHING = Trace(id="", version=0, log_domain="", time_ms=0, last_event_ms=0)


def tree_fits(node: Node, trace: Trace) -> bool:
    """Whether a trace fits a question in the language."""
    if isinstance(node, All):
        return all(tree_fits(inner, trace) for inner in node.nodes)
    if isinstance(node, Some):
        return any(tree_fits(inner, trace) for inner in node.nodes)
    if isinstance(node, Not):
        return not tree_fits(node.node, trace)
    if isinstance(node, Bare):
        names = ("address", "quarantine_id", "message_id", "queue_id", "client", "relay", "detail", "user")
        texts = [text for text in (trace.subject, trace.reply_text) if text is not None]
        words = [node.value] if node.phrase else node.value.split()
        wild = {word: not node.literal and patterns.is_pattern(word) for word in words}
        looked_for = any(patterns.asked_words(word, wild=wild[word]).fits(text) for word in words for text in texts)
        return looked_for or any(tree_fits(Has(BY_CRITERION[name], node.value, node.literal), trace) for name in names)
    values = [getattr(trace, name) for name in node.criterion.over]
    if isinstance(node, Known):
        told = ("disposition", "verdict", "direction")
        return any(
            value not in (None, []) and (name in told or value != getattr(_NOTHING, name))
            for name, value in zip(node.criterion.over, values, strict=True)
        )
    if isinstance(node, Ordered):
        bound = node.bound
        ways = {"<": lambda v: v < bound, "<=": lambda v: v <= bound, ">": lambda v: v > bound, ">=": lambda v: v >= bound}
        return any(value is not None and ways[node.order.value](value) for value in values)
    return _has(node, trace, values)


def _has(node: Has, trace: Trace, values: list[Any]) -> bool:
    """Whether a trace has this value."""
    value, wild = node.value, not node.literal
    sides = [(getattr(trace, name), getattr(trace, f"{name}_domain", None)) for name in node.criterion.over]
    texts = [text for held in values for text in (held if isinstance(held, list) else [held]) if isinstance(text, str)]
    match node.criterion.compare:
        case Compare.ADDRESS:
            return _address_fits(value, sides, wild=wild)
        case Compare.DOMAIN:
            return any(patterns.asked_domain(value, wild=wild).fits(text.lower()) for text in texts)
        case Compare.SERVER:
            asked = patterns.asked_server(value, wild=wild)
            ips = [text for name, text in zip(node.criterion.over, values, strict=True) if name.endswith("_ip")]
            names = [text for name, text in zip(node.criterion.over, values, strict=True) if not name.endswith("_ip")]
            return any(asked.fits(ip, *names) for ip in ips or [None])
        case Compare.CODE:
            return _code_fits(value, trace)
        case Compare.WORD:
            return value in [None if one is None else one.value for one in values]
        case Compare.QUARANTINE:
            forms = [] if trace.quarantine_id is None else patterns.quarantine_forms(trace.quarantine_id)
            return any(asked.fits(form) for asked in patterns.asked_quarantine(value, wild=wild) for form in forms)
        case Compare.MESSAGE_ID:
            return patterns.asked_message_id(value, wild=wild).fits(trace.message_id)
        case Compare.EXACT:
            several = [one for held in values for one in (held if isinstance(held, list) else [held])]
            return any(patterns.asked_exact(value, wild=wild).fits(one) for one in several)
        case Compare.FOLDED:
            return any(patterns.asked_exact(value.lower(), wild=wild).fits(text.lower()) for text in texts)
        case _:
            return any(patterns.asked_words(value, wild=wild).fits(text) for text in texts)


def _address_fits(value: str, sides: list[tuple[str | None, str | None]], *, wild: bool = True) -> bool:
    """Whether one of these addresses or its domain fits."""
    asked: Asked = patterns.asked_address(value, wild=wild)
    if asked.form is Form.DOMAIN:
        return any(asked.fits(_lower(domain)) for _, domain in sides)
    return any(asked.fits(None if address is None else fold(address)) for address, _ in sides)


def _quarantine_fits(value: str, quarantine_id: str | None) -> bool:
    """Whether a quarantine id fits in one of its forms."""
    forms = [] if quarantine_id is None else patterns.quarantine_forms(quarantine_id)
    return any(asked.fits(form) for asked in patterns.asked_quarantine(value) for form in forms)


def _code_fits(value: str, trace: Trace) -> bool:
    """Whether the deciding reply fits."""
    asked = patterns.asked_code(value)
    return asked is not None and asked.fits(trace.reply_code, trace.enhanced_code)


def _recipients(trace: Trace) -> tuple[str, str]:
    """Both recipients without their case."""
    return fold(trace.recipient or ""), fold(trace.original_recipient or "")


def _lower(domain: str | None) -> str | None:
    """A domain as it is compared."""
    return None if domain is None else domain.lower()


def _ordered(fitting: list[Trace], query: Query, cursor: str | None) -> list[Trace]:
    """What fits, newest first, in the order that is asked for and behind a cursor; of those ranked by a number the first thousand."""
    match query.sort.value:
        case "newest":
            return [trace for trace in fitting if cursor is None or trace.id < cursor]
        case "oldest":
            return [trace for trace in reversed(fitting) if cursor is None or trace.id > cursor]
        case field:
            # What has no number is last; Python's sorting leaves alike ones as they are: newest first.
            ranked = sorted(fitting, key=lambda trace: (getattr(trace, field) is None, -(getattr(trace, field) or 0)))[:1000]
            return ranked if cursor is None else ranked[[trace.id for trace in ranked].index(cursor) + 1 :]


def _bare(trace: Trace) -> Trace:
    """The trace as lists give it: without its journey."""
    return Trace(**{name: getattr(trace, name) for name in Trace.__struct_fields__ if name not in JOURNEY})
