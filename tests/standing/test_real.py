"""The same with real files, followed or read to their end into a real store, and asked as page, API, command line and `doctor` ask it."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Done
from files.rights import as_owner, held_to_rights

import ingest.pipeline
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
from ingest.summary import Summary
from mappings.faults import StoreError
from search.engines.embedded import EmbeddedEngine
from search.freshness import FreshnessAnswer, ReadingAnswer
from search.http.pages.clock import Clock
from search.http.pages.freshness import freshness_of
from search.service import MailTrace

_PATIENCE_S = 30.0
_FORMS = {"iso": "%Y-%m-%dT%H:%M:%S+00:00", "bsd": "%b %e %H:%M:%S"}


class _KilledError(Exception):
    """The reader ended as where it is killed."""


def line(at: datetime, number: int = 1, form: str = "iso", text: str = "client=mail.sender.example[192.0.2.1]") -> str:
    """A line of Postfix."""
    return f"{at.strftime(_FORMS[form])} mx1 postfix/smtpd[12]: 4Z1q{number:05}zz: {text}\n"


def now() -> datetime:
    """The wall clock, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class World:
    """Logs, and a data folder with the store."""

    folder: Path
    mailtrace: Callable[..., Done]
    #: By how many seconds the reader's clock is off.
    off_s: float = 0.0
    logs: Path = field(init=False)

    def __post_init__(self) -> None:
        """Make the folder of the logs."""
        self.logs = self.folder / "logs"
        self.logs.mkdir()

    @property
    def log(self) -> Path:
        """The log that most read."""
        return self.logs / "mail.log"

    def write(self, *lines: str, name: str = "mail.log", ago_s: float = 0.0) -> Path:
        """Write lines at the end of a log, as if so long ago."""
        path = self.logs / name
        with path.open("a") as stream:
            stream.writelines(lines)
        at = time.time() - ago_s
        os.utime(path, (at, at))
        return path

    def once(self, *paths: Path, stop: threading.Event | None = None, **options: Any) -> Summary:
        """Read to the end."""
        with closing(self._sink()) as sink:
            return self._ingest(sink, paths, options).run_once(stop)

    @contextmanager
    def follow(self, *paths: Path, rights: bool = False, killed: bool = False) -> Iterator[None]:
        """Follow until the end of the block; with `rights` held back by the rights of files; it is stopped, or as if it were killed."""
        stop, faults = threading.Event(), list[BaseException]()

        def work() -> None:
            try:
                with closing(self._sink()) as sink, held_to_rights() if rights else as_owner():
                    reading = self._ingest(sink, paths, {}, killed=stop if killed else None)
                    with suppress(_KilledError):
                        reading.follow(stop, interval_s=0.05)
            except BaseException as error:  # noqa: BLE001 - raised below
                faults.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(_PATIENCE_S)
        assert not faults, faults

    def _sink(self) -> EmbeddedSink:
        return EmbeddedSink(self.folder / "data" / "store")

    def _ingest(
        self, sink: EmbeddedSink, paths: tuple[Path, ...], options: dict[str, Any], killed: threading.Event | None = None
    ) -> Ingest:
        wanted = IngestOptions(tuple(map(str, paths or (self.log,))), **{"timezone": UTC, "zone_by_ids": True, "strict": True, **options})

        def clock() -> float:
            if killed is not None and killed.is_set():
                raise _KilledError
            return time.time() + self.off_s

        return Ingest(wanted, sink, self.folder / "data", clock=clock, noted_every_s=0.2)

    def freshness(self, later: timedelta = timedelta()) -> FreshnessAnswer:
        """What the API says, now or later."""
        now_ms = int((time.time() + later.total_seconds()) * 1000)
        with MailTrace(EmbeddedEngine(self.folder / "data" / "store"), clock=lambda: now_ms) as mail:
            return mail.freshness()

    def readers(self) -> list[str]:
        """The readers that the store knows of."""
        with closing(EmbeddedEngine(self.folder / "data" / "store")) as engine:
            return [one.reader for one in engine.state().readings]

    def foot(self, later: timedelta = timedelta()) -> str:
        """What the page says."""
        now_ms = int((time.time() + later.total_seconds()) * 1000)
        return freshness_of(self.freshness(later), Clock(UTC, "UTC", now_ms)).words

    def source(self, name: str = "mail.log", later: timedelta = timedelta()) -> ReadingAnswer:
        """How a source stands."""
        return next(one for one in self.freshness(later).readings if one.source == str(self.logs / name))

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it is so."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            # A store that is just being made is none yet.
            with suppress(StopIteration, StoreError):
                if holds():
                    return
            assert time.monotonic() < end, self.freshness()
            time.sleep(0.05)

    def doctor(self) -> tuple[int, str]:
        """What `doctor` says, and its exit code."""
        done = self.mailtrace("doctor")
        return done.returncode, " ".join(done.stdout.split())

    def empty(self) -> str:
        """What the command line says where it finds nothing."""
        return " ".join(self.mailtrace("search", "--sender", "nobody@nowhere.example").stdout.split())


