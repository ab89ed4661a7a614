"""What `mailtrace doctor` finds in a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

from mailtrace.amounts import counted, shown_bytes
from mailtrace.cli.finding import BAD, GOOD, NOTE, Finding
from mailtrace.cluster import access, shape
from mailtrace.settings import Settings
from mappings.elasticsearch.checkup import MOST_SHARD_BYTES, ClusterCheckup
from mappings.elasticsearch.connection import Access, Connection
from mappings.elasticsearch.names import IndexNames
from mappings.elasticsearch.ranges import Stray
from mappings.elasticsearch.setup import Setup


def cluster_findings(settings: Settings, *, look: bool) -> Iterator[Finding]:
    """Everything that is looked at in a cluster, in an order in which each needs what is before it; with `look` nothing is changed."""
    reached = access(settings.store, settings.elasticsearch)
    yield from _transport(settings.store, reached)
    names = IndexNames(settings.elasticsearch.prefix)
    with closing(Connection(reached)) as connection:
        checkup = ClusterCheckup(connection, names)
        setup = Setup(connection, names, shape(settings.elasticsearch), keep_seconds=settings.keeping().seconds)
        yield from _server(checkup)
        yield from _in_place(setup, look=look)
        yield from _catalog(checkup, look=look)
        yield from _indices(checkup)
        if not settings.elasticsearch.lifecycle:
            yield GOOD, f"Old indices are deleted by `mailtrace retention`; lifecycle policies are {checkup.lifecycles(setup)}."
        for writer in checkup.writers():
            yield GOOD, f"The log domain {writer.log_domain} is written by process {writer.pid} on {writer.host}."


def _transport(store: str, known: Access) -> Iterator[Finding]:
    """Whether secrets go over the wire as they are."""
    parts = urlsplit(store)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "http" and known.header() and not local:
        yield NOTE, "The credentials go to the server unencrypted; use https."


def _server(checkup: ClusterCheckup) -> Iterator[Finding]:
    """The server answers, and is well."""
    versions = checkup.versions()
    old = [version for version in versions if int(version.partition(".")[0]) < 8]
    yield (BAD if old else GOOD), f"Elasticsearch {', '.join(versions)} answers." + (" Version 8 or later is needed." if old else "")
    health = checkup.health()
    words = {"green": "The cluster is green.", "yellow": "The cluster is yellow: copies of some data are missing."}
    yield (
        {"green": GOOD, "yellow": NOTE}.get(health, BAD),
        words.get(health, f"The cluster is {health}: some data cannot be reached."),
    )


def _in_place(setup: Setup, *, look: bool) -> Iterator[Finding]:
    """The index template and the meta index."""
    if look:
        for sentence in setup.look():
            yield (GOOD if "up to date" in sentence else NOTE), sentence
        return
    done = setup.put_in_place()
    for sentence in done or setup.look():
        yield GOOD, sentence


def _catalog(checkup: ClusterCheckup, *, look: bool) -> Iterator[Finding]:
    """Whether the catalog and the server have the same indices; what can be mended is mended."""
    for name in [] if look else checkup.put_into_alias():
        yield GOOD, f"Put the index {name} into the alias, from which it was missing."
    found = checkup.catalog(look=look)
    for one in found.taken:
        yield (NOTE, f"{one.lacked()} The next ingest takes it in.") if look else (GOOD, f"{one.lacked()} It is taken in now.")
    for sentence in Stray.told(found.strays):
        yield BAD, sentence
    for one in checkup.lost():
        yield BAD, one.lost()


def _indices(checkup: ClusterCheckup) -> Iterator[Finding]:
    """The indices: how much is in them."""
    for name, large in checkup.large(MOST_SHARD_BYTES).items():
        much = f"{shown_bytes(large)}, and should have at most {shown_bytes(MOST_SHARD_BYTES)}"
        yield NOTE, f"A shard of the index {name} has {much}: set more shards, or a shorter period; new indices follow."
    indices, size, traces = checkup.held()
    yield GOOD, f"{counted(indices, 'index', 'indices')}, {shown_bytes(size)}, {counted(traces, 'trace')}."
