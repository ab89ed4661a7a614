"""The embedded store when things go wrong or age: crashes, bad traces, copies, older and newer files."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from contextlib import closing
from pathlib import Path

import generate
import msgspec
import pytest
from embedded_samples import DAY_MS, T0, asked, begin_before_blocks, files, mail, put_before_blocks, writing
from reference import ReferenceStore

from ingest.sinks.embedded import WEEK_MS, EmbeddedSink
from ingest.sinks.embedded_summaries import REFUSED, Changes
from mappings.embedded import StoreError, StoreTooNew, copy_to, packing, schema
from mappings.embedded.catalog import NAME as CATALOG
from mappings.embedded.columns import domain_value
from mappings.embedded.copying import Copied
from mappings.embedded.functions import register
from mappings.vocabulary import Disposition
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING

# Crashes ------------------------------------------------------------------------------------------------------------------------

WRITER = """
import pathlib, sys
sys.path.append("tests")
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
        [sys.executable, "-c", WRITER, str(tmp_path), str(seed)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
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
        ranges = [(p.file, p.lower_ms) for p in sink._there.catalog.partitions]
    (tmp_path / CATALOG).unlink()
    with writing(tmp_path, traces_per_file=5) as sink:
        assert [(p.file, p.lower_ms) for p in sink._there.catalog.partitions] == ranges
        assert sink.newest_ms("mx") == written[-1].last_event_ms
        sink.submit([mail(100, T0 + DAY_MS)])
    assert len(asked(tmp_path)) == 41


def test_a_file_left_over_from_a_drop_is_deleted(tmp_path: Path) -> None:
    """Where the process ended between forgetting a file and deleting it, the next start deletes it."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0), mail(2, T0 + WEEK_MS)])
        sink._there.catalog.drop([sink._there.catalog.partitions[-1]])
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
        sink.flush()
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
            with pytest.raises(StoreError, match="disk is full"):
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
        assert copy_to(source, target) == Copied([CATALOG, *reversed(files(source))], [])
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
        packer = begin_before_blocks(connection, path, version)
        for number in (1, 2):
            put_before_blocks(connection, packer, mail(number, T0 + number, disposition=Disposition.BOUNCED, reply_code=550))


def test_a_file_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """A store of an older schema is refused to readers in words, migrated by the writer, and then complete."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0 + 1)])
    path = tmp_path / files(tmp_path)[0]
    path.unlink()
    made_by_version(path, 1)
    with closing(EmbeddedEngine(tmp_path)) as engine, pytest.raises(StoreError, match="older release"):
        engine.codes_seen(EVERYTHING)
    with writing(tmp_path):
        pass
    with closing(EmbeddedEngine(tmp_path)) as engine:
        assert engine.codes_seen(EVERYTHING) == [(550, None, 2)]
        assert len(list(engine.walk(Query(code=("5",)), EVERYTHING))) == 2


def test_a_file_that_lacks_only_a_mark_is_read_as_it_is(tmp_path: Path) -> None:
    """Versions 3 to 5 are for writers: readers need not wait for one, who marks the file, so that older releases leave it alone."""
    with writing(tmp_path) as sink:
        sink.submit([mail(1, T0 + 1)])
    path = tmp_path / files(tmp_path)[0]
    path.unlink()
    made_by_version(path, 2)
    with closing(EmbeddedEngine(tmp_path)) as engine:
        assert len(list(engine.walk(Query(code=("5",)), EVERYTHING))) == 2
    with writing(tmp_path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.PARTITION_STEPS),)


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
        sys.path.append("tests")
        from mappings.embedded import packing
        order = tuple(reversed(packing.CURRENT.trace))
        event = (*(n for n in packing.CURRENT.event if n != "file"), "words", "names")
        packing.CURRENT = packing.Layout(tuple(n for n in order if n != "score"), event)
        encode = packing.msgspec.msgpack.encode
        packing.encode_head = lambda trace: encode([getattr(trace, n) for n in packing.CURRENT.trace])
        packing.encode_journey = lambda trace: encode([[getattr(e, n, n) for n in event] for e in trace.events])
        from ingest.sinks.embedded import EmbeddedSink
        import generate
        sink = EmbeddedSink(pathlib.Path(sys.argv[1]))
        sink.submit(generate.traces(4, 20))
        sink.close()
        """
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, cwd=Path(__file__).parents[2])
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
            assert (trace.next_ids, trace.hops, trace.decided) == (expected.next_ids, [], None)