@pytest.fixture
def world(tmp_path: Path, mailtrace: Callable[..., Done]) -> World:
    """An empty one."""
    return World(tmp_path, mailtrace)


def test_a_quiet_log_is_up_to_date(world: World) -> None:
    """Nothing is behind where nobody has written: it is quiet since its last line, in all four places; and new lines are seen."""
    quiet = now() - timedelta(hours=2)
    world.write(line(quiet), ago_s=7200)
    with world.follow():
        world.until(lambda: world.source().state == "up_to_date")
        # Soon after midnight that is a time of the day before, which is named.
        assert re.search(f"quiet since (?:[0-9]+ [A-Z][a-z]+ )?{quiet:%H:%M}", world.foot())
        assert world.freshness().sources[0].behind_s == 0
        assert not world.freshness().notice
        assert "mx1 is up to date, quiet since" in world.empty()
        code, said = world.doctor()
        assert (code, "is up to date, quiet since" in said) == (0, True)
        world.write(line(now(), 2))
        world.until(lambda: world.source().lines == 2)
        assert world.source().words == "up to date"


def test_read_to_its_end_is_no_warning_for_ever(world: World) -> None:
    """After `--once` it says when it was read to its end, also a month later; and `doctor` sees that more was written since."""
    world.write(line(now() - timedelta(days=3)), ago_s=3 * 86_400)
    world.once()
    assert world.source(later=timedelta(days=30)).why == "finished"
    assert world.foot(timedelta(days=30)).startswith("Read to its end on ")
    assert not world.freshness(timedelta(days=30)).notice
    assert "mx1 is read to its end on" in world.empty()
    assert world.doctor()[0] == 0
    world.write(line(now(), 2))
    assert "was written to since it was read to its end" in world.doctor()[1]


def test_stopped_and_begun_again(world: World) -> None:
    """Who stops in order says so; the next run takes it back."""
    world.write(line(now()))
    with world.follow():
        world.until(lambda: world.source().state == "up_to_date")
    assert world.source().why == "stopped"
    assert "reading was stopped on" in world.foot()
    code, said = world.doctor()
    assert (code, "reading was stopped on" in said) == (1, True)
    with world.follow():
        world.until(lambda: world.source().state == "up_to_date")
        assert world.doctor()[0] == 0


def test_killed(world: World) -> None:
    """Whoever is killed says nothing; so its silence tells, after two minutes and not before."""
    world.write(line(now()))
    with world.follow(killed=True):
        world.until(lambda: world.source().state == "up_to_date")
    assert world.source().state == "up_to_date"
    assert world.source(later=timedelta(minutes=3)).why == "vanished"
    assert "no sign of life since" in world.foot(timedelta(minutes=3))
    assert "is not read any more since" in world.freshness(timedelta(minutes=3)).sources[0].words.join(["is ", ""])


def test_killed_long_ago(world: World) -> None:
    """`doctor` and an empty answer say it as well."""
    world.off_s = -900
    world.write(line(now() - timedelta(hours=1)), ago_s=3600)
    with world.follow(killed=True):
        world.until(lambda: bool(world.freshness().readings))
    code, said = world.doctor()
    assert (code, "no sign of life since" in said) == (1, True)
    assert "no sign of life since" in world.empty()


def test_gone_and_there_again(world: World) -> None:
    """A file that was deleted is gone, which is not said at once; a new one of its name is read."""
    world.write(line(now()))
    with world.follow():
        world.until(lambda: world.source().state == "up_to_date")
        world.log.unlink()
        world.until(lambda: world.source(later=timedelta(seconds=90)).why == "gone")
        assert world.source().state == "up_to_date"
        world.write(line(now(), 2))
        world.until(lambda: world.source().lines == 2 and world.source(later=timedelta(seconds=90)).why is None)


