"""The document of Elasticsearch: its size, and what making and reading it costs, beside the form of earlier releases.

That form had every name with its dots, and the journey as its events are in memory. With `--server` both are sent to a real server too,
in turns, each into an index of its own: what it costs the server, and what it keeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from statistics import mean
from typing import Any

import msgspec

from bench import documents
from bench.measure import keep, parser, show, spread, table
from bench.server import elasticsearch, post, sent, settled
from mailtrace.settings import Elasticsearch as Settings
from mailtrace.writing import open_sink
from mappings.elasticsearch.document import decode, encode
from mappings.trace import JOURNEY, Event, HopLink, Trace
from mappings.wire.reading import WiredJourney, put_into
from mappings.wire.writing import journey_of

_BODY = 2_000
_json = msgspec.json.Encoder().encode
_events = msgspec.json.Decoder(tuple[list[Event], list[HopLink], str | None])
_journey = msgspec.json.Decoder(WiredJourney)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("wire", __doc__)
    given_by.add_argument("--lines", type=int, default=20_000, help="of traffic that the documents are made from")
    given_by.add_argument("--rounds", type=int, default=5)
    given_by.add_argument("--server", action="store_true", help="send them to an Elasticsearch as well")
    given = given_by.parse_args(argv)
    traces = documents.made(given.lines)
    figures = _costs(traces, given.rounds)
    lines = mean(len(one.events) for one in traces)
    title = f"{len(traces):,} documents, {lines:.1f} lines each, {given.rounds} rounds: median [least to greatest]"
    show(table(title, ["part and form", "bytes", "making it, us of CPU", "reading it, us of CPU"], [_row(*one) for one in figures.items()]))
    if given.server:
        figures |= (served := _served(traces, given.rounds))
        rows = [[name, *(spread([one[what] for one in rounds], 0) for what in ("server_us", "bytes"))] for name, rounds in served.items()]
        show(table("Sent to a server", ["form", "server's CPU us a document", "bytes on disk a document"], rows))
    keep(given.json, "wire", figures)
    return 0


def earlier(trace: Trace) -> bytes:
    """The document as earlier releases wrote it."""
    document: dict[str, Any] = {}
    _flatten(msgspec.json.decode(encode(trace)), "", document)
    for name in JOURNEY:
        document.pop(f"mailtrace.{name}", None)
        if value := getattr(trace, name):
            document[f"mailtrace.{name}"] = value
    return _json(document)


def _flatten(level: dict[str, Any], before: str, into: dict[str, Any]) -> None:
    """Put what stands in objects under names with dots."""
    for name, value in level.items():
        if isinstance(value, dict) and name not in ("as_written", *JOURNEY):
            _flatten(value, f"{before}{name}.", into)
        else:
            into[f"{before}{name}"] = value


def _costs(traces: Sequence[Trace], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Bytes, and microseconds of CPU to make and to read, of the journey alone and of the whole document."""
    heads = [msgspec.structs.replace(one, events=[], hops=[], decided=None) for one in traces]

    def read(number: int, packed: bytes) -> None:
        put_into(heads[number], _journey.decode(packed))

    ways: dict[str, tuple[Callable[[Trace], bytes], Callable[[int, bytes], Any]]] = {
        "journey, as events": (lambda one: _json((one.events, one.hops, one.decided)), lambda _number, packed: _events.decode(packed)),
        "journey, as words and rows": (lambda one: _json(journey_of(one)), read),
        "document": (encode, lambda _number, packed: decode(packed)),
    }
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (make, take) in ways.items():
            began = time.process_time()
            for one in traces:
                make(one)
            made = time.process_time()
            packed = [make(one) for one in traces]
            packed_s = time.process_time()
            for number, document in enumerate(packed):
                take(number, document)
            took_s = time.process_time() - packed_s
            figures[name].append({"bytes": mean(map(len, packed)), "make": _us(made - began, traces), "read": _us(took_s, traces)})
    early = [earlier(one) for one in traces]
    began = time.process_time()
    for document in early:
        decode(document)
    figures["document of earlier releases"] = [
        {"bytes": mean(map(len, early)), "make": float("nan"), "read": _us(time.process_time() - began, traces)}
    ]
    return figures


def _us(seconds: float, traces: Sequence[Trace]) -> float:
    """Microseconds a trace."""
    return seconds * 1e6 / len(traces)


def _row(name: str, rounds: Sequence[dict[str, float]]) -> list[str]:
    """A line of the table."""
    return [name, *(spread([one[what] for one in rounds], 0) for what in ("bytes", "make", "read"))]


def _served(traces: Sequence[Trace], rounds: int) -> dict[str, list[dict[str, float]]]:
    """What each form costs the server until it is written and merged, and how much it keeps; the first round warms it up."""
    figures: dict[str, list[dict[str, float]]] = {"as earlier releases": [], "as words and rows": []}
    bodies = {name: list(_bodies(traces, make)) for name, make in zip(figures, (earlier, encode), strict=True)}
    with elasticsearch() as address:
        for number in range(rounds + 1):
            for name, measured in figures.items():
                prefix = f"bench-wire-{number}-{name.replace(' ', '-')}"
                open_sink(address, Settings(prefix=prefix)).close()
                index = f"{address}/{prefix}-traces-2025.03.03"
                post(index, method="PUT")
                before = _server_cpu_s(address)
                for body in bodies[name]:
                    assert b'"errors":false' in sent(f"{index}/_bulk?filter_path=errors", body)
                post(f"{index}/_forcemerge?max_num_segments=1")
                settled(address)
                spent = _server_cpu_s(address) - before
                store = post(f"{index}/_stats/store,docs", method="GET")["_all"]["primaries"]
                kept = store["store"]["size_in_bytes"] / store["docs"]["count"]
                if number:
                    measured.append({"server_us": _us(spent, traces), "bytes": kept})
    return figures


def _bodies(traces: Sequence[Trace], make: Callable[[Trace], bytes]) -> Iterator[bytes]:
    """Bulk bodies of documents."""
    left = iter(traces)
    while some := list(islice(left, _BODY)):
        yield b"".join(b'{"index":{"_id":"%s"}}\n%s\n' % (one.id.encode(), make(one)) for one in some)


def _server_cpu_s(address: str) -> float:
    """CPU that the server's process has used so far, in seconds."""
    nodes = post(f"{address}/_nodes/stats/process", method="GET")["nodes"]
    return float(sum(node["process"]["cpu"]["total_in_millis"] for node in nodes.values())) / 1000


if __name__ == "__main__":
    raise SystemExit(main())
