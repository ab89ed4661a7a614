"""The embedded store's files: ranges, retention, one writer, crashes, copies, migrations, readers in other processes."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import generate
import msgspec
import pytest
from reference import ReferenceStore

from ingest.sinks.embedded import WEEK_MS, EmbeddedSink
from ingest.sinks.embedded_summaries import REFUSED, Changes
from mappings import identity
from mappings.embedded import StoreError, StoreLocked, StoreTooNew, copy_to, packing, schema
from mappings.embedded.catalog import NAME as CATALOG
from mappings.embedded.columns import domain_value
from mappings.embedded.functions import register
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING

DAY_MS = 86_400_000
#: The beginning of a range.
T0 = 1_764_000_000_000 // WEEK_MS * WEEK_MS


def mail(number: int, at_ms: int, *, version: int = 1, **fields: object) -> Trace:
    """A trace, told apart by its number."""
    return Trace(
        id=identity.trace_id(at_ms, "mx", f"q:mx/Q{number}", "", ""),
        version=version,
        log_domain="mx",
        time_ms=at_ms,
        last_event_ms=at_ms + 5,
        keys=[f"q:mx/Q{number}"],
        **fields,  # type: ignore[arg-type]
    )


@contextmanager
def writing(folder: Path, **settings: object) -> Iterator[EmbeddedSink]:
    """Open a sink and close it."""
    sink = EmbeddedSink(folder, **settings)  # type: ignore[arg-type]
    try:
        yield sink
    finally:
        sink.close()


def asked(folder: Path) -> list[str]:
    """All ids that a reader of its own sees, newest first."""
    with closing(EmbeddedEngine(folder)) as engine:
        return [trace.id for trace in engine.walk(Query(), EVERYTHING)]


def files(folder: Path) -> list[str]:
    """The names of the store's files of traces."""
    return sorted(path.name for path in folder.glob("traces-*.sqlite"))


def ids_in(path: Path) -> list[str]:
    """The ids that a file holds, looked at with plain SQLite."""
    with closing(sqlite3.connect(path)) as connection:
        return [identity.from_bytes(row[0]) for row in connection.execute("SELECT id FROM trace ORDER BY id")]


# Ranges -----------------------------------------------------------------------------------------------------------------------


def test_a_file_holds_one_week_and_late_ids_go_to_their_own(tmp_path: Path) -> None:
    """Traces lie in the file of their time, whenever they come, and a rewrite stays in it."""
    old, new = mail(1, T0 + DAY_MS), mail(2, T0 + WEEK_MS + 1)
    late, edge = mail(3, T0 + 2 * DAY_MS), mail(4, T0 + WEEK_MS)
    with writing(tmp_path) as sink:
        sink.submit([old])
        sink.submit([new])
        sink.submit([late, edge, mail(1, T0 + DAY_MS, version=2)])
    first, second = files(tmp_path)
    assert ids_in(tmp_path / first) == [old.id, late.id]
    assert ids_in(tmp_path / second) == [edge.id, new.id]
    assert asked(tmp_path) == [new.id, edge.id, late.id, old.id]


def test_a_full_file_gives_the_rest_of_its_range_to_a_new_one(tmp_path: Path) -> None:
    """Files roll at about the set number of traces, ranges stay disjoint, and what comes late still finds its file."""
    written = [mail(number, T0 + number * 1000) for number in range(100)]
    with writing(tmp_path, traces_per_file=20) as sink:
        for start in range(0, 100, 10):
            sink.submit(written[start : start + 10])
        sink.submit([mail(200, T0 + 5_500)])
    assert len(files(tmp_path)) == 5
    held = [ids_in(tmp_path / name) for name in files(tmp_path)]
    assert [len(ids) for ids in held] == [21, 20, 20, 20, 20]
    assert [*itertools.chain(*held)] == sorted(itertools.chain(*held))
    assert len(asked(tmp_path)) == 101


def test_files_between_files_share_what_is_free(tmp_path: Path) -> None:
    """A file begun between two others takes only the range that neither has."""
    with writing(tmp_path, span_ms=10_000, traces_per_file=1) as sink:
        for offset in (15_000, 16_000, 5_000, 35_000, 25_000, 19_999, 20_000, 9_999):
            sink.submit([mail(offset, T0 + offset)])
            sink.submit([mail(offset + 1, T0 + offset)])
        ranges = sorted((p.lower_ms, p.upper_ms) for p in sink._catalog.partitions)
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(ranges))
    assert len(asked(tmp_path)) == 16


# Retention ----------------------------------------------------------------------------------------------------------------------


