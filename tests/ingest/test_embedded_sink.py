"""The embedded store's files: ranges, retention, one writer and many readers."""

from __future__ import annotations

import itertools
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from embedded_samples import DAY_MS, T0, asked, files, ids_in, mail, writing

from ingest.sinks import embedded_files
from ingest.sinks.embedded import WEEK_MS, EmbeddedSink
from mappings.embedded import StoreLocked
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING

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


def test_a_full_file_gives_way_though_every_batch_has_something_old(tmp_path: Path) -> None:
    """On a busy server messages of some minutes end at the same time: the newer ones of a batch begin the new file."""
    with writing(tmp_path, traces_per_file=20) as sink:
        for start in range(0, 100, 10):
            # Each batch reaches behind what the last one wrote.
            sink.submit([mail(number, T0 + (number - 15 * (number % 2)) * 1000 + number) for number in range(start, start + 10)])
    held = [ids_in(tmp_path / name) for name in files(tmp_path)]
    assert len(held) > 3
    assert max(map(len, held)) < 40
    assert [*itertools.chain(*held)] == sorted(itertools.chain(*held))
    assert len(asked(tmp_path)) == 100


def test_files_between_files_share_what_is_free(tmp_path: Path) -> None:
    """A file begun between two others takes only the range that neither has."""
    with writing(tmp_path, span_ms=10_000, traces_per_file=1) as sink:
        for offset in (15_000, 16_000, 5_000, 35_000, 25_000, 19_999, 20_000, 9_999):
            sink.submit([mail(offset, T0 + offset)])
            sink.submit([mail(offset + 1, T0 + offset)])
        ranges = sorted((p.lower_ms, p.upper_ms) for p in sink._there.catalog.partitions)
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


def test_the_log_is_copied_back_and_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed reaches the file itself, beside the writer and, when the log is long, by the writer."""
    monkeypatch.setattr(embedded_files, "LOG_LIMIT_BYTES", 1)
    with writing(tmp_path) as sink:
        for number in range(20):
            sink.submit([mail(number, T0 + number, subject="x" * 20_000 + str(number))])
        path = tmp_path / files(tmp_path)[0]
        # Without its log the file has everything but perhaps nothing of the last commit.
        with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
            assert connection.execute("SELECT count(*) FROM trace").fetchone()[0] >= 19


def test_reading_and_writing_at_once(tmp_path: Path) -> None:
    """A reader that asks without a pause while batches are written sees each state whole: rows in order, never fewer."""
    done = threading.Event()
    seen: list[list[str]] = []

    def read() -> None:
        with closing(EmbeddedEngine(tmp_path)) as engine:
            while True:
                last = done.is_set()
                seen.append([trace.id for trace in engine.walk(Query(), EVERYTHING)])
                if last:
                    return

    with ThreadPoolExecutor(1) as pool, writing(tmp_path, traces_per_file=100) as sink:
        reading = pool.submit(read)
        for start in range(0, 1000, 20):
            sink.submit([mail(number, T0 + number) for number in range(start, start + 20)])
        done.set()
        reading.result(30)
    assert all(ids == sorted(set(ids), reverse=True) for ids in seen)
    assert [len(ids) for ids in seen] == sorted(len(ids) for ids in seen)
    assert len(seen[-1]) == 1000
