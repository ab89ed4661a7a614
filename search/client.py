"""Asking a service over HTTP: the answers of `search.service.MailTrace`, from another machine.

The token is sent with each request and stands in no message and no `repr` of a client.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from mappings import identity
from mappings.codes import lookup
from mappings.faults import MailTraceError, StoreError, of_network
from mappings.locales import ENGLISH
from mappings.vocabulary import Disposition
from search.answers import ReportAnswer, SearchAnswer, TraceAnswer
from search.completing import Completions
from search.counting import TIME, CountsAsked, TimeCounts, ValueCounts
from search.differing import Differences
from search.engines import Side
from search.error_answer import ErrorAnswer
from search.freshness import FreshnessAnswer
from search.query import Query, format_time
from search.query_error import QueryError
from search.server_events import ServerEvent, server_events
from search.speech import Reader

T = TypeVar("T")
_ALL = Query()
#: Seconds to wait for the service: to be reached, and then for each part of an answer.
TIMEOUT_S = 30.0
#: Seconds for which one that follows tries to come back.
PATIENCE_S = 600.0
#: Seconds after which it comes back, where the service does not say.
_COME_BACK_S = 3.0
#: Seconds of silence after which a stream is dead: each 15 the service says a word.
_SILENCE_S = 45.0
_EVENTS = "text/event-stream"
#: The API's word for whose domain is counted.
_SIDES: Mapping[Side, str] = {"recipient": "received", "sender": "sent"}

#: As httpx wants them.
Params = list[tuple[str, str | int | float | bool | None]]


class ServiceError(MailTraceError):
    """The service gave no answer that can be used; the message is one sentence."""


class NotAllowed(ServiceError):  # noqa: N818 - it names a state, not a mistake
    """The token is missing, not valid, or does not allow what was asked."""


class _Flaw(msgspec.Struct, frozen=True):
    """What is wrong with one parameter."""

    parameter: str | None = None
    detail: str = ""
    position: int | None = None
    hint: str | None = None


class _Problem(msgspec.Struct, frozen=True):
    """Why a call was not answered (RFC 9457), as far as it is used here."""

    detail: str = ""
    errors: list[_Flaw] = []


class _Domain(msgspec.Struct, frozen=True):
    """The mail of one domain."""

    domain: str
    counts: dict[Disposition, int]


class _Domains(msgspec.Struct, frozen=True):
    """The domains that the caller sees."""

    domains: list[_Domain]


class LiveTrace(msgspec.Struct, frozen=True):
    """A trace that came."""

    trace: TraceAnswer
    #: Behind this one goes on: `Client.live(after=...)`.
    mark: str
    #: Whether more came before it than is told; a search finds what is missing.
    more: bool


class Client:
    """Asks one service. It sees what its token may see.

    Raises `QueryError` where a question is wrong, `StoreError` where the store does not answer, `NotAllowed` where the token does
    not allow it, and `ServiceError` where the service cannot be reached or gives no answer of ours. Safe for several threads.
    """

    def __init__(self, address: str, token: str | None = None, *, timeout: float = TIMEOUT_S) -> None:
        """Make a client of the service at an address, such as `https://mail.example.com/trace`."""
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ServiceError("the address of a service is http://HOST:PORT or https://HOST, with its path where it has one")
        token = (token or "").strip()
        if not (token.isascii() and token.isprintable()):
            raise NotAllowed("the token has characters that no token has")
        self._address = address.rstrip("/")
        self._http = httpx.Client(
            base_url=f"{self._address}/api/v1/",
            headers={"authorization": f"Bearer {token}"} if token else {},
            timeout=timeout,
        )

    def search(self, query: Query = _ALL, *, limit: int = 50, cursor: str | None = None) -> SearchAnswer:
        """One page of the traces that fit, in the question's order; `cursor` is the `next` of the page before."""
        return self._get("traces", SearchAnswer, [*query.to_params(), *_paging(limit, cursor)])

    def count(self, query: Query = _ALL) -> int:
        """How many traces fit, exactly."""
        params: Params = [*query.unsorted().to_params(), ("limit", "1"), ("count", "exact"), ("fields", "id")]
        return self._get("traces", _Counted, params).total.value

    def counts(self, asked: CountsAsked, query: Query = _ALL, *, zone: tzinfo = UTC) -> ValueCounts | TimeCounts:
        """Counts by a field, by two, or over time, of all traces that fit; days and weeks begin in `zone`, a `ZoneInfo` or UTC."""
        percentiles = ",".join(f"{percent:g}" for percent in asked.percentiles)
        words = (("by", asked.by), ("then", asked.then), ("of", asked.of), ("percentiles", percentiles), ("interval", asked.interval))
        params: Params = [
            *query.unsorted().to_params(),
            *((name, word) for name, word in words if word),
            ("limit", asked.limit),
            ("tz", str(zone)),
        ]
        return self._get("counts", TimeCounts, params) if asked.by == TIME else self._get("counts", ValueCounts, params)

    def differs(self, query: Query, *, against: str | None = None, limit: int = 20) -> Differences:
        """What the traces that fit have more of than all others, or than the others that fit `against`, in the query language."""
        return self._get(
            "differs", Differences, [*query.unsorted().to_params(), *([] if against is None else [("against", against)]), ("limit", limit)]
        )

    def complete(self, text: str, at: int | None = None) -> Completions:
        """How a question in the query language may go on at a place of it, by default its end."""
        return self._get("complete", Completions, [("q", text), *([] if at is None else [("at", at)])])

    def walk(self, query: Query = _ALL, *, cursor: str | None = None) -> Iterator[TraceAnswer]:
        """Every trace that fits, in the question's order, to the end, read as it comes; behind `cursor`, an id that is there already."""
        decoder = msgspec.json.Decoder(TraceAnswer)
        try:
            params: Params = [*query.to_params(), *([] if cursor is None else [("cursor", cursor)])]
            with self._http.stream("GET", "traces", params=[*params], headers={"accept": "application/x-ndjson"}) as response:
                if response.status_code != 200:
                    response.read()
                    raise self._problem(response)
                for line in _lines(response.iter_bytes()):
                    yield decoder.decode(line)
        except httpx.HTTPError as error:
            raise self._unreached(error) from None
        except msgspec.DecodeError as error:
            raise self._not_understood(error) from None

    def live(self, query: Query = _ALL, *, after: str | None = None, patience: float = PATIENCE_S) -> Iterator[LiveTrace]:
        """Each new trace that fits, as soon as it is there, without end: from now on, or behind `after`, the `mark` of the last one.

        Where the connection breaks or the service ends, it comes back and goes on behind the last; where that is in vain for `patience`
        seconds, and where there is no service in the first place, it raises as every question does.
        """
        params, mark, wait_s = query.unsorted().to_params(), after, _COME_BACK_S
        there_at, more = None, False
        while True:
            failure: Exception = ServiceError(f"the service at {self._address} ended the stream")
            connected = False
            try:
                for event in self._events(params, mark):
                    connected, mark, wait_s = True, event.id or mark, event.retry_s or wait_s
                    if event.kind == "trace" and mark is not None:
                        yield LiveTrace(msgspec.json.decode(event.data, type=TraceAnswer), mark, more)
                    more = event.kind == "more" or (more and event.kind != "trace")
            except httpx.HTTPError as error:
                failure = self._unreached(error)
            except msgspec.DecodeError as error:
                raise self._not_understood(error) from None
            except NotAllowed:
                raise
            except (ServiceError, StoreError) as error:
                failure = error
            there_at = time.monotonic() if connected else there_at
            if there_at is None or time.monotonic() - there_at > patience:
                raise failure
            time.sleep(wait_s)

    def _events(self, params: Sequence[tuple[str, str]], mark: str | None) -> Iterator[ServerEvent]:
        """The events of one connection; the first is there at once, and says where to go on."""
        headers = {"accept": _EVENTS} | ({} if mark is None else {"last-event-id": mark})
        timeout = httpx.Timeout(self._http.timeout.connect, read=_SILENCE_S)
        with self._http.stream("GET", "traces/live", params=[*params], headers=headers, timeout=timeout) as response:
            if response.status_code != 200:
                response.read()
                raise self._problem(response)
            if not response.headers.get("content-type", "").startswith(_EVENTS):
                raise ServiceError(f"the service at {self._address} gave an answer that is not one of Mail Trace: no stream of events")
            yield from server_events(_lines(response.iter_bytes()))

    def report(self, trace: str, *, reader: Reader | None = None, lang: str = ENGLISH, zone: tzinfo = UTC) -> ReportAnswer | None:
        """Give the Email Report on a trace; None where there is no such trace, or the caller may not see it.

        Its sentences are for `reader`, in the language `lang`, with times in `zone` (a `ZoneInfo` or UTC).
        """
        wanted = trace.strip().lower()
        try:
            identity.to_bytes(wanted)
        except ValueError:
            return None
        response = self._asked(f"traces/{wanted}", _spoken(reader, lang, zone))
        return None if response.status_code == 404 and _is_ours(response) else self._read(response, ReportAnswer)

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
        """What the customer can be told of each trace on one page of a search, by its id; for whom and how is as in `report`.

        A page has at most 100.
        """
        fields: Params = [("fields", "id,customer_text")]
        params = [*query.to_params(), *_paging(limit, cursor), *fields, *_spoken(reader, lang, zone)]
        return {one.id: one.customer_text for one in self._get("traces", _Told, params).traces}

    def errors(
        self, word: str | None = None, *, seen: bool = False, reader: Reader | None = None, lang: str = ENGLISH
    ) -> list[ErrorAnswer]:
        """Give the list of most common errors, or what is known about one code; with `seen`, how often each decided, most first.

        Raises `mappings.codes.UnknownCode`, a `ValueError`, where the word is no code.
        """
        params: Params = [*([("seen", "true")] if seen else []), *_spoken(reader, lang)]
        if word is None:
            return self._get("errors", list[ErrorAnswer], params)
        # What is no code is told without asking.
        lookup(word)
        return self._get(f"errors/{quote(word.strip(), safe='')}", list[ErrorAnswer], params)

    def domains(
        self, *, since_ms: int | None = None, until_ms: int | None = None, side: Side = "recipient"
    ) -> dict[str, dict[Disposition, int]]:
        """Count mail by domain and disposition: received (`recipient`), or sent (`sender`) where it really came from that side."""
        times = (("since", since_ms), ("until", until_ms))
        params: Params = [("side", _SIDES[side]), *((name, format_time(time_ms)) for name, time_ms in times if time_ms is not None)]
        return {one.domain: one.counts for one in self._get("domains", _Domains, params).domains if one.counts}

    def freshness(self) -> FreshnessAnswer:
        """How far the logs of each source have been read, and since when mail is kept."""
        return self._get("freshness", FreshnessAnswer)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._address!r})"

    def _get(self, path: str, kind: type[T], params: Params | None = None) -> T:
        """Ask, and read the answer as what it should be."""
        return self._read(self._asked(path, params), kind)

    def _asked(self, path: str, params: Params | None) -> httpx.Response:
        """Send a question."""
        try:
            return self._http.get(path, params=params or [])
        except httpx.HTTPError as error:
            raise self._unreached(error) from None

    def _read(self, response: httpx.Response, kind: type[T]) -> T:
        """The answer as what it should be."""
        if response.status_code != 200:
            raise self._problem(response)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.DecodeError as error:
            raise self._not_understood(error) from None

    def _problem(self, response: httpx.Response) -> Exception:
        """What to raise for an answer that is none."""
        status = response.status_code
        try:
            told = msgspec.json.decode(response.content, type=_Problem)
        except (msgspec.DecodeError, UnicodeDecodeError):
            told = _Problem()
        if status == 400 and told.errors:
            flaw = told.errors[0]
            return QueryError(flaw.detail, field=flaw.parameter, position=flaw.position, hint=flaw.hint)
        if status in (401, 403):
            why = "does not take this token, or needs one" if status == 401 else "does not allow this with this token"
            return NotAllowed(f"the service at {self._address} {why}")
        if status == 503:
            return StoreError(told.detail or f"the service at {self._address} does not answer at the moment")
        said = f": {told.detail}" if told.detail else ""
        return ServiceError(f"the service at {self._address} answered with the status {status}{said}")

    def _unreached(self, error: httpx.HTTPError) -> ServiceError:
        """What to say where no answer came."""
        if isinstance(error, httpx.TimeoutException):
            return ServiceError(f"the service at {self._address} did not answer in time")
        return ServiceError(f"the service at {self._address} cannot be reached: {of_network(error)}")

    def _not_understood(self, error: msgspec.DecodeError) -> ServiceError:
        """What to say of an answer in another shape."""
        return ServiceError(f"the service at {self._address} gave an answer that is not one of Mail Trace: {error}")


class _Total(msgspec.Struct, frozen=True):
    """A number of traces."""

    value: int


class _Counted(msgspec.Struct, frozen=True):
    """An answer of which only the total is wanted."""

    total: _Total


class _ToldOf(msgspec.Struct, frozen=True):
    """What the customer can be told of one trace."""

    id: str
    customer_text: str


class _Told(msgspec.Struct, frozen=True):
    """A page of which only that is wanted."""

    traces: list[_ToldOf]


def _paging(limit: int, cursor: str | None) -> Params:
    """Which page is asked for."""
    return [("limit", str(limit)), *([] if cursor is None else [("cursor", cursor)])]


def _is_ours(response: httpx.Response) -> bool:
    """Whether it is the service that says so, and not something before it."""
    return str(response.headers.get("content-type", "")).startswith("application/problem+json")


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a stream; only a newline ends one."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _spoken(reader: Reader | None, lang: str, zone: tzinfo = UTC) -> Params:
    """For whom, in which language and in which zone, as parameters."""
    return [
        *([("reader", reader.value)] if reader else []),
        *([("lang", lang)] if lang != ENGLISH else []),
        *([] if zone is UTC else [("tz", str(zone))]),
    ]
