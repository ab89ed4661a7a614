"""Journeys in blocks: they are found wherever they lie, holes are closed, and a process may end at any statement."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec
import pytest
from embedded_samples import DAY_MS, T0, asked, begin_before_blocks, files, mail, put_before_blocks, writing
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.sinks import embedded_blocks
from ingest.sinks.embedded import EmbeddedSink
from ingest.sinks.embedded_blocks import ENOUGH, FEW, FULL, MOST_BYTES
from mappings.embedded import copy_to, packing
from mappings.embedded.packing import Packer
from mappings.embedded.reading import members_of
from mappings.faults import StoreLacking
from mappings.trace import Event, HopLink, Trace
from search.engines.embedded import EmbeddedEngine
from search.scope import EVERYTHING


def journey(number: int, version: int = 1, *, length: int = 40, at_ms: int | None = None, **fields: object) -> Trace:
    """A trace with a journey of its own."""
    when = T0 + number * 1000 if at_ms is None else at_ms
    hop = f"q:mx/Q{number}"
    raw = f"mail {number}, as it was told the {version}. time " + "".join(Random(number).choices("abcdefgh", k=length))
    events = [Event(when * 1000 + n, True, "mx", "smtp", n, 0, f"{number}-{n}", hop, "note", {"text": raw}, raw, "/log") for n in range(2)]
    return mail(number, when, version=version, events=events, hops=[HopLink(hop)], decided=f"{number}-1", **fields)


def told(folder: Path, traces: Sequence[Trace]) -> list[Trace | None]:
    """What a reader of its own is told of each."""
    with closing(EmbeddedEngine(folder)) as engine:
        return [engine.get(trace.id, EVERYTHING) for trace in traces]


def only_file(folder: Path) -> Path:
    """The one file of a store."""
    (name,) = files(folder)
    return folder / name


def blocks(path: Path) -> Counter[int]:
    """How many journeys each block of a file has, after a look at all that must hold of them."""
    with closing(sqlite3.connect(path)) as file:
        packer = Packer(file)
        live = Counter[int]()
        for table in ("trace", "superseded"):
            for key, number in file.execute(f"SELECT id, block FROM {table} WHERE block IS NOT NULL"):
                assert key in members_of(file, packer, number)
                live[number] += 1
        counts = dict(file.execute("SELECT number, count FROM block"))
        loose = dict(file.execute("SELECT number, live FROM loose"))
    assert counts.keys() == live.keys(), "a block without a journey is deleted"
    assert loose.keys() <= counts.keys()
    assert live == {number: loose.get(number, count) for number, count in counts.items()}
    return live


def details(path: Path) -> int:
    """How many journeys lie by themselves."""
    with closing(sqlite3.connect(path)) as file:
        return int(file.execute("SELECT count(*) FROM detail").fetchone()[0])


def test_journeys_of_a_batch_share_blocks(tmp_path: Path) -> None:
    """What is written together lies together, in blocks of about the same size, and each journey comes out as it went in."""
    traces = [journey(number) for number in range(5 * FULL + 3)]
    with writing(tmp_path) as sink:
        sink.submit(traces)
        assert sink.find([key for trace in traces for key in trace.keys]) == traces
    assert told(tmp_path, traces) == traces
    held = blocks(only_file(tmp_path))
    assert len(held) == 6
    assert max(held.values()) - min(held.values()) <= 1
    assert details(only_file(tmp_path)) == 0


def test_a_list_does_not_read_blocks(tmp_path: Path) -> None:
    """Heads lie in their rows: a search is answered without one journey, and a damaged block is nothing to it."""
    traces = [journey(number) for number in range(FULL)]
    with writing(tmp_path) as sink:
        sink.submit(traces)
    with closing(sqlite3.connect(only_file(tmp_path))) as file, file:
        file.execute("DELETE FROM block")
    assert len(asked(tmp_path)) == FULL


def test_long_journeys_make_short_blocks(tmp_path: Path) -> None:
    """No block grows so long that a report of one message unpacks megabytes of others; one that is itself as long lies alone, and stays."""
    traces = [journey(number, length=MOST_BYTES // 4) for number in range(FULL)]
    with writing(tmp_path) as sink:
        sink.submit(traces)
        before = blocks(only_file(tmp_path))
        assert set(before.values()) == {1}
        for number in range(5):
            sink.submit([journey(FULL + number)])
    assert before.items() <= blocks(only_file(tmp_path)).items()
    assert told(tmp_path, traces) == traces


def test_what_is_written_again_leaves_its_block(tmp_path: Path) -> None:
    """A block lives as long as one of its journeys; the newest version is told, whichever block it is in."""
    traces = [journey(number) for number in range(2 * FULL)]
    with writing(tmp_path) as sink:
        sink.submit(traces)
        first = blocks(only_file(tmp_path))
        again = [journey(number, 2) for number in range(2 * FULL)]
        for number in (*range(FULL - 1), FULL + 5):
            sink.submit([again[number]])
        assert min(first) in blocks(only_file(tmp_path))
        sink.submit([again[FULL - 1]])
        assert min(first) not in blocks(only_file(tmp_path)), "its last journey is written elsewhere"
        # An older version changes nothing, and leaves no block behind.
        sink.submit(traces[:3])
    expected = [again[number] if number < FULL or number == FULL + 5 else traces[number] for number in range(2 * FULL)]
    assert told(tmp_path, traces) == expected
    blocks(only_file(tmp_path))


def test_a_followed_store_comes_to_the_blocks_of_a_loaded_one(tmp_path: Path) -> None:
    """Batches of one trace make small blocks, which are packed together as they come: the file ends about as small."""
    traces = [journey(number) for number in range(40 * FULL)]
    with writing(tmp_path / "followed") as followed, writing(tmp_path / "loaded") as loaded:
        loaded.submit(traces)
        for trace in traces:
            followed.submit([trace])
    least = 40 * FULL // FULL
    assert len(blocks(only_file(tmp_path / "loaded"))) == least
    assert least <= len(blocks(only_file(tmp_path / "followed"))) <= least + ENOUGH
    assert only_file(tmp_path / "followed").stat().st_size < 1.2 * only_file(tmp_path / "loaded").stat().st_size
    assert told(tmp_path / "followed", traces) == traces


def test_blocks_that_are_mostly_holes_are_packed_together(tmp_path: Path) -> None:
    """Of each block all but a few journeys are written again: what is left of them shares blocks soon."""
    traces = [journey(number) for number in range(20 * FULL)]
    with writing(tmp_path) as sink:
        sink.submit(traces)
        again = [journey(number, 2) for number in range(20 * FULL) if number % 8]
        sink.submit(again)
        held = blocks(only_file(tmp_path))
    assert sum(held.values()) == len(traces)
    assert sum(number for number in held.values() if number <= FEW) < ENOUGH
    newest = {trace.id: trace for trace in (*traces, *again)}
    assert told(tmp_path, traces) == [newest[trace.id] for trace in traces]


def test_a_withheld_document_keeps_its_journey_in_a_block(tmp_path: Path) -> None:
    """What is superseded has one where it was withheld, loses it when it is replaced, and finds it again when it is taken back."""
    first, other = journey(1), journey(2)
    withheld = replace(journey(1, 2), superseded_by=[first.id])
    replaced = replace(mail(1, first.time_ms, version=3), superseded_by=[other.id])
    with writing(tmp_path) as sink:
        sink.submit([first, other])
        for one in (withheld, replaced, withheld, replace(withheld, version=4), journey(1, 5)):
            sink.submit([one])
            newest = replaced if one.version == 2 and sink.find(first.keys) == [replaced] else one
            assert sink.find(first.keys) == [newest]
            blocks(only_file(tmp_path))
    assert told(tmp_path, [first]) == [journey(1, 5)]


# Files of earlier releases -----------------------------------------------------------------------------------------------------


def made_before_blocks(path: Path, traces: Sequence[Trace]) -> None:
    """Make a file of schema version 4, in which each journey lies by itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        packer = begin_before_blocks(file, path, 4)
        for one in traces:
            put_before_blocks(file, packer, one)
            hour = one.time_ms // 3_600_000
            file.execute("INSERT INTO hourly VALUES(?, 'unknown', 'unknown', 1) ON CONFLICT DO UPDATE SET n = n + 1", (hour,))


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A store of one such file, with a hundred traces."""
    folder = tmp_path / "earlier"
    with writing(folder) as sink:
        sink.submit([journey(0)])
    path = only_file(folder)
    path.unlink()
    made_before_blocks(path, [journey(number) for number in range(100)])
    return folder


def test_a_file_without_blocks_is_read_as_it_is(earlier: Path, tmp_path: Path) -> None:
    """Its readers need not wait for a writer; one that is open while a writer brings the file up to date reads on."""
    traces = [journey(number) for number in range(100)]
    assert told(earlier, traces) == traces
    copy_to(earlier, tmp_path / "copy")
    assert told(tmp_path / "copy", traces) == traces
    with closing(EmbeddedEngine(earlier)) as engine:
        assert engine.get(traces[0].id, EVERYTHING) == traces[0]
        with writing(earlier) as sink:
            assert details(only_file(earlier)) == 100, "bringing a file up to date moves nothing"
            sink.submit([journey(number, 2) for number in range(0, 100, 2)])
            expected = [journey(number, 1 + (number % 2 == 0)) for number in range(100)]
            assert [engine.get(trace.id, EVERYTHING) for trace in traces] == expected
            assert sink.find([key for trace in traces for key in trace.keys]) == expected
    assert details(only_file(earlier)) == 50
    assert sum(blocks(only_file(earlier)).values()) == 50


def test_a_block_holds_journeys_of_several_releases(tmp_path: Path) -> None:
    """Journeys in another layout are packed together with those of this release as they are, and read by theirs."""
    traces = [journey(number) for number in range(ENOUGH)]
    with writing(tmp_path) as sink:
        for trace in traces[:-1]:
            sink.submit([trace])
    with closing(sqlite3.connect(only_file(tmp_path))) as file, file:
        other = packing.Layout(packing.CURRENT.trace, packing.CURRENT.event[::-1], packing.CURRENT.journey)
        file.execute("INSERT INTO meta VALUES('layout 7', ?)", (msgspec.json.encode(other),))
        packer = Packer(file)
        for number, packed in file.execute("SELECT number, packed FROM block").fetchall():
            members: dict[bytes, bytes | memoryview] = {}
            for key, member in packer.unpack_block(packed).items():
                *before, events = msgspec.msgpack.decode(member[1:])
                members[key] = b"\x07" + msgspec.msgpack.encode([*before, [event[::-1] for event in events]])
            file.execute("UPDATE block SET packed = ? WHERE number = ?", (packer.pack_block(members), number))
    with writing(tmp_path) as sink:
        sink.submit(traces[-1:])
    assert len(blocks(only_file(tmp_path))) == 2
    assert told(tmp_path, traces) == traces


# Damage ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("byte", [0, 5, 40, -40, -1])
@pytest.mark.parametrize("bit", [0, 7])
def test_a_changed_bit_in_a_block_is_damage(tmp_path: Path, byte: int, bit: int) -> None:
    """The database cannot see it; whoever reads one of the block's journeys does, and it is told as any other damage is."""
    traces = [journey(number) for number in range(FULL)]
    with writing(tmp_path) as sink:
        sink.submit(traces)
    path = only_file(tmp_path)
    with closing(sqlite3.connect(path)) as file, file:
        packed = bytearray(file.execute("SELECT packed FROM block").fetchone()[0])
        packed[byte] ^= 1 << bit
        file.execute("UPDATE block SET packed = ?", (bytes(packed),))
    with closing(EmbeddedEngine(tmp_path)) as engine:
        with pytest.raises(StoreLacking):
            engine.get(traces[3].id, EVERYTHING)
        assert engine.lacking(EVERYTHING)
    with writing(tmp_path) as sink:
        assert sink.find(traces[5].keys) == []
        sink.submit(traces)
        assert sink.find(traces[5].keys) == [traces[5]]
    assert [one.name for one in tmp_path.glob("*.damaged")] == [f"{path.name}.damaged"]