@pytest.mark.parametrize("named", ["file", "folder"])
def test_rotated_and_no_new_file(world: World, named: str) -> None:
    """A file that was renamed is no warning: nobody has written since."""
    world.write(line(now()))
    with world.follow(world.log if named == "file" else world.logs):
        world.until(lambda: world.source().state == "up_to_date")
        world.log.rename(world.logs / "mail.log.1")
        later = timedelta(seconds=90)
        world.until(lambda: "no new file is there yet" in world.source(later=later).words)
        assert not world.source(later=later).warning


def test_no_rights_and_the_others_are_read(world: World) -> None:
    """A file that may not be read is named, stops no other, and is read when it may be."""
    world.write(line(now()), name="good.log")
    closed = world.write(line(now(), 2), name="closed.log")
    closed.chmod(0)
    with world.follow(world.logs, rights=True):
        world.until(lambda: world.source("closed.log").why == "no_rights" and world.source("good.log").state == "up_to_date")
        assert "permission denied" in world.foot()
        assert world.doctor()[0] == 1
        closed.chmod(0o600)
        world.until(lambda: world.source("closed.log").state == "up_to_date")


def test_an_unreadable_file_stops_no_other(world: World, mailtrace: Callable[..., Done]) -> None:
    """Named beside a good one, in either order: that is read, the other named with its mend, code 1."""
    good, bad = world.write(line(now()), name="good.log"), world.write(line(now(), 2), name="bad.log")
    bad.chmod(0o640)
    os.chown(bad, 0, 4)
    folder = bad.parent
    for paths in ([bad, good], [good, bad]):
        with _not_ours(bad), held_to_rights():
            done = mailtrace("ingest", "--once", "--rebuild", *map(str, paths))
        said = " ".join(done.stderr.split())
        assert done.returncode == 1
        assert "good.log: 1 line: Postfix 1" in said
        assert f"Not read: {folder}/bad.log: permission denied; " in said
    assert world.doctor()[0] == 1


@contextmanager
def _not_ours(path: Path) -> Iterator[None]:
    """Nobody has rights to it, its owner neither."""
    before = path.stat().st_mode
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(before)


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(minutes=17, seconds=20), "stamped 17 minutes ahead of the file's time: the clock of the machine"),
        (timedelta(hours=8), "It was read as of UTC, which is the system's zone; it is probably UTC+08:00."),
    ],
    ids=["clock", "zone"],
)
def test_stamps_of_the_future(world: World, ahead: timedelta, said: str) -> None:
    """They are held against the file's time: a clock, or the zone, which is then named."""
    world.write(line(now() + ahead, form="bsd"))
    world.once(year=(now() + ahead).year)
    assert said in " ".join(world.source().remarks)
    assert said in world.doctor()[1]


def test_hours_late_while_it_is_followed(world: World) -> None:
    """Lines that come now and say that they are of two hours ago are of another zone."""
    world.write(line(now() - timedelta(hours=2), form="bsd"))
    with world.follow():
        world.until(lambda: world.source().state == "up_to_date")
        world.write(line(now() - timedelta(hours=2), 2, "bsd"))
        world.until(lambda: world.source().lines == 2)
        assert "it is probably UTC-02:00." in " ".join(world.source().remarks)


def test_lines_of_next_month_are_taken_as_of_last_year(world: World) -> None:
    """Stamps name no year, and none may be of the future: which was taken is said."""
    at = now() + timedelta(days=20)
    world.write(line(at, form="bsd"))
    world.once()
    assert f"were taken as of {(at - timedelta(days=365)).year}" in " ".join(world.source().remarks)


def test_most_lines_unknown(world: World) -> None:
    """The share, the programs, and one line of each are kept; whoever keeps no lines keeps none here."""
    known = [line(now(), number) for number in range(40)]
    strange = [f"{now():%Y-%m-%dT%H:%M:%S}+00:00 mx1 postfix/qmgr[9]: something new {number}\n" for number in range(60)]
    world.write(*known, *strange)
    world.once()
    told = world.source()
    assert (told.lines, told.unknown_share, [(kind.program, kind.lines) for kind in told.unknown]) == (100, 0.6, [("qmgr", 60)])
    assert told.unknown[0].sample == strange[0].rstrip()
    code, said = world.doctor()
    assert (code, "60.0 % of its lines are not understood: qmgr 60" in said, "something new 0" in said) == (1, True, True)
    world.once(rebuild=True, keep_raw=False)
    assert world.source().unknown[0].sample is None


