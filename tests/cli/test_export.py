"""`mailtrace search --output`: a file that is whole or not there, and that goes on where it was broken off."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cli_samples import fill
from conftest import Done
from generate import traces
from soak.export import filled, killed

from mailtrace.exporting import Export
from mailtrace.problems import WrongUsage
from search.answers import TraceAnswer, trace_answer
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.rows import csv_header, csv_rows, write_jsonl
from search.service import MailTrace

Run = Callable[..., Done]


class _BreaksOffError(Exception):
    """The store has gone."""


class Breaking:
    """Mail whose walk breaks off after so many rows."""

    def __init__(self, rows: list[TraceAnswer], after: int) -> None:
        self._rows, self._after = rows, after

    def walk(self, query: Query, *, cursor: str | None = None) -> Iterator[TraceAnswer]:
        """The rows behind a cursor; to the last 500 it does not come."""
        for number, row in enumerate(one for one in self._rows if cursor is None or one.id < cursor):
            if number == self._after:
                raise _BreaksOffError
            yield row


@pytest.fixture(scope="module")
def rows() -> list[TraceAnswer]:
    """Two thousand rows, newest first."""
    made = {trace.id: trace for trace in traces(seed=21, count=2_600, events=False)}
    return [trace_answer(made[one]) for one in sorted(made, reverse=True)[:2_000]]


def as_text(rows: Iterable[TraceAnswer], form: str) -> bytes:
    """The whole file."""
    if form == "csv":
        return (csv_header() + csv_rows(rows)).encode("utf-8", "backslashreplace")
    write_jsonl(rows, out := io.StringIO())
    return out.getvalue().encode("utf-8", "backslashreplace")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("seed", range(3))
def test_broken_off_anywhere_and_resumed_it_is_the_same_file(rows: list[TraceAnswer], form: str, seed: int, tmp_path: Path) -> None:
    """Cut between rows, within one, within the line of names, or to nothing: each time it goes on behind the last whole row."""
    chance, target, told = random.Random(f"{form} {seed}"), tmp_path / f"mail.{form}", list[int]()
    part = target.with_name(f"{target.name}.part")
    for number in range(12):
        export = Export(target, form, "", 5 + number, resume=True)
        assert export.now_ms == 5
        with suppress(_BreaksOffError):
            export.write(Breaking(rows, chance.choice((0, 100, 499, 500, 700))), Query(), told.append)  # type: ignore[arg-type]
        if target.exists():
            break
        kept = part.read_bytes()
        cut = chance.choice((0, 1, 40, 4_000, 300_000))
        part.write_bytes(kept[: max(0, len(kept) - cut)])
        if number == 0:
            part.write_bytes(kept[: chance.choice((0, 5))])
    written = Export(target, form, "", 99, resume=True).write(Breaking(rows, -1), Query(), told.append)  # type: ignore[arg-type]
    assert written == told[-1] == 2_000
    assert target.read_bytes() == as_text(rows, form)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_killed_processes_leave_what_the_next_goes_on_with(tmp_path: Path) -> None:
    """SIGKILL at some moment, three times; `soak.export` does it with a million rows and twenty kills."""
    ids = filled(tmp_path / "store", 12_000, sample=3_000)
    killed(tmp_path / "store", tmp_path / "mail.csv", 3, len(ids), random.Random(1))
    found = [row["id"] for row in csv.DictReader(io.StringIO((tmp_path / "mail.csv").read_bytes().decode()))]
    assert found == ids


def test_the_command_writes_everything_that_fits(mailtrace: Run, tmp_path: Path) -> None:
    """All rows and not fifty, of the question alone; standard output stays empty."""
    written = traces(seed=4, count=200)
    fill(tmp_path / "data" / "store", written)
    done = mailtrace("search", "--direction", "inbound", "--format", "csv", "--output", str(tmp_path / "mail.csv"))
    with MailTrace(EmbeddedEngine(tmp_path / "data" / "store")) as mail:
        expected = list(mail.walk(Query(direction=("inbound",))))
    assert (done.returncode, done.stdout) == (0, "")
    assert f"mailtrace: {len(expected)} rows in {tmp_path / 'mail.csv'}\n" in done.stderr
    assert (tmp_path / "mail.csv").read_bytes() == as_text(expected, "csv")


def test_numbers_stay_numbers_in_csv(rows: list[TraceAnswer]) -> None:
    """Only text is guarded: a score below zero is one that can be added up."""
    table = list(csv.DictReader(io.StringIO(csv_rows(rows).join((csv_header(), "")))))
    assert {one["score"] for one in table} == {"", "0.5", "-3.0"}
    assert sum(float(one["score"] or 0) for one in table) == sum(row.score or 0 for row in rows)


def test_a_part_of_another_question_is_left_alone(mailtrace: Run, tmp_path: Path) -> None:
    """Without --resume, with another question or another form it is an error, and nothing is lost."""
    fill(tmp_path / "data" / "store", traces(seed=4, count=20))
    target = tmp_path / "mail.csv"
    Export(target, "csv", "--sender ann", 1, resume=False)
    for words, said in (
        (("--sender", "ann", "--format", "csv"), "was broken off; go on with --resume, or delete it"),
        (("--sender", "bob", "--format", "csv", "--resume"), "holds csv of another question (--sender ann); ask the same"),
        (("--sender", "ann", "--format", "jsonl", "--resume"), "holds csv of another question (--sender ann); ask the same"),
    ):
        done = mailtrace("search", *words, "--output", str(target))
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
    with pytest.raises(WrongUsage):
        Export(target, "csv", "", 1, resume=True)
    assert target.with_name("mail.csv.part").read_bytes() == csv_header().encode()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--resume",), "parquet and --resume need a file: name it with --output"),
        (("--format", "parquet"), "parquet and --resume need a file: name it with --output"),
        (("--output", "x"), "--output takes rows: give --format csv, jsonl or parquet"),
        (
            ("--output", "x", "--format", "csv", "--limit", "5"),
            "--output writes all that fit; leave out --limit, --cursor",
        ),
    ],
)
def test_what_is_no_export_is_said(mailtrace: Run, words: tuple[str, ...], said: str) -> None:
    """In one sentence."""
    done = mailtrace("search", *words)
    assert (done.returncode, done.stderr) == (2, f"mailtrace: {said}\n")


def test_parquet_has_the_columns_of_csv_with_their_types(mailtrace: Run, tmp_path: Path) -> None:
    """The same rows; numbers, times and flags are what they are. Text is not guarded: nothing takes it for a formula."""
    duckdb = pytest.importorskip("duckdb")
    fill(tmp_path / "data" / "store", traces(seed=4, count=60))
    for form in ("csv", "parquet"):
        assert mailtrace("search", "--format", form, "--output", str(tmp_path / f"mail.{form}")).returncode == 0
    table = list(csv.DictReader(io.StringIO((tmp_path / "mail.csv").read_bytes().decode())))
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT id, size, score, incomplete, epoch_ms(time) FROM read_parquet(?)", [str(tmp_path / "mail.parquet")]
        )
        rows = found.fetchall()
    assert [row[0] for row in rows] == [one["id"] for one in table]
    assert [row[1] for row in rows] == [int(one["size"]) if one["size"] else None for one in table]
    assert [row[2] for row in rows] == [float(one["score"]) if one["score"] else None for one in table]
    assert [json.dumps(row[3]) for row in rows] == [one["incomplete"] for one in table]


def test_without_the_library_of_parquet_it_says_so(mailtrace: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is written."""
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    done = mailtrace("search", "--format", "parquet", "--output", str(tmp_path / "mail.parquet"))
    assert (done.returncode, done.stderr) == (
        1,
        "mailtrace: Parquet is written by DuckDB, which is not installed: pip install .[counts]\n",
    )
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("mail")] == []