def test_retention_deletes_whole_files_and_takes_nothing_of_them_back(tmp_path: Path) -> None:
    """Files that are wholly too old go, and an update of what was dropped is refused quietly and counted."""
    weeks = [mail(number, T0 + number * WEEK_MS) for number in range(5)]
    with writing(tmp_path) as sink, closing(EmbeddedEngine(tmp_path)) as engine:
        sink.submit(weeks)
        assert len(list(engine.walk(Query(), EVERYTHING))) == 5
        dropped = sink.retention(keep_ms=2 * WEEK_MS, now_ms=T0 + 5 * WEEK_MS - 1)
        assert [partition.lower_ms for partition in dropped] == [T0 + WEEK_MS, T0]
        assert [trace.id for trace in engine.walk(Query(), EVERYTHING)] == [trace.id for trace in reversed(weeks[2:])]
        assert engine.get(weeks[0].id, EVERYTHING) is None
        sink.submit([mail(0, T0, version=9), mail(9, T0 - 5 * WEEK_MS), weeks[4]])
        assert sink.older_than_kept == 2
        assert sink.retention(keep_ms=2 * WEEK_MS, now_ms=T0 + 5 * WEEK_MS - 1) == []
        assert sink.find(["q:mx/Q0"]) == []
    assert len(files(tmp_path)) == 3
    with writing(tmp_path) as sink:
        sink.submit([mail(0, T0, version=9)])
        assert sink.older_than_kept == 1
    assert [path for path in tmp_path.iterdir() if path.name.endswith(("-wal", "-shm"))] == []


def test_retention_by_size_keeps_the_newest_files(tmp_path: Path) -> None:
    """The oldest files go until the rest is small enough; the newest stays whatever its size."""
    with writing(tmp_path) as sink:
        for number in range(4):
            sink.submit([mail(number, T0 + number * WEEK_MS)])
        sink.flush()
        assert sink.retention_by_size(1 << 40) == []
        size = max((tmp_path / name).stat().st_size for name in files(tmp_path))
        most = sum(path.stat().st_size for path in tmp_path.glob("traces-*")) - size
        assert [partition.lower_ms for partition in sink.retention_by_size(most)] == [T0]
        assert len(sink.retention_by_size(1)) == 2
    assert asked(tmp_path) == [mail(3, T0 + 3 * WEEK_MS).id]


# One writer, many readers -------------------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """While one writes, another process and another sink are refused; afterwards not."""
    script = "import sys, pathlib; from ingest.sinks.embedded import EmbeddedSink; EmbeddedSink(pathlib.Path(sys.argv[1])).close()"
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0)])
        with pytest.raises(StoreLocked, match=rf"^Another run or ingest \(process {os.getpid()}\) is writing to .*\.$"):
            EmbeddedSink(tmp_path)
        other = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
        assert other.returncode == 1
        assert "StoreLocked" in other.stderr
        sink.submit([mail(2, T0)])
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == 0
    assert len(asked(tmp_path)) == 2


READER = """
import pathlib, sys
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING
engine = EmbeddedEngine(pathlib.Path(sys.argv[1]))
for line in sys.stdin:
    print(engine.search(Query(), EVERYTHING, limit=10).total.value, engine.state().read_up_to_ms.get("mx"), flush=True)
engine.close()
"""


