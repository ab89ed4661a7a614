"""The kept stores: what is told of each, and how it is laid out again as its commit left it.

A folder below `tests/data/stores` is one commit's: `lines.tar.gz` has the log lines that it read, `meta.json` what must be answered.
It has two states, of all the lines (`whole`) and of those before a moment at which mail was in flight (`cut`). Of each, `STATE.tar.gz` is
the data folder with the embedded store and the positions, and `STATE.jsonl.gz` what stood on an Elasticsearch: first templates and
indices, then actions and documents as a bulk request takes them.
"""

from __future__ import annotations

import gzip
import json
import tarfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
from reading import Place, read
from servers.server import ask
from stores import Cluster, Embedded

from ingest.options import SourceSetting
from ingest.pipeline import Ingest
from search.service import MailTrace

FOLDER = Path(__file__).parent.parent / "data" / "stores"
#: The beginning of all names on a server, as they are kept; another takes its place when they are put into one.
PREFIX = "prefix-of-a-kept-store"

State = Literal["whole", "cut"]
STATES: tuple[State, ...] = ("whole", "cut")


class Told(msgspec.Struct, frozen=True):
    """What must be answered of one trace."""

    id: str
    sender: str | None
    recipient: str | None
    queue_ids: list[str]
    quarantine_id: str | None
    disposition: str
    reply: str | None
    summary: str
    #: How many lines its report shows.
    lines: int


class File(msgspec.Struct, frozen=True):
    """A log file: how many of its bytes, and of its lines, were there at the cut."""

    name: str
    cut_bytes: int
    cut_lines: int


class Source(msgspec.Struct, frozen=True):
    """Log files that were read together, and whose lines they are that name no host."""

    name: str
    log_host: str
    files: list[File]


class Meta(msgspec.Struct, frozen=True):
    """What is told of a kept store."""

    commit: str
    revision: int
    sources: list[Source]
    whole: list[Told]
    cut: list[Told]

    def told(self, state: State) -> list[Told]:
        """What must be answered in a state."""
        return self.whole if state == "whole" else self.cut


@dataclass(frozen=True, slots=True)
class Kept:
    """The store of one commit."""

    name: str
    parent: Path = FOLDER

    def __str__(self) -> str:
        """Name it as a test's parameter."""
        return self.name

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return self.parent / self.name

    @property
    def meta(self) -> Meta:
        """What is told of it."""
        return msgspec.json.decode((self.folder / "meta.json").read_bytes(), type=Meta)

    def lines(self, folder: Path) -> None:
        """Lay the logs into a folder, all of their lines."""
        _unpack(self.folder / "lines.tar.gz", folder)

    def embedded(self, state: State, data: Path) -> Embedded:
        """Lay out the data folder of a state, with its positions and its embedded store."""
        _unpack(self.folder / f"{state}.tar.gz", data)
        return Embedded(data / "store")

    def cluster(self, state: State, data: Path, url: str, prefix: str) -> Cluster:
        """Put what stood on a server in a state onto this one, and lay out the data folder without an embedded store."""
        _unpack(self.folder / f"{state}.tar.gz", data, without="store/")
        packed = gzip.decompress((self.folder / f"{state}.jsonl.gz").read_bytes()).decode()
        first, _, documents = packed.replace(PREFIX, prefix).partition("\n")
        there = json.loads(first)
        for name, body in there["templates"].items():
            ask(f"{url}/_index_template/{name}", "PUT", body=body)
        for name, body in there["indices"].items():
            ask(f"{url}/{name}", "PUT", body=body)
        request = urllib.request.Request(f"{url}/_bulk?refresh=true", documents.encode(), {"Content-Type": "application/x-ndjson"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            assert not json.load(answer)["errors"], "what an earlier commit wrote is refused by this server"
        return Cluster(url, prefix)


def _unpack(packed: Path, folder: Path, *, without: str | None = None) -> None:
    """Unpack what the command packed, readable for its user alone, as a store is."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(packed) as tar:
        tar.extractall(folder, [one for one in tar if without is None or not one.name.startswith(without)], filter="data")


def answered(mail: MailTrace) -> list[Told]:
    """What is answered of every trace, newest first."""
    found = []
    for trace in mail.walk():
        report = mail.report(trace.id)
        assert report is not None, f"{trace.id} is listed and cannot be reported"
        assert all(step.words and step.raw for step in report.timeline), f"{trace.id} has a line without a sentence, or without itself"
        found.append(
            Told(
                id=trace.id,
                sender=trace.sender,
                recipient=trace.recipient,
                queue_ids=trace.queue_ids,
                quarantine_id=trace.quarantine_id,
                disposition=trace.disposition.value,
                reply=trace.return_code.text if trace.return_code else None,
                summary=report.summary,
                lines=len(report.timeline),
            )
        )
    return found


def read_all(sources: Sequence[Source], place: Place, **options: Any) -> Ingest:
    """Read the files of all sources to their ends, in one run."""
    files = [(place.logs / source.name / file.name, source) for source in sources for file in source.files]
    hosts = tuple(SourceSetting(str(path), log_host=source.log_host) for path, source in files)
    return read(place, [path for path, _ in files], sources=hosts, **options)


KEPT = tuple(Kept(path.parent.name) for path in sorted(FOLDER.glob("*/meta.json")))