def test_damage_that_closing_holes_meets_is_put_aside(tmp_path: Path) -> None:
    """A batch that would pack a damaged block with others is written all the same, to a new file."""
    with writing(tmp_path) as sink:
        for number in range(ENOUGH - 1):
            sink.submit([journey(number)])
        path = only_file(tmp_path)
        with closing(sqlite3.connect(path)) as file, file:
            file.execute("UPDATE block SET packed = x'00' WHERE number = 3")
        last = journey(ENOUGH)
        sink.submit([last])
        assert sink.find(last.keys) == [last]
    assert [one.name for one in tmp_path.glob("*.damaged")] == [f"{path.name}.damaged"]


# Any order, and any end --------------------------------------------------------------------------------------------------------


def test_readers_see_whole_journeys_while_blocks_are_packed_anew(tmp_path: Path) -> None:
    """Row and block are read in one state: no reader meets a block that has just gone, or a version that is not the row's."""
    traces = [journey(number) for number in range(3 * FULL)]
    over = threading.Event()
    flaws: list[object] = []

    def read() -> None:
        random = Random(1)
        with closing(EmbeddedEngine(tmp_path)) as engine:
            while not over.is_set():
                one = engine.get(random.choice(traces).id, EVERYTHING)
                if one is None or f"told the {one.version}. time" not in one.events[0].raw:
                    flaws.append(one)

    with writing(tmp_path) as sink:
        sink.submit(traces)
        reader = threading.Thread(target=read)
        reader.start()
        try:
            for version in range(2, 8):
                for number in range(0, 3 * FULL, 3):
                    sink.submit([journey(number + one, version) for one in range(2)])
        finally:
            over.set()
            reader.join()
    assert flaws == []
    blocks(only_file(tmp_path))


