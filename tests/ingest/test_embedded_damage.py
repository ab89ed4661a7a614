"""A store whose files are lost or damaged: what is damaged is put aside and told, the rest is searched and written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from embedded_samples import DAY_MS, T0, asked, files, mail, writing

from ingest.sinks.embedded import WEEK_MS
from mappings.embedded import StoreError, catalog
from mappings.embedded.catalog import NAME as CATALOG
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING, Scope
from search.times import utc_words

#: Enough that a file has pages in the middle which an ordinary start does not look at.
MANY = 200
WEEKS = 3
HELD = [[mail(week * MANY + n, T0 + week * WEEK_MS + n * 1000, subject=f"subject {n} " * 20) for n in range(MANY)] for week in range(WEEKS)]
OWN = Scope(frozenset({"example.net"}))

Harm = Callable[[Path], None]


def deleted(path: Path) -> None:
    """Remove the file."""
    path.unlink()


def emptied(path: Path) -> None:
    """Leave the name, and nothing in it."""
    os.truncate(path, 0)


def overwritten(path: Path) -> None:
    """Write over the first bytes."""
    with path.open("r+b") as file:
        file.write(b"no database, no database")


def cut(path: Path) -> None:
    """Cut the file in the middle of a page."""
    os.truncate(path, path.stat().st_size // 2 + 100)


def scribbled(path: Path) -> None:
    """Write over all pages but the first ones."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(5 * 8192)
        file.write(b"\xa5" * (size - 5 * 8192))


def packed_wrong(path: Path) -> None:
    """Change packed values, which the database itself cannot notice."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE trace SET head = x'01ffffff'")
        connection.execute("UPDATE block SET packed = x'01ffffff'")


HARMS = (deleted, emptied, overwritten, cut, scribbled, packed_wrong)
#: What of these a look at every trace must notice in the catalog.
TO_CATALOG = (deleted, emptied, overwritten, cut)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three weeks, a file each."""
    folder = tmp_path_factory.mktemp("sound") / "store"
    with writing(folder) as sink:
        for batch in HELD:
            sink.submit(batch)
        sink.note_progress({"mx": 5})
        sink.flush()
    assert len(files(folder)) == WEEKS
    return folder


@pytest.fixture
def store(sound: Path, tmp_path: Path) -> Path:
    """A store of three weeks, to be harmed."""
    return Path(shutil.copytree(sound, tmp_path / "store"))


def searched(folder: Path, query: Query = Query(), scope: Scope = EVERYTHING) -> tuple[set[str], bool, list[str]]:  # noqa: B008
    """The ids found, whether that is said to be all, and what is said about it; all that an engine can be asked is asked."""
    with closing(EmbeddedEngine(folder)) as engine:
        ids = {trace.id for trace in engine.walk(query, scope)}
        engine.count(query, scope)
        engine.codes_seen(scope)
        engine.find(["q:mx/Q1"], scope)
        engine.over_time(query, scope, [T0 + hour * 3_600_000 for hour in range(24 * 22)])
        engine.by_domain(query, scope, "recipient")
        engine.state()
        page = engine.search(query, scope, limit=10_000)
        assert {trace.id for trace in page.traces} == ids
        return ids, page.complete, page.warnings


def begins(week: int) -> str:
    """The time at which a week begins."""
    return utc_words(T0 + week * WEEK_MS)


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("week", [0, 2], ids=["oldest", "newest"])
def test_readers_search_the_rest_and_name_the_range(store: Path, harm: Harm, week: int) -> None:
    """Without a writer: the other weeks are found, the answer is incomplete, and says which time is lacking; other times are whole."""
    name = files(store)[week]
    harm(store / name)
    ids, complete, warnings = searched(store)
    rest = {trace.id for number, batch in enumerate(HELD) if number != week for trace in batch}
    assert ids == rest
    assert not complete
    assert [warning for warning in warnings if name in warning and "doctor" in warning and f"from {begins(week)}" in warning]
    # A caller who does not see everything is told the time and no name.
    _, complete, told = searched(store, scope=OWN)
    # Of none of his mail is there a packed value that he could meet.
    assert harm is packed_wrong or not complete
    assert bool(told) != complete
    assert not [one for one in told if "sqlite" in one or str(store) in one]
    # Questions about other times are answered whole.
    other = Query(since_ms=T0 + WEEK_MS, until_ms=T0 + 2 * WEEK_MS)
    ids, complete, warnings = searched(store, other)
    assert (ids, complete, warnings) == ({trace.id for trace in HELD[1]}, True, [])


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("week", [0, 2], ids=["oldest", "newest"])
def test_a_writer_puts_it_aside_and_goes_on(store: Path, harm: Harm, week: int) -> None:
    """The file is renamed, not deleted; its range is written anew; every answer about it says what was lost, until it is read again."""
    name = files(store)[week]
    harm(store / name)
    before = (store / name).read_bytes() if (store / name).exists() else None
    with writing(store) as sink:
        # Looks into every file.
        assert [trace.id for trace in sink.find(["q:mx/Q250"])] == [HELD[1][50].id]
        sink.find([key for trace in HELD[week] for key in trace.keys])
        late = mail(9_000, T0 + week * WEEK_MS + DAY_MS, subject="late")
        sink.submit([late])
        sink.flush()
        assert len(sink.acknowledged()) == 1
        aside = list(store.glob("*.damaged"))
        assert [path.name for path in aside] == ([] if before is None else [f"{name}.damaged"])
        if before is not None:
            assert aside[0].stat().st_size == len(before)
        rest = {trace.id for number, batch in enumerate(HELD) if number != week for trace in batch}
        ids, complete, warnings = searched(store)
        assert ids == rest | {late.id}
        assert not complete
        assert name in warnings[0]
    with writing(store) as sink:
        assert sink.notes == []
        assert not searched(store)[1]
        lower = T0 + week * WEEK_MS
        sink.submit(HELD[week])
        # The logs began an hour after the range: only that hour is lacking still.
        sink.read_again(lower + 3_600_000, lower + WEEK_MS)
        assert not searched(store)[1]
        assert searched(store, Query(since_ms=lower + 3_600_000))[1:] == (True, [])
        sink.read_again(lower, lower + WEEK_MS)
    assert searched(store) == ({trace.id for batch in HELD for trace in batch} | {late.id}, True, [])


