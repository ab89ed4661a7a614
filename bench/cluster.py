"""Reading logs into an Elasticsearch, end to end, beside the most that the same server takes of the same documents in the same run.

The raw limit: the documents that the ingester wrote, read back and made into bulk bodies beforehand, sent by two threads into indices of
the same template. Beside it our sink alone, and the client library's `helpers.bulk`, both from documents in memory.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from elasticsearch import Elasticsearch, helpers

from bench.measure import MAILTRACE, checked, keep, parser, run, show, spread, table
from bench.server import elasticsearch, post, sent, settled
from bench.workers import logs_of
from ingest.sinks.elasticsearch import ElasticsearchSink
from mailtrace.settings import Elasticsearch as Settings
from mailtrace.writing import open_sink
from mappings.elasticsearch.connection import Access
from mappings.elasticsearch.document import decode, encode
from mappings.elasticsearch.names import IndexNames

_T = TypeVar("_T")
_BODY, _SENDERS = 2_000, 2
Figures = dict[str, float]


class _Hit(msgspec.Struct, rename={"id": "_id", "index": "_index", "version": "_version", "source": "_source"}):
    """A document as the server gives it, its source left as it is."""

    id: str
    index: str
    version: int
    source: msgspec.Raw
    sort: list[Any]


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Answer(msgspec.Struct):
    hits: _Hits


class Server:
    """What is done with the server, each kind under names of its own."""

    def __init__(self, address: str, work: Path) -> None:
        self._address = address
        self._work = work
        self._number = 0

    def ingest(self, logs: Sequence[Path]) -> tuple[Figures, list[_Hit]]:
        """Read logs into a new store, those of several log domains with a process for each; gives the documents that are there then."""
        prefix = self._prefix("ingest")
        settings = {"MAILTRACE_ELASTICSEARCH_PREFIX": prefix, "MAILTRACE_DATA": str(self._work / prefix)}
        if len(logs) > 1:
            settings["MAILTRACE_PROCESSES"] = str(len(logs) + 2)
        before = self._server_cpu_s()
        done = checked(run([MAILTRACE, "--store", self._address, "ingest", "--once", *map(str, logs)], env=settings), "ingest")
        server_s = self._server_cpu_s() - before
        found = list(self._documents(prefix))
        return self._figures(prefix, len(found), done.wall_s, done.cpu_s, server_s), found

    def raw(self, found: Sequence[_Hit]) -> Figures:
        """Send bodies that are ready."""
        prefix = self._prefix("raw")
        self._put_in_place(prefix, found)
        bodies = [b"".join(_lines(some, prefix)) for some in _pieces(found, _BODY)]

        def send(mine: Sequence[bytes]) -> None:
            connection = HTTPConnection(urlsplit(self._address).netloc)
            for body in mine:
                connection.request("POST", "/_bulk?filter_path=errors,took", body, {"content-type": "application/x-ndjson"})
                assert b'"errors":false' in connection.getresponse().read()
            connection.close()

        def send_all() -> None:
            with ThreadPoolExecutor(_SENDERS) as pool:
                list(pool.map(send, [bodies[number::_SENDERS] for number in range(_SENDERS)]))

        return self._timed(prefix, len(found), send_all)

    def sink(self, found: Sequence[_Hit]) -> Figures:
        """Have our sink write traces that are in memory; what making them JSON takes is told apart."""
        prefix = self._prefix("sink")
        traces = [decode(hit.source) for hit in found]
        began = time.process_time()
        for trace in traces:
            encode(trace)
        encoding_s = time.process_time() - began

        def write() -> None:
            with closing(ElasticsearchSink(Access((self._address,)), names=IndexNames(prefix))) as sink:
                for some in _pieces(traces, _BODY):
                    sink.submit(some)
                    sink.acknowledged()
                sink.flush()

        figures = self._timed(prefix, len(found), write)
        return figures | {"cpu_us_bulk": figures["cpu_us"] - encoding_s * 1e6 / len(found)}

    def helpers(self, found: Sequence[_Hit]) -> Figures:
        """Have the client library's helper write dictionaries."""
        prefix = self._prefix("helpers")
        self._put_in_place(prefix, found)
        decoded = [(hit, msgspec.json.decode(hit.source)) for hit in found]

        def actions() -> Iterator[dict[str, Any]]:
            for hit, source in decoded:
                yield {"_index": _renamed(hit.index, prefix), "_id": hit.id, "_source": source} | {
                    "version": hit.version,
                    "version_type": "external_gte",
                }

        def write() -> None:
            with closing(Elasticsearch(self._address)) as client:
                helpers.bulk(client, actions(), chunk_size=_BODY)

        return self._timed(prefix, len(found), write)

    def _put_in_place(self, prefix: str, found: Sequence[_Hit]) -> None:
        """The template under other names, and empty indices as the ingester made them."""
        open_sink(self._address, Settings(prefix=prefix)).close()
        for index in {_renamed(hit.index, prefix) for hit in found}:
            post(f"{self._address}/{index}", method="PUT")

    def _prefix(self, kind: str) -> str:
        """Names that were not used before."""
        self._number += 1
        return f"bench-{kind}-{self._number}"

    def _timed(self, prefix: str, count: int, act: Callable[[], None]) -> Figures:
        """Measure something that this process does."""
        server_before, cpu, wall = self._server_cpu_s(), time.process_time(), time.perf_counter()
        act()
        wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        return self._figures(prefix, count, wall_s, cpu_s, self._server_cpu_s() - server_before)

    def _figures(self, prefix: str, count: int, wall_s: float, cpu_s: float, server_s: float) -> Figures:
        """The figures of one way, and what it left on disk, merged."""
        post(f"{self._address}/{prefix}-traces-*/_forcemerge?max_num_segments=1")
        settled(self._address)
        stats = post(f"{self._address}/{prefix}-traces-*/_stats/store,docs", method="GET")["_all"]["primaries"]
        assert stats["docs"]["count"] >= count, f"{prefix}: {stats['docs']['count']} documents of {count}"
        return {
            "docs": count,
            "docs_per_s": count / wall_s,
            "cpu_us": cpu_s * 1e6 / count,
            "server_us": server_s * 1e6 / count,
            "bytes": stats["store"]["size_in_bytes"] / stats["docs"]["count"],
        }

    def _documents(self, prefix: str) -> Iterator[_Hit]:
        """All documents of a store, as they are."""
        post(f"{self._address}/{prefix}-traces-*/_refresh")
        after: list[Any] = []
        while True:
            body: dict[str, Any] = {"size": 2_000, "version": True, "sort": [{"id": "asc"}]} | ({"search_after": after} if after else {})
            hits = msgspec.json.decode(
                sent(f"{self._address}/{prefix}-traces-*/_search", msgspec.json.encode(body)), type=_Answer
            ).hits.hits
            yield from hits
            if not hits:
                return
            after = hits[-1].sort

    def _server_cpu_s(self) -> float:
        """CPU that the server's process has used so far, in seconds."""
        nodes = post(f"{self._address}/_nodes/stats/process", method="GET")["nodes"]
        return float(sum(node["process"]["cpu"]["total_in_millis"] for node in nodes.values())) / 1000