class Killed:
    """Keeps what is on the disk when a writer comes to a statement: all that a process which is killed there leaves."""

    def __init__(self, sink: EmbeddedSink, folder: Path, kept: Path, after: int) -> None:
        self._folder, self._kept, self._left = folder, kept, after
        partitions = sink._there.catalog.partitions
        self._connection = None if not partitions else sink._there.file(partitions[0])._connection
        if self._connection is not None:
            self._connection.set_trace_callback(self._look)

    def _look(self, _statement: str) -> None:
        self._left -= 1
        if self._left == 0:
            shutil.copytree(self._folder, self._kept)

    def over(self) -> bool:
        """Whether the moment came."""
        if self._connection is not None:
            self._connection.set_trace_callback(None)
        return self._kept.exists()


_WRITE = st.lists(
    st.tuples(
        st.integers(0, 150),
        st.integers(1, 6),
        st.sampled_from(["journey", "journey", "journey", "withheld", "replaced", "long"]),
    ),
    min_size=1,
    max_size=40,
)


def made(number: int, version: int, kind: str) -> Trace:
    """A trace of a kind."""
    match kind:
        case "withheld":
            return replace(journey(number, version), superseded_by=[journey(999).id])
        case "replaced":
            return replace(journey(number, version), superseded_by=[journey(999).id], events=[], hops=[], decided=None)
        case "long":
            return journey(number, version, length=MOST_BYTES // 8)
    return journey(number, version)


def stored(folder: Path) -> dict[str, Trace]:
    """All that a sink finds in a store, after a look at its blocks."""
    with writing(folder) as sink:
        found = sink.find([f"q:mx/Q{number}" for number in range(151)])
    for name in files(folder):
        blocks(folder / name)
    return {trace.id: trace for trace in found}


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(_WRITE, min_size=1, max_size=25), killed_at=st.integers(1, 60), killed_in=st.integers(0, 24))
def test_any_writes_and_an_end_at_any_statement(batches: list[list[tuple[int, int, str]]], killed_at: int, killed_in: int) -> None:
    """The store holds what a plain dict does, and what a killed writer leaves is the state before a batch or after it."""
    with TemporaryDirectory() as work:
        folder, kept = Path(work) / "store", Path(work) / "killed"
        known: dict[str, Trace] = {}
        allowed: list[dict[str, Trace]] = []
        with writing(folder) as sink:
            for turn, batch in enumerate(batches):
                traces = [made(*one) for one in batch]
                before = dict(known)
                for trace in traces:
                    if trace.id not in known or known[trace.id].version <= trace.version:
                        known[trace.id] = trace
                killed = Killed(sink, folder, kept, killed_at) if turn == killed_in else None
                sink.submit(traces)
                if killed is not None and killed.over():
                    allowed = [before, dict(known)]
        assert stored(folder) == known
        assert not allowed or stored(kept) in allowed


