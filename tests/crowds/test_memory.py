"""What a following process holds does not grow with time, whatever never ends in the logs that it reads."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from reading import Times
from written_mail import START, Server, log

from crowds.endless import Following
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
from ingest.summary import EARLIER_FILES, FILES, NAMES, OTHER_NAMES, WARNINGS, Summary, Tally

#: Messages a second of the log.
_RATE = 15.0
#: So short that all that waits for time has waited long enough within the first part.
_TIMES = Times(pin=10, hold_back=6, memory=10)
#: Seconds of the log; lines of a session are kept a minute longer than two lines may lie apart.
_FIRST_S = 200


def test_a_log_that_never_ends_anything(tmp_path: Path) -> None:
    """After three times the log the process holds as much as after the first part, through rotations."""
    with Following(tmp_path / "logs", _TIMES) as following:

        def read(at_most: int | None = None) -> int:
            for _ in range(5):
                following.write(int(_RATE * _FIRST_S / 5), _RATE)
            following.rotate()
            return following.held(at_most)

        read()
        first = read()
        read()
        last = read(int(1.1 * first))
        assert following.ingest.summary.traces > 0
    assert last <= 1.1 * first, f"{first} blocks became {last}"


def test_names_that_strangers_write_are_counted_together() -> None:
    """Of very many names of programs some are counted apart, and no line is lost."""
    summary = Summary()
    for number in range(3 * NAMES):
        summary.foreign[f"program{number}"] += 1
    assert len(summary.foreign) <= NAMES + 1
    assert (summary.foreign.total(), summary.foreign[OTHER_NAMES]) == (3 * NAMES, 2 * NAMES)


def test_files_of_years_are_counted_together() -> None:
    """A file with another name each day: the first are counted together."""
    summary = Summary()
    for number in range(2 * FILES):
        tally = summary.tally(f"mail-{number}.log")
        tally.lines += 1
        tally.known["postfix"] += 1
    assert len(summary.tallies) <= FILES + 1
    assert sum(tally.lines for tally in summary.tallies.values()) == 2 * FILES
    assert summary.tallies[EARLIER_FILES].known["postfix"] >= FILES - 1
    assert summary.tally("mail-1.log") == Tally()


def test_warnings_of_years() -> None:
    """Each is kept once, and of very many the last."""
    summary = Summary()
    assert summary.warn("one")
    assert not summary.warn("one")
    for number in range(2 * WARNINGS):
        summary.warn(f"warning {number}")
    assert (len(summary.warnings), summary.warnings[-1]) == (WARNINGS, f"warning {2 * WARNINGS - 1}")


def test_a_host_whose_clock_is_hours_ahead(tmp_path: Path) -> None:
    """Its log's clock goes with ours, so that what is written is let go of."""
    server, mails = Server(), []
    for number in range(3000):
        mails.append(server.delivered(f"4D2A{number:08X}", "ann@sender.example", f"bob{number}@example.net"))
        server.wait(seconds=1)
    path = tmp_path / "mail.log"
    path.write_bytes(log(mails))
    early = count(int(START.timestamp()) - 5 * 3600, 100)
    with closing(EmbeddedSink(tmp_path / "store")) as sink:
        options = IngestOptions((str(path),), ZoneInfo("UTC"), strict=True)
        ingest = Ingest(options, sink, tmp_path / "data", clock=lambda: next(early))
        summary = ingest.run_once()
        assert summary.traces == 3000
        assert summary.ahead > 20_000
        assert ingest.state.open_journeys < 1500