def test_behind_while_a_backlog_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a backlog it is behind by lines and minutes; broken off, it is not read any more, and how much of it."""
    monkeypatch.setattr(ingest.pipeline, "_BACKLOG_SAVED_S", 0.0)
    begin = now() - timedelta(hours=1)
    world.write(*(line(begin + timedelta(seconds=number // 10), number) for number in range(12_000)))
    world.write(line(now()), name="other.log")
    stop, told = threading.Event(), list[ReadingAnswer]()

    def look(summary: Summary) -> None:
        if summary.lines >= 4_000 and not told:
            told.append(world.source())
            stop.set()

    with closing(world._sink()) as sink:
        options = IngestOptions((str(world.logs),), timezone=UTC, strict=True)
        Ingest(options, sink, world.folder / "data", progress=look).run_once(stop)
    assert (told[0].state, 6_000 <= (told[0].behind_lines or 0) <= 8_000) == ("behind", True)
    assert re.fullmatch(r"behind by about [678],\d00 lines, about 5\d minutes", told[0].words)
    assert (world.source().why, "lines of it were not read" in world.source().words) == ("stopped", True)
    world.once(world.logs)
    assert world.source().why == "finished"


def test_the_clock_was_set_back(world: World) -> None:
    """What was written down in the future is said to be."""
    world.off_s = 3 * 3600
    world.write(line(now()))
    with world.follow(killed=True):
        world.until(lambda: world.source().state == "up_to_date")
    assert "clock is 2 hours ahead of this machine's" in world.doctor()[1]


def test_other_files_and_empty_ones(world: World) -> None:
    """What is no mail log is no source; a named file that is empty is one without a line yet."""
    world.write(line(now()))
    world.write("not a log\n", "\xff\n", name="picture.jpg")
    world.write(name="new.log")
    with world.follow(world.logs, world.logs / "new.log"):
        world.until(lambda: len(world.freshness().readings) == 2)
        assert world.source("new.log").words == "up to date, and has no line yet"


def test_what_is_not_named_any_more(world: World) -> None:
    """A reader that follows other files from now on leaves no warning for the old ones; one that reads once does not touch it."""
    world.write(line(now()))
    other = world.write(line(now(), 2), name="other.log")
    with world.follow():
        world.until(lambda: world.source().state == "up_to_date")
    world.once(other)
    assert world.source().why == "stopped"
    with world.follow(other):
        world.until(lambda: world.source().why == "dropped")
        assert not world.freshness().notice


def test_rhythm_outlives_a_restart(world: World) -> None:
    """What a backlog shows of quiet times is known from then on: quiet that is usual is none, and longer is strange."""
    last = now() - timedelta(minutes=25)
    world.write(*(line(last - timedelta(minutes=20 * number), number) for number in range(10 * 72, -1, -1)), ago_s=1500)
    world.once()
    with world.follow():
        world.until(lambda: world.source().state == "up_to_date")
        assert not world.source().warning
        late = timedelta(minutes=30)
        strange = world.source(later=late).words
        assert world.source(later=late).why == "vanished", strange
    world.off_s = 3000
    with world.follow():
        world.until(lambda: "longer than is usual" in world.source(later=timedelta(seconds=3000)).words)
        assert re.search("which is at most (18|20) minutes", world.foot(timedelta(seconds=3000)))


def test_a_log_domain_that_falls_silent_in_a_file_of_several(world: World) -> None:
    """It is strange for itself, by its own rhythm, and for whoever runs it; for the others in the file nothing is."""
    last = now() - timedelta(minutes=2)
    busy = [(last - timedelta(minutes=10 * number), "mx1") for number in range(6 * 72 * 2)]
    quiet = [(last - timedelta(minutes=90 + 20 * number), "mx2") for number in range(6 * 72)]
    # It writes once in four hours: that it is quiet for two is nothing.
    rare = [(last - timedelta(minutes=120 + 240 * number), "mx3") for number in range(36)]
    written = [(at, host) for at, host in sorted([*busy, *quiet, *rare])]
    world.write(*(line(at, number).replace(" mx1 ", f" {host} ") for number, (at, host) in enumerate(written)), ago_s=120)
    world.once()
    with world.follow():
        world.until(lambda: world.source().state == "up_to_date")
        told = {one.name: one for one in world.freshness().sources}
        assert {name: one.warning for name, one in told.items()} == {"mx1": False, "mx2": True, "mx3": False}
        assert re.search(r", quiet since .*: longer than is usual at this time, which is at most (18|20) minutes$", told["mx2"].words)
        assert world.source().warning
        assert re.search(r"mail.log is up to date; in it mx2 is quiet since .*: longer than is usual", world.freshness().notice)
        world.write(line(now(), 9999).replace(" mx1 ", " mx2 "))
        world.until(lambda: not world.source().warning)
    # What is usual for each outlives the run, and also the file.
    world.off_s = 3600
    world.log.rename(world.logs / "mail.log.1")
    world.write(line(now() + timedelta(hours=1), 10000), ago_s=-3600)
    with world.follow():
        later = timedelta(hours=1)
        world.until(lambda: [one.name for one in world.freshness(later).sources if one.warning] == ["mx2"])


def test_a_store_of_an_earlier_release(world: World) -> None:
    """Without a record nothing is asserted and nothing warned of; the next reader writes one, into the same file."""
    world.write(line(now()))
    world.once()
    import sqlite3

    with closing(sqlite3.connect(world.folder / "data" / "store" / "catalog.sqlite")) as connection:
        connection.execute("DELETE FROM meta WHERE name LIKE 'reading:%'")
        connection.commit()
    assert world.foot().startswith("Read up to ")
    assert (world.freshness().sources[0].why, world.freshness().notice) == ("not_recorded", "")
    assert "whether it is read on is not known" in world.empty()
    assert "How the reading of mx1 stands is not known" in world.doctor()[1]
    world.once()
    assert world.source().why == "finished"


def test_a_journal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its command is followed; where that ends, the journal cannot be read, and why is said."""
    folder = world.folder / "bin"
    folder.mkdir()
    shutil.copy(Path(__file__).parent.parent / "journal" / "journalctl", folder / "journalctl")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JOURNAL", str(world.folder / "journal"))
    entry = (
        '{"__CURSOR":"s=1;i=1","__REALTIME_TIMESTAMP":"%d","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtpd","_PID":"12",'
        '"MESSAGE":"4Z1q00001zz: client=a.example[192.0.2.1]"}\n'
    )
    (world.folder / "journal").write_text(entry % int(time.time() * 1_000_000))
    journal = Path("journald:")

    def state() -> str:
        return next(f"{one.state} {one.words}" for one in world.freshness().readings if one.source == "journald:")

    with world.follow(journal):
        world.until(lambda: state() == "up_to_date up to date")
        (world.folder / "journal.broken").touch()
        os.kill(int((world.folder / "journal.calls").read_text().splitlines()[-1].split(",")[0].strip("[")), 15)
        world.until(lambda: state().startswith("not_read") and "no such journal" in world.foot())