@pytest.mark.parametrize("killed_at", range(1, 400, 23))
def test_an_end_while_holes_are_closed(tmp_path: Path, killed_at: int) -> None:
    """Small blocks are packed together in the transaction of a batch: killed at any statement of it, nothing is lost."""
    folder, kept = tmp_path / "store", tmp_path / "killed"
    traces = [journey(number) for number in range(ENOUGH)]
    with writing(folder) as sink:
        for trace in traces[:-1]:
            sink.submit([trace])
        small = len(blocks(only_file(folder)))
        killed = Killed(sink, folder, kept, killed_at)
        sink.submit(traces[-1:])
        there = killed.over()
    assert len(blocks(only_file(folder))) == 2 < small
    if there:
        assert stored(kept) in ({one.id: one for one in traces[:-1]}, {one.id: one for one in traces})


def test_closing_holes_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many small blocks there are, one batch packs so many of them together at most."""
    moved: list[int] = []
    tidy = embedded_blocks.Blocks.tidy
    with writing(tmp_path) as sink:
        monkeypatch.setattr(embedded_blocks.Blocks, "tidy", lambda _self: None)
        for number in range(3 * ENOUGH):
            sink.submit([journey(2 * number), journey(2 * number + 1)])
        monkeypatch.setattr(embedded_blocks.Blocks, "tidy", lambda self: moved.append(tidy(self)))
        for number in range(4):
            sink.submit([journey(10_000 + number, at_ms=T0 + DAY_MS + number)])
    assert moved[0] == 2 * embedded_blocks.AT_A_TIME
    assert max(moved) <= FEW * embedded_blocks.AT_A_TIME
    assert sum(moved) >= 6 * ENOUGH - ENOUGH
    blocks(only_file(tmp_path))