def _renamed(index: str, prefix: str) -> str:
    """The index of the same time under other names."""
    return f"{prefix}-traces-{index.rpartition('-traces-')[2]}"


def _lines(found: Sequence[_Hit], prefix: str) -> Iterator[bytes]:
    """Bulk lines of documents."""
    for hit in found:
        action = {"_index": _renamed(hit.index, prefix), "_id": hit.id, "version": hit.version, "version_type": "external_gte"}
        yield msgspec.json.encode({"index": action}) + b"\n"
        yield bytes(hit.source) + b"\n"


def _pieces(all_of_them: Sequence[_T], size: int) -> Iterator[list[_T]]:
    """Cut a list into pieces."""
    left = iter(all_of_them)
    while some := list(islice(left, size)):
        yield some


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("cluster", __doc__)
    given_by.add_argument("--lines", type=int, default=300_000)
    given_by.add_argument("--rounds", type=int, default=3)
    given_by.add_argument("--heap", default="1g", help="memory of Elasticsearch for its own use")
    given_by.add_argument("--version", default="9", help="of Elasticsearch")
    given_by.add_argument("--domains", type=int, nargs="*", default=[2], help="read so many log domains, too")
    given = given_by.parse_args(argv)
    several = {count: f"ingest, {count} log domains" for count in given.domains}
    rounds: dict[str, list[Figures]] = {name: [] for name in ("ingest", *several.values(), "raw limit", "sink alone", "helpers.bulk")}
    with (
        tempfile.TemporaryDirectory(prefix="bench-cluster-") as folder,
        elasticsearch(given.version, given.heap) as address,
    ):
        logs = {count: logs_of(Path(folder), count, given.lines) for count in (1, *several)}
        server = Server(address, Path(folder))
        # A virtual machine is slow until it has seen some work.
        server.raw(server.ingest(logs[1])[1])
        for _ in range(given.rounds):
            ingested, found = server.ingest(logs[1])
            rounds["ingest"].append(ingested)
            for count, name in several.items():
                rounds[name].append(server.ingest(logs[count])[0])
            rounds["raw limit"].append(server.raw(found))
            rounds["sink alone"].append(server.sink(found))
            rounds["helpers.bulk"].append(server.helpers(found))
    _show(given.lines, given.rounds, rounds)
    keep(given.json, "cluster", {"lines": given.lines, "rounds": rounds})
    return 0


def _show(lines: int, count: int, rounds: dict[str, list[Figures]]) -> None:
    """Print what was measured."""
    names = ("docs_per_s", "cpu_us", "server_us", "bytes")
    rows = [[kind, *(spread([one[name] for one in done], 0) for name in names)] for kind, done in rounds.items()]
    title = f"{lines:,} lines, {rounds['ingest'][0]['docs']:,.0f} documents, {count} rounds: median [least to greatest]"
    show(table(title, ["way", "documents/s", "our CPU us each", "server's CPU us each", "bytes on disk each, merged"], rows))

    def ratio(one: str, other: str, name: str) -> str:
        return spread([a[name] / b[name] for a, b in zip(rounds[one], rounds[other], strict=True)], 2)

    bulk = [a["cpu_us_bulk"] / b["cpu_us"] for a, b in zip(rounds["sink alone"], rounds["helpers.bulk"], strict=True)]
    ratios = [
        *([f"{kind}, of the raw limit", ratio(kind, "raw limit", "docs_per_s")] for kind in rounds if kind.startswith("ingest")),
        ["sink alone, of the raw limit", ratio("sink alone", "raw limit", "docs_per_s")],
        ["our CPU a document from lines to server, us", f"{median(one['cpu_us'] for one in rounds['ingest']):,.0f}"],
        ["our CPU of sending encoded documents, of helpers.bulk", spread(bulk, 2)],
    ]
    show(table("In relation", ["figure", "median [least to greatest]"], ratios))


if __name__ == "__main__":
    raise SystemExit(main())
