"""Columnar copies of the files of the embedded store: they change no count, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path
from random import Random

import generate
import pytest
from embedded_samples import mail, writing
from generate import traces
from msgspec.structs import replace
from reference import ReferenceStore

from ingest.sinks.embedded import WEEK_MS
from ingest.sinks.embedded_columnar import make
from ingest.sinks.embedded_copies import CopyRules
from mappings.criteria import BY_WORD
from mappings.embedded import columnar, copy_to
from mappings.embedded.checkup import Checkup
from mappings.embedded.columnar import CopyLabel
from mappings.patterns import words_of
from mappings.trace import Trace
from mappings.vocabulary import Disposition, Reason
from search.engines import embedded_counting
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING, Scope
from search.sorting import Sort

pytest.importorskip("duckdb")

#: Copies of every file, made when the test asks for them.
BY_HAND = CopyRules(least=1, lacking=0, share=0.0, by_itself=False)
FIELDS = sorted({criterion.counted for criterion in BY_WORD.values() if criterion.counted is not None})
T0 = generate.START_MS
#: One file has all.
ALL_MS = 1 << 42


def copies_of(folder: Path) -> list[Path]:
    """The copies in a store."""
    return sorted(folder.glob(f"*{columnar.SUFFIX}*"))


def file_of(folder: Path) -> Path:
    """The only file of a store."""
    [found] = folder.glob("traces-*.sqlite")
    return found


@pytest.fixture(scope="module")
def written() -> list[Trace]:
    """Traces of all kinds."""
    return traces(seed=21, count=300)


#: References by the traces that they hold: most tests ask the same of the same, and it remembers what fits.
_REFERENCES: dict[tuple[str, ...], ReferenceStore] = {}


def reference_of(written: list[Trace]) -> ReferenceStore:
    """The plain reference with these traces."""
    known = tuple([trace.id for trace in written])
    if known not in _REFERENCES:
        _REFERENCES[known] = ReferenceStore()
        _REFERENCES[known].submit(written)
    return _REFERENCES[known]


@pytest.fixture
def half(tmp_path: Path, written: list[Trace]) -> Path:
    """A store whose copy was made when half of the traces were there; the other half came later, and changed some of the first."""
    folder = tmp_path / "store"
    with writing(folder, span_ms=ALL_MS, copies=BY_HAND) as sink:
        sink.submit(written[:150])
        assert sink.make_copies() == 1
        sink.submit(written[150:])
    return folder


def same(folder: Path, written: list[Trace], *, used: bool, seed: int = 1) -> None:
    """All counts are those of the plain reference, with or without copies having been asked."""
    reference = reference_of(written)
    chance = Random(seed)
    with closing(EmbeddedEngine(folder)) as engine:
        for number, field in enumerate(FIELDS):
            query = generate.query(chance, written) if number % 2 else Query()
            scope = generate.scope(chance)
            beside = chance.choice(("disposition", "size", "recipient_domain", "client_name", "queue_ids"))
            for asker in (EVERYTHING, scope) if number % 3 else (scope,):
                assert engine.top(query, asker, field, 5) == reference.top(query, asker, field, 5), (query, asker, field)
                fields = [field] if field == beside else [field, beside]
                assert engine.tally(query, asker, fields) == reference.tally(query, asker, fields), (query, asker, fields)
                assert engine.count(query, asker) == reference.count(query, asker), (query, asker)
        edges = sorted(chance.sample(range(T0 - 5, T0 + WEEK_MS), 12))
        for fields in ([], ["disposition"], ["queue_ids"]):
            found, expected = (one.tally_over_time(Query(), EVERYTHING, edges, fields) for one in (engine, reference))
            assert found == expected, (edges, fields)
        assert bool(engine.copies_asked) == used


def test_a_copy_and_the_rows_behind_it_give_every_count(half: Path, written: list[Trace]) -> None:
    """Half of it is in the copy, some of that has changed since."""
    same(half, written, used=True)
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        assert sink.make_copies() == 1
    assert len(copies_of(half)) == 1
    same(half, written, used=True, seed=2)


def as_listed(engine: EmbeddedEngine | ReferenceStore, query: Query, edges_ms: list[int]) -> object:
    """What a page shows of a question: its first rows and the next ones, in both orders, their number, and the chart."""
    pages = []
    for sort in (Sort.NEWEST, Sort.OLDEST):
        ordered = replace(query, sort=sort)
        first = engine.search(ordered, EVERYTHING, limit=4, cursor=None)
        following = engine.search(ordered, EVERYTHING, limit=4, cursor=first.next) if first.next else first
        pages.append(([one.id for one in first.traces], first.total, [one.id for one in following.traces]))
    counted = engine.over_time(query, EVERYTHING, edges_ms)
    return pages, engine.count(query, EVERYTHING), counted.counts, counted.from_ms


@pytest.mark.parametrize("few", [0, 2, 100])
def test_what_words_find_is_remembered_and_stays_true(
    tmp_path: Path, written: list[Trace], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies are asked once for a page; what is written meanwhile, changed, or copied anew is in the next one, in every range of time.

    However many are few, so that an index is asked in place of the copies: words are found by both at once.
    """
    monkeypatch.setattr(embedded_counting, "_FEW", few)
    folder = tmp_path / "store"
    texts = sorted({word for trace in written for text in (trace.subject, trace.reply_text) if text for word in words_of(text)})
    chance = Random(7)
    names = sorted({name for trace in written if trace.recipient and (name := trace.recipient.partition("@")[0]).isalnum()})
    asked = [Query(query=f'"{word}"') for word in (*chance.sample(texts, 6), *chance.sample(names, 3))]
    # Two indexes lead to what fits both, and none to what fits either of them together with a word.
    both = Counter((trace.recipient_domain, trace.disposition.value) for trace in written if trace.disposition is not Disposition.DELIVERED)
    [((domain, disposition), _)] = both.most_common(1)
    asked.append(Query(query=f'"{asked[0].query[1:-1]}" or (recipient_domain: "{domain}" and disposition: {disposition})'))
    with writing(folder, span_ms=ALL_MS, copies=BY_HAND) as sink, closing(EmbeddedEngine(folder)) as engine:
        for end in (150, 200, 300):
            sink.submit(written[:end] if end == 150 else written[end - 100 : end])
            if end != 200:
                sink.make_copies()
            reference = ReferenceStore()
            reference.submit(written[:end])
            for query, since_ms in product(asked, (None, T0 + WEEK_MS // 3)):
                ranged = replace(query, since_ms=since_ms)
                edges = sorted(chance.sample(range(since_ms or T0 - 5, T0 + WEEK_MS), 5))
                for _ in range(2):
                    assert as_listed(engine, ranged, edges) == as_listed(reference, ranged, edges), ranged
        assert engine.copies_asked


def test_what_changed_is_counted_as_it_is_now(tmp_path: Path) -> None:
    """A new verdict, one that is superseded, one that comes late, and one that is new."""
    first = [mail(number, T0 + number * 1000, disposition=Disposition.DEFERRED, visible_to=["a.example"]) for number in range(6)]
    with writing(tmp_path, span_ms=ALL_MS, copies=BY_HAND) as sink:
        sink.submit(first)
        sink.make_copies()
        late = mail(90, T0 + 500, disposition=Disposition.BOUNCED, reason=Reason.SPAM)
        changed = mail(1, first[1].time_ms, version=2, disposition=Disposition.DELIVERED, visible_to=["b.example"])
        gone = mail(2, first[2].time_ms, version=2, superseded_by=[late.id])
        sink.submit([late, changed, gone, mail(91, T0 + 9000)])
        with closing(EmbeddedEngine(tmp_path)) as engine:
            assert dict(engine.tally(Query(), EVERYTHING, ["disposition"])) == {
                ("deferred",): 4,
                ("bounced",): 1,
                ("delivered",): 1,
                ("unknown",): 1,
            }
            assert engine.count(Query(disposition=("deferred",)), Scope(frozenset({"a.example"}))) == 4
            assert engine.count(Query(disposition=("delivered",)), Scope(frozenset({"b.example"}))) == 1
            assert engine.copies_asked == 3


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database\n" * 5000)


def _cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _holes(path: Path) -> None:
    with path.open("r+b") as file:
        for position in range(20_000, path.stat().st_size, 4096):
            file.seek(position)
            file.write(b"\x5a" * 64)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [_garbage, _cut, _holes, _empty, Path.unlink])
def test_a_damaged_or_missing_copy_changes_no_count(half: Path, written: list[Trace], damage: Callable[[Path], None]) -> None:
    """All is counted from the rows; `doctor` tells of it; when it is deleted the next writer makes another one."""
    [copy] = copies_of(half)
    damage(copy)
    same(half, written, used=False)
    [fault] = [one for one in Checkup(half).copies() if one.why]
    assert fault.why.startswith("is missing" if damage is Path.unlink else "is damaged")
    copy.unlink(missing_ok=True)
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        assert sink.make_copies() == 1
    same(half, written, used=True)
    assert [one.why for one in Checkup(half).copies()] == [""]


@pytest.mark.parametrize("damage", [_garbage, _cut, _holes, _empty, Path.unlink])
def test_a_new_copy_takes_nothing_from_a_damaged_one(half: Path, written: list[Trace], damage: Callable[[Path], None]) -> None:
    """It is made of the rows alone, as the first one is."""
    damage(copies_of(half)[0])
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        assert sink.make_copies() == 1
    assert [one.why for one in Checkup(half).copies()] == [""]
    assert len(list(half.glob(f"*{columnar.SUFFIX}*"))) == 1
    same(half, written, used=True)


def test_copies_of_copies_hold_what_the_file_holds(tmp_path: Path, written: list[Trace]) -> None:
    """Each takes over what still holds, by what is new, changed, late and gone; the same as one that is made of all rows."""
    folder = tmp_path / "store"
    chance = Random(3)
    with writing(folder, span_ms=ALL_MS, copies=BY_HAND) as sink:
        for number in range(6):
            sink.submit(chance.sample(written, 90) if number else written[:60])
            assert sink.make_copies() == 1
        sink.submit(written)
        assert sink.make_copies() == 1
        path, [copy] = file_of(folder), copies_of(folder)
        with closing(sqlite3.connect(path)) as file:
            label = CopyLabel(columnar.new_token(), columnar.mark_of(file).border)
        make(path, label)
        shown = []
        for one in (copy, columnar.being_made(path, label.token)):
            with closing(columnar.connect(folder=folder)) as connection:
                connection.execute(f"ATTACH {columnar.quoted(str(one))} AS one (READ_ONLY)")
                seen = "list_sort(list(s.domain)) FROM one.sight AS s WHERE s.number = t.visible"
                rows = f"SELECT t.* EXCLUDE (visible), (SELECT {seen}) FROM one.trace AS t ORDER BY hi, lo"
                shown.append(connection.execute(rows).fetchall())
        assert shown[0] == shown[1]
    same(folder, written, used=True)


def test_a_copy_that_is_damaged_while_it_is_open_changes_no_count(half: Path, written: list[Trace]) -> None:
    """The reader lets go of it, and asks the rows."""
    [copy] = copies_of(half)
    with closing(EmbeddedEngine(half)) as engine:
        # Little of it has been read by now.
        assert engine.count(Query(disposition=("delivered",)), EVERYTHING) > 0
        assert engine.copies_asked == 1
        _holes(copy)
        reference = ReferenceStore()
        reference.submit(written)
        for field in FIELDS:
            assert engine.tally(Query(), EVERYTHING, [field]) == reference.tally(Query(), EVERYTHING, [field])


def test_a_copy_of_another_state_of_the_file_is_not_asked(half: Path, written: list[Trace], tmp_path: Path) -> None:
    """A file that was put back from a backup knows its copy by the token alone."""
    backup = tmp_path / "backup"
    copy_to(half, backup)
    assert copies_of(backup) == []
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        sink.submit([mail(1, T0, disposition=Disposition.BOUNCED)])
        sink.make_copies()
    [copy] = copies_of(half)
    copy.rename(columnar.beside(file_of(backup), columnar.mark_of(sqlite3.connect(file_of(backup))).token or ""))
    same(backup, written, used=False)


def test_a_copy_with_other_columns_is_made_anew(half: Path, written: list[Trace], monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an upgrade by which there is more to ask; until then the rows are asked."""
    monkeypatch.setattr(columnar, "_TAG", "0" * 8)
    same(half, written, used=False)
    [former] = copies_of(half)
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        assert sink.make_copies() == 1
    assert former not in copies_of(half)
    same(half, written, used=True)


def test_whoever_makes_a_copy_may_be_killed(half: Path, written: list[Trace]) -> None:
    """What it leaves behind is in nobody's way, and goes at the next start."""
    path = file_of(half)
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom ingest.sinks.embedded_columnar import make\n"
        "from mappings.embedded import columnar\nfrom mappings.embedded.columnar import CopyLabel\n"
        "columnar.Packer.row = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "make(Path(sys.argv[1]), CopyLabel('half', b'\\xff' * 16))\n"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -signal.SIGKILL
    assert [one.name for one in copies_of(half) if ".new" in one.name]
    same(half, written, used=True)
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        assert not [one.name for one in copies_of(half) if ".new" in one.name]
        assert sink.make_copies() == 1
    same(half, written, used=True)


def test_a_writer_that_is_killed_between_the_steps_loses_no_count(half: Path, written: list[Trace]) -> None:
    """A copy was begun, changes were noted for it, and it never came."""
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        file = next(iter(sink._there.all()))
        begun = file.begin_copy()
        sink.submit(traces(seed=22, count=40))
        make(file.path, CopyLabel("other", begun.border))
    with_more = [*written, *traces(seed=22, count=40)]
    same(half, with_more, used=True)
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        assert len(copies_of(half)) == 1
        sink.make_copies()
    same(half, with_more, used=True)


def test_counts_are_right_while_it_is_written_and_copied(tmp_path: Path) -> None:
    """Each answer is that of a state between two batches."""
    batches = [[mail(100 * batch + n, T0 + 10 * n + batch, sender=f"s{n % 7}@x.example") for n in range(50)] for batch in range(12)]
    stopped = threading.Event()
    seen: list[int] = []

    def asking() -> None:
        with closing(EmbeddedEngine(tmp_path)) as engine:
            while not stopped.is_set():
                seen.append(engine.tally(Query(), EVERYTHING, ["sender"]).total())

    with writing(tmp_path, span_ms=ALL_MS, copies=BY_HAND) as sink:
        sink.submit(batches[0])
        asker = threading.Thread(target=asking)
        asker.start()
        for number, batch in enumerate(batches[1:]):
            sink.submit(batch)
            if number % 4 == 1:
                sink.make_copies()
        stopped.set()
        asker.join()
    assert seen == sorted(seen)
    assert {one % 50 for one in seen} == {0}


def test_without_duckdb_all_is_counted_from_the_rows(half: Path, written: list[Trace], monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed: no copies are made, those that are there are let be, and their changes are noted all the same."""
    monkeypatch.setattr(columnar, "installed", lambda: False)
    same(half, written, used=False)
    more = traces(seed=23, count=30)
    with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
        sink.submit(more)
        assert sink.make_copies() == 0
    same(half, [*written, *more], used=False)
    monkeypatch.undo()
    same(half, [*written, *more], used=True)


def test_a_copy_goes_with_its_file(half: Path) -> None:
    """By retention, and when the file is put aside."""
    path = file_of(half)
    with writing(half, span_ms=ALL_MS) as sink:
        assert [one.file for one in sink.retention(1, ALL_MS + 2)] == [path.name]
    assert copies_of(half) == []


def test_a_copy_of_a_file_that_is_put_aside_goes(half: Path) -> None:
    """What was counted from a damaged file is not counted any more."""
    path = file_of(half)
    with path.open("r+b") as file:
        file.write(b"\x00" * 4096)
    with writing(half, span_ms=ALL_MS):
        pass
    assert copies_of(half) == []


def test_copies_are_for_their_owner_alone(half: Path) -> None:
    """As everything in the store, whatever the umask says."""
    former = os.umask(0)
    try:
        with writing(half, span_ms=ALL_MS, copies=BY_HAND) as sink:
            sink.make_copies()
    finally:
        os.umask(former)
    assert {one.stat().st_mode & 0o777 for one in copies_of(half)} == {0o600}
    assert {one.name.partition(".")[0] for one in half.iterdir()} == {file_of(half).name.partition(".")[0], "catalog", "writer"}


def test_duckdb_reads_nothing_but_the_store(half: Path, tmp_path: Path) -> None:
    """No other file, no network, no extension, and nobody can change that."""
    import duckdb

    (tmp_path / "other.csv").write_text("a\n1\n")
    with closing(columnar.connect(folder=half)) as connection:
        for statement in (
            f"SELECT * FROM read_csv('{tmp_path}/other.csv')",
            "SELECT * FROM read_csv('http://192.0.2.1/x.csv')",
            "INSTALL httpfs",
            "LOAD httpfs",
            f"ATTACH '{tmp_path}/new.db' AS other",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            "SET enable_external_access = true",
            "SET memory_limit = '100GB'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other.csv", "store"]


def test_it_makes_copies_by_itself_and_ends_at_once(tmp_path: Path) -> None:
    """Beside the writing, without being asked; who stops does not wait for one."""
    stop = threading.Event()
    rules = CopyRules(least=1, lacking=0, share=0.0, look_s=0.05, rest=0.0)
    with writing(tmp_path, span_ms=ALL_MS, copies=rules, stop=stop) as sink:
        sink.submit(traces(seed=3, count=50))
        until = time.monotonic() + 60
        while not [one for one in copies_of(tmp_path) if ".new" not in one.name] and time.monotonic() < until:
            time.sleep(0.05)
        assert copies_of(tmp_path)
        sink.submit(traces(seed=4, count=50))
        stop.set()


def test_small_files_get_no_copy(tmp_path: Path) -> None:
    """Their rows are counted as fast."""
    with writing(tmp_path, span_ms=ALL_MS, copies=CopyRules()) as sink:
        sink.submit(traces(seed=3, count=50))
        assert sink.make_copies() == 0