@pytest.mark.parametrize("harm", [deleted, emptied, overwritten, cut, scribbled], ids=lambda harm: harm.__name__)
def test_harm_while_it_is_written_and_read(store: Path, harm: Harm) -> None:
    """A file that is harmed under an open writer and an open reader ends neither; what is written afterwards is there."""
    with writing(store) as sink, closing(EmbeddedEngine(store)) as engine:
        assert engine.count(Query(), EVERYTHING) == MANY * WEEKS
        list(engine.walk(Query(), EVERYTHING))
        newest = store / files(store)[-1]
        # The log is copied back and begun anew, else it would still hold everything.
        sink._there.file(sink._there.catalog.partitions[0]).copy_back()
        harm(newest)
        found = {trace.id for trace in engine.walk(Query(), EVERYTHING)}
        assert {trace.id for trace in HELD[0] + HELD[1]} <= found
        for number in range(20):
            sink.submit([mail(9_000 + number, T0 + 2 * WEEK_MS + number, subject="after")])
            sink.find([trace.keys[0] for trace in HELD[2][:: MANY // 20]])
        sink.flush()
    ids, complete, warnings = searched(store)
    if not newest.with_name(f"{newest.name}.damaged").exists() and harm is not deleted:
        # All of it was in memory, and has been written back.
        assert complete
    else:
        assert not complete
        assert newest.name in warnings[0]
    assert {mail(9_000 + number, T0 + 2 * WEEK_MS + number).id for number in range(1, 20)} <= ids


@pytest.mark.parametrize("harm", [*TO_CATALOG, scribbled], ids=lambda harm: harm.__name__)
def test_a_damaged_catalog_heals_as_a_deleted_one_does(store: Path, harm: Harm) -> None:
    """Readers search what is there and say so; the next writer makes it anew, and nothing is lacking then."""
    with closing(sqlite3.connect(store / CATALOG)) as connection, connection:
        # Long enough to be cut, and to have pages in the middle.
        connection.executemany("INSERT INTO progress VALUES(?, 1)", [(f"host-{number:05}",) for number in range(5_000)])
    everything = {trace.id for batch in HELD for trace in batch}
    harm(store / CATALOG)
    ids, complete, warnings = searched(store)
    assert ids == everything
    if not complete:
        assert CATALOG in warnings[0]
        assert CATALOG not in "".join(searched(store, scope=OWN)[2])
    with writing(store) as sink:
        sink.note_progress({"mx": 9, "host-04000": 4})
        sink.submit([mail(9_000, T0 + DAY_MS, subject="late")])
    ids, complete, warnings = searched(store)
    assert len(ids) == MANY * WEEKS + 1
    assert (complete, warnings) == (True, [])
    with closing(EmbeddedEngine(store)) as engine:
        assert engine.state().read_up_to_ms["mx"] == 9


@pytest.mark.parametrize("harm", [deleted, emptied, overwritten, scribbled], ids=lambda harm: harm.__name__)
def test_a_catalog_harmed_while_it_is_open_is_written_anew(store: Path, harm: Harm) -> None:
    """What the writer knows of it is kept: files, what retention dropped, what is lacking."""
    (store / files(store)[1]).unlink()
    with writing(store, span_ms=WEEK_MS) as sink:
        sink.retention(2 * WEEK_MS, T0 + 3 * WEEK_MS)
        sink.find(["q:mx/Q1"])
        harm(store / CATALOG)
        for second in range(30):
            sink.note_progress({f"source-{second}-{number}": 1 for number in range(200)})
        sink.submit([mail(9_000, T0 + DAY_MS), mail(9_001, T0 + 3 * WEEK_MS)])
        assert sink.older_than_kept == 1
        ids, complete, warnings = searched(store)
    assert ids == {trace.id for trace in HELD[2]} | {mail(9_001, T0 + 3 * WEEK_MS).id}
    assert not complete
    assert "is missing" in warnings[0]


def test_a_catalog_made_anew_knows_what_was_put_aside(store: Path) -> None:
    """Where the catalog is lost after a file was put aside, answers still say that its time is lacking."""
    overwritten(store / files(store)[0])
    with writing(store):
        pass
    (store / CATALOG).unlink()
    with writing(store):
        pass
    ids, complete, warnings = searched(store)
    assert ids == {trace.id for batch in HELD[1:] for trace in batch}
    assert not complete
    assert ".damaged" in warnings[0]


def test_retention_forgets_what_is_lacking_and_keeps_what_was_put_aside(store: Path) -> None:
    """What would be deleted by now is no longer told as lacking; the file that was put aside is nobody's to delete."""
    overwritten(store / files(store)[0])
    with writing(store) as sink:
        assert not searched(store)[1]
        sink.retention(WEEK_MS, T0 + 3 * WEEK_MS)
    assert searched(store)[1:] == (True, [])
    assert len(list(store.glob("*.damaged"))) == 1


def test_a_trace_of_a_time_that_is_lacking_is_not_said_not_to_be(store: Path) -> None:
    """To ask for one trace of it says what is lacking, to a scoped caller without names; one of another time is just unknown."""
    overwritten(store / files(store)[0])
    with closing(EmbeddedEngine(store)) as engine:
        for scope in (EVERYTHING, OWN):
            with pytest.raises(StoreError, match="is lacking"):
                engine.get(HELD[0][7].id, scope)
        assert engine.get(mail(77_777, T0 + WEEK_MS + 1).id, EVERYTHING) is None
        assert engine.get(HELD[1][7].id, EVERYTHING) is not None


UNREADABLE = """
import os, pathlib, sys
from embedded_samples import writing
from mappings.faults import StoreAway
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING
if os.geteuid() == 0:
    os.setuid(65534)
folder = pathlib.Path(sys.argv[1])
engine = EmbeddedEngine(folder)
page = engine.search(Query(), EVERYTHING, limit=10_000)
print(len(page.traces), page.complete, page.warnings)
try:
    with writing(folder):
        pass
except StoreAway as error:
    print(error)
"""


def test_a_file_without_rights_is_read_around_and_waited_for(store: Path) -> None:
    """It is sound for all we know, so it is not put aside: readers answer without it and say so, the writer waits until it has them."""
    lost = store / files(store)[1]
    if os.geteuid() == 0:
        # Whom the script becomes must be able to come here.
        for path in [*store.parents][:-1]:
            path.chmod(path.stat().st_mode | 0o055)
    for path in [store, *store.iterdir()]:
        path.chmod(0o777)
    lost.chmod(0)
    done = subprocess.run(
        [sys.executable, "-c", UNREADABLE, str(store)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    answer, waits = done.stdout.splitlines()
    assert answer.startswith(f"{2 * MANY} False")
    assert "cannot be read now" in answer
    assert "cannot be used now" in waits
    assert lost.name in waits
    assert not list(store.glob("*.damaged*"))
    lost.chmod(0o600)
    assert searched(store)[1]


def test_a_column_of_text_that_holds_none_is_damage(store: Path) -> None:
    """Bytes that are no text, which Python refuses and not the database, are told as damage by reader and writer."""
    with closing(sqlite3.connect(store / files(store)[0])) as connection, connection:
        connection.execute("UPDATE trace SET disposition = CAST(x'fffe' AS TEXT)")
        connection.execute("UPDATE log_domain SET name = CAST(x'fffe' AS TEXT)")
    with closing(EmbeddedEngine(store)) as engine:
        engine.over_time(Query(), EVERYTHING, [T0, T0 + 1234, T0 + 2 * WEEK_MS])
        assert len(engine.lacking(EVERYTHING)) == 1
    with writing(store) as sink:
        assert len(sink.notes) == 1


def test_a_file_put_aside_twice_keeps_both(store: Path) -> None:
    """A second file of the same name is put aside under another one."""
    name = files(store)[0]
    for _ in range(2):
        overwritten(store / name)
        with writing(store) as sink:
            sink.submit(HELD[0])
    assert sorted(path.name for path in store.glob("*.damaged*")) == [f"{name}.damaged", f"{name}.damaged-2"]
    assert len(asked(store)) == MANY * WEEKS


def test_names_tell_where_ranges_begin() -> None:
    """The name of a file and its range agree, to the end of the calendar and beyond."""
    for lower in (0, 1, T0, T0 + 12_345, catalog.END_OF_TIME - 1):
        assert catalog.lower_of(catalog.file_name(lower)) == lower
    assert catalog.lower_of("traces-99999999T999999.000.sqlite") is None
    assert catalog.lower_of("catalog.sqlite") is None