def test_readers_in_other_processes_see_files_come_and_go(tmp_path: Path) -> None:
    """A reader that was there before the store sees it begin, grow, roll, lose files, end and be made anew."""
    folder = tmp_path / "store"
    reader = subprocess.Popen([sys.executable, "-c", READER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdin is not None
    assert reader.stdout is not None

    def answer() -> str:
        assert reader.stdin is not None
        assert reader.stdout is not None
        reader.stdin.write("\n")
        reader.stdin.flush()
        return reader.stdout.readline().strip()

    with reader.stdin, reader.stdout:
        assert answer() == "0 None"
        with writing(folder, traces_per_file=2) as sink:
            assert answer() == "0 None"
            sink.submit([mail(1, T0), mail(2, T0 + 1)])
            assert answer() == "2 None"
            sink.submit([mail(3, T0 + 2)])
            sink.note_progress({"mx": 7})
            assert answer() == "3 7"
            sink.submit([mail(4, T0 + 3 * WEEK_MS)])
            sink.retention(WEEK_MS, T0 + 3 * WEEK_MS)
            assert answer() == "1 7"
        assert answer() == "1 7"
        for path in folder.iterdir():
            path.unlink()
        assert answer() == "0 None"
        with writing(folder) as sink:
            sink.submit([mail(1, T0), mail(2, T0 + 1)])
        assert answer() == "2 None"
    assert reader.wait(10) == 0


def test_a_store_that_is_closed_stays_readable_while_it_is_written(tmp_path: Path) -> None:
    """A reader that began before and one that begins later both read on, with one engine used by two threads too."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0)])
        with closing(EmbeddedEngine(tmp_path)) as engine:
            walk = engine.walk(Query(), EVERYTHING)
            assert next(walk).id == mail(1, T0).id
            sink.submit([mail(2, T0 + 1)])
            assert list(walk) == []
            assert engine.count(Query(), EVERYTHING) == 2
            with ThreadPoolExecutor(2) as pool:
                assert list(pool.map(lambda _: engine.count(Query(), EVERYTHING), range(8))) == [2] * 8


# Crashes ------------------------------------------------------------------------------------------------------------------------

WRITER = """
import pathlib, sys
from ingest.sinks.embedded import EmbeddedSink
import generate
sink = EmbeddedSink(pathlib.Path(sys.argv[1]), span_ms=86_400_000, traces_per_file=300)
written = generate.traces(int(sys.argv[2]), 3000)
print("ready", flush=True)
for start in range(0, len(written), 50):
    sink.submit(written[start : start + 50])
    print(start + 50, flush=True)
"""


@pytest.mark.parametrize("seed", range(3))
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, seed: int) -> None:
    """A writer killed at a random moment leaves sound files with every acknowledged batch, and writing goes on."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), str(seed)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )
    assert writer.stdout is not None
    acknowledged = 0
    stop_at = random.Random(seed).randrange(2, 40)
    with writer.stdout:
        assert writer.stdout.readline() == "ready\n"
        for number, line in enumerate(writer.stdout):
            acknowledged = int(line)
            if number == stop_at:
                writer.send_signal(signal.SIGKILL)
                break
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout.read().splitlines())])
    assert writer.wait() == -signal.SIGKILL
    written = generate.traces(seed, 3000)
    reference = ReferenceStore()
    reference.submit(written[:acknowledged])
    with closing(EmbeddedEngine(tmp_path)) as engine:
        there = {trace.id: trace for trace in engine.walk(Query(), EVERYTHING)}
    missing = [one for one in reference.traces.values() if not one.superseded_by and one.id not in there]
    # A batch that was not acknowledged may have superseded what is missing.
    later = {trace.id for trace in written[acknowledged : acknowledged + 50]}
    assert [one.id for one in missing if one.id not in later] == []
    for name in [CATALOG, *files(tmp_path)]:
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert_summaries_agree(tmp_path)
    with writing(tmp_path, span_ms=86_400_000, traces_per_file=300) as sink:
        sink.submit(written)
    with closing(EmbeddedEngine(tmp_path)) as engine:
        assert engine.count(Query(), EVERYTHING) > len(there)