def test_standard_input(world: World, mailtrace_process: Callable[..., Any]) -> None:
    """A pipe that is over was read to its end."""
    with world.write(line(now())).open("rb") as stream:
        program = mailtrace_process("ingest", "-", stdin=stream)
        assert program.wait(60) == 0
    (one,) = world.freshness().readings
    assert (one.source, one.why) == ("standard input", "finished")
    assert world.foot().startswith("Read to its end on ")


def test_a_follower_that_is_stopped_and_one_that_is_killed(world: World, mailtrace_process: Callable[..., Any]) -> None:
    """The program itself: at its end at once, stopped by SIGTERM, and silent where it is killed."""
    world.write(line(now()))
    for end, why in (("terminate", "stopped"), ("kill", "vanished")):
        program = mailtrace_process("ingest", str(world.log))
        world.until(lambda: world.source().state == "up_to_date")
        getattr(program, end)()
        program.wait(60)
        assert world.source(later=timedelta(minutes=3)).why == why


def test_a_reader_that_is_dead_for_long_is_forgotten(world: World) -> None:
    """Of a data folder that is used no more: after a month nothing warns, and the reader that begins after three deletes its record."""
    log = world.write(line(now()))
    world.off_s = -91 * 86_400.0
    with world.follow(log):
        world.until(lambda: world.freshness(timedelta(days=-91)).readings != [])
    assert world.freshness(timedelta(days=-91)).notice
    assert not world.freshness(timedelta(days=-60)).notice
    (world.folder / "data" / "reader").unlink()
    world.off_s = -2 * 86_400.0
    world.once(log)
    assert len(world.readers()) == 2
    (world.folder / "data" / "reader").unlink()
    world.off_s = 0.0
    world.once(log)
    assert len(world.readers()) == 2
    assert [one.why for one in world.freshness().readings] == ["finished"]