def assert_summaries_agree(folder: Path) -> None:
    """Each file's summaries are what its rows come to."""
    for name in files(folder):
        connection = schema.open_reader(folder / name, schema.PARTITION_STEPS)
        assert connection is not None
        with closing(connection):
            packer = packing.Packer(connection)
            hourly: Counter[tuple[object, ...]] = Counter()
            daily: Counter[tuple[object, ...]] = Counter()
            codes: Counter[tuple[object, ...]] = Counter()
            for (head,) in connection.execute("SELECT head FROM trace"):
                trace = packer.head(head)
                words = (trace.direction.value, trace.disposition.value)
                hourly[trace.time_ms // 3_600_000, *words] += 1
                for side, domain in (("r", trace.recipient_domain), ("s", trace.sender_domain)):
                    if domain:
                        daily[side, domain_value(domain), trace.time_ms // DAY_MS, *words] += 1
                if trace.disposition in REFUSED and (trace.reply_code, trace.enhanced_code) != (None, None):
                    codes[trace.time_ms // DAY_MS, trace.reply_code or 0, trace.enhanced_code or ""] += 1
            for table, expected in (("hourly", hourly), ("daily", daily), ("codes", codes)):
                assert {tuple(row[:-1]): row[-1] for row in connection.execute(f"SELECT * FROM {table}")} == expected, table


@pytest.mark.parametrize("seed", [11, 12])
def test_summaries_move_with_the_rows(tmp_path: Path, seed: int) -> None:
    """After rewrites, successors and late rows the counts are those of the rows."""
    with writing(tmp_path, traces_per_file=150) as sink:
        written = generate.traces(seed, 600, events=False)
        for start in range(0, len(written), 40):
            sink.submit(written[start : start + 40])
    assert_summaries_agree(tmp_path)


def test_a_lost_catalog_is_made_anew(tmp_path: Path) -> None:
    """Without its catalog the store takes up the files that are there, none is lost, and ranges are as before."""
    written = [mail(number, T0 + number * DAY_MS // 2) for number in range(40)]
    with writing(tmp_path, traces_per_file=5) as sink:
        for one in written:
            sink.submit([one])
        ranges = [(p.file, p.lower_ms) for p in sink._catalog.partitions]
    (tmp_path / CATALOG).unlink()
    with writing(tmp_path, traces_per_file=5) as sink:
        assert [(p.file, p.lower_ms) for p in sink._catalog.partitions] == ranges
        assert sink.newest_ms("mx") == written[-1].last_event_ms
        sink.submit([mail(100, T0 + DAY_MS)])
    assert len(asked(tmp_path)) == 41


def test_a_file_left_over_from_a_drop_is_deleted(tmp_path: Path) -> None:
    """Where the process ended between forgetting a file and deleting it, the next start deletes it."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0), mail(2, T0 + WEEK_MS)])
        sink._catalog.drop([sink._catalog.partitions[-1]])
    assert len(files(tmp_path)) == 2
    with writing(tmp_path):
        assert len(files(tmp_path)) == 1
    assert asked(tmp_path) == [mail(2, T0 + WEEK_MS).id]


# Traces that cannot be stored -----------------------------------------------------------------------------------------------------


def test_a_trace_that_cannot_be_stored_is_told_of_and_the_rest_is_stored(tmp_path: Path) -> None:
    """A bad id or number refuses that trace only, with the reason."""
    told: list[tuple[str, str]] = []
    bad_id, too_great = mail(1, T0), mail(2, T0, reply_code=1 << 70)
    bad_id.id = "nonsense"
    with writing(tmp_path, on_refused=lambda trace, why: told.append((trace.id, why))) as sink:
        ticket = sink.submit([bad_id, mail(3, T0), too_great])
        assert sink.acknowledged() == [ticket]
        assert sink.refused == 2
    assert [one for one, _ in told] == ["nonsense", too_great.id]
    assert all(why for _, why in told)
    assert asked(tmp_path) == [mail(3, T0).id]


def test_bytes_that_are_no_text_are_kept_readably(tmp_path: Path) -> None:
    """Lone surrogates, which stand for undecodable bytes, are written out, and the trace is found."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0, subject="caf\udce9", sender="a\udcff@example.org", sender_domain="example.org")])
        assert sink.find(["q:mx/Q1"])[0].subject == "caf\\udce9"
    with closing(EmbeddedEngine(tmp_path)) as engine:
        assert engine.count(Query(sender=("a*@example.org",)), EVERYTHING) == 1


def test_a_batch_that_fails_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database refuses in the middle of a batch, nothing of it is there, and the next batch is written."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0, client_ip="192.0.2.1")])
        with monkeypatch.context() as patch:
            patch.setattr(Changes, "write", _full_disk)
            with pytest.raises(sqlite3.OperationalError):
                sink.submit([mail(2, T0, client_ip="192.0.2.2")])
        sink.submit([mail(3, T0, client_ip="192.0.2.2")])
    with closing(EmbeddedEngine(tmp_path)) as engine:
        assert {trace.id for trace in engine.walk(Query(), EVERYTHING)} == {mail(1, T0).id, mail(3, T0).id}
        assert [trace.id for trace in engine.walk(Query(client=("192.0.2.2",)), EVERYTHING)] == [mail(3, T0).id]
    assert_summaries_agree(tmp_path)


def _full_disk(*_: object) -> None:
    """Stand in for a statement that fails."""
    raise sqlite3.OperationalError("database or disk is full")


# Copies, schema and layout -----------------------------------------------------------------------------------------------------------


def test_a_copy_taken_while_writing_is_a_store_of_its_own(tmp_path: Path) -> None:
    """The copy holds what was acknowledged before, and can be written to; a folder that is not empty is refused."""
    source, target = tmp_path / "store", tmp_path / "copy"
    with writing(source, traces_per_file=3) as sink:
        sink.submit([mail(number, T0 + number) for number in range(4)])
        sink.submit([mail(10, T0 + 10)])
        sink.note_progress({"mx": 3})
        assert copy_to(source, target) == [CATALOG, *reversed(files(source))]
        sink.submit([mail(11, T0 + 11)])
    assert len(asked(target)) == 5
    with writing(target) as copied:
        assert copied.newest_ms("mx") == mail(10, T0 + 10).last_event_ms
        copied.submit([mail(12, T0 + 12)])
    assert len(asked(target)) == 6
    with pytest.raises(StoreError, match="not empty"):
        copy_to(source, target)
    with pytest.raises(StoreError, match="no store"):
        copy_to(tmp_path / "nowhere", tmp_path / "other")


def made_by_version(path: Path, version: int) -> None:
    """Make a file as the release with this schema version made it, with two refused traces."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size=8192")
        connection.execute("PRAGMA journal_mode=WAL")
        schema.migrate(connection, path, schema.PARTITION_STEPS[:version])
        packer = packing.Packer.for_writing(connection)
        connection.execute("INSERT INTO meta VALUES('lower_ms', ?)", (T0,))
        for number in (1, 2):
            trace = mail(number, T0 + number, disposition=Disposition.BOUNCED, reply_code=550)
            connection.execute(
                "INSERT INTO trace(id, version, disposition, verdict, direction, reply_code, head)"
                " VALUES(?, 1, 'bounced', 'clean', 'inbound', 550, ?)",
                (identity.to_bytes(trace.id), packer.pack(packing.encode_head(trace))),
            )
            connection.execute("INSERT INTO detail VALUES(?, ?)", (identity.to_bytes(trace.id), packer.pack(packing.encode_events([]))))


def test_a_file_of_the_version_before_is_brought_up_to_date(tmp_path: Path) -> None:
    """A store of the former schema is refused to readers in words, migrated by the writer, and then complete."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0 + 1)])
    path = tmp_path / files(tmp_path)[0]
    path.unlink()
    made_by_version(path, len(schema.PARTITION_STEPS) - 1)
    with closing(EmbeddedEngine(tmp_path)) as engine, pytest.raises(StoreError, match="older release"):
        engine.codes_seen(EVERYTHING)
    with writing(tmp_path):
        pass
    with closing(EmbeddedEngine(tmp_path)) as engine:
        assert engine.codes_seen(EVERYTHING) == [(550, None, 2)]
        assert len(list(engine.walk(Query(code=("5",)), EVERYTHING))) == 2


@pytest.mark.parametrize("which", [CATALOG, "traces"])
def test_a_newer_schema_is_refused_in_words(tmp_path: Path, which: str) -> None:
    """Neither writer nor reader touches a file of a later release."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0)])
    path = tmp_path / (CATALOG if which == CATALOG else files(tmp_path)[0])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(StoreTooNew, match="schema version 99"):
        EmbeddedSink(tmp_path)
    with closing(EmbeddedEngine(tmp_path)) as engine, pytest.raises(StoreTooNew):
        engine.count(Query(sender=("a",)), EVERYTHING)


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A migration is whole or not at all."""
    path = tmp_path / "traces.sqlite"

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half(done)")
        raise sqlite3.OperationalError("stopped")

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        register(connection)
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(connection, path, [*schema.PARTITION_STEPS, broken])
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.PARTITION_STEPS),)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)


def test_traces_packed_by_an_earlier_release_are_read(tmp_path: Path) -> None:
    """Fields that were added, moved or taken away since do not hinder reading, also in one file with newer ones."""
    script = textwrap.dedent(
        """
        import pathlib, sys
        from mappings.embedded import packing
        order = tuple(reversed(packing.CURRENT.trace))
        packing.CURRENT = packing.Layout(tuple(n for n in order if n != "score"), tuple(n for n in packing.CURRENT.event if n != "file"))
        encode = packing.msgspec.msgpack.encode
        packing.encode_head = lambda trace: encode([getattr(trace, n) for n in packing.CURRENT.trace])
        packing.encode_events = lambda events: encode([[getattr(e, n) for n in packing.CURRENT.event] for e in events])
        from ingest.sinks.embedded import EmbeddedSink
        import generate
        sink = EmbeddedSink(pathlib.Path(sys.argv[1]))
        sink.submit(generate.traces(4, 20))
        sink.close()
        """
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, cwd=Path(__file__).parents[1])
    reference = ReferenceStore()
    reference.submit(generate.traces(4, 20))
    with closing(EmbeddedEngine(tmp_path)) as engine:
        before = {trace.id for trace in engine.walk(Query(), EVERYTHING)}
        with writing(tmp_path) as sink:
            sink.submit([mail(1, generate.START_MS + 1)])
            # The same open engine meets a layout that is newer than its file was.
            assert len(list(engine.walk(Query(), EVERYTHING))) == len(before) + 1
        for one in before:
            trace = engine.get(one, EVERYTHING)
            assert trace is not None
            expected = reference.traces[one]
            assert trace.events == [msgspec.structs.replace(event, file="") for event in expected.events]
            assert (trace.sender, trace.keys, trace.verdict, trace.score) == (expected.sender, expected.keys, expected.verdict, None)
