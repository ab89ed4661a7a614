"""What is read: paths, sources of the settings, and options put together; and how a stop is asked for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from mailtrace.cli.before import behind_command
from mailtrace.cli.stopping import stop_on_signals
from mailtrace.problems import WrongUsage
from mailtrace.reading import plan
from mailtrace.settings import Settings, SourceTable

SETTINGS = Settings(data="/d", store="sqlite:/d/store", source=(SourceTable(path="/logs/mail.log*", timezone="Europe/Berlin", year=2025),))


def test_without_paths_the_sources_of_the_settings_are_read() -> None:
    """`mailtrace run` needs no path where the settings name the logs."""
    assert plan(SETTINGS, []).sources == SETTINGS.source


def test_an_option_holds_for_every_source() -> None:
    """What the command line says wins over what the settings say of a source."""
    read = plan(SETTINGS, [], year=2026, log_host="mx1")
    assert read.sources == (SourceTable(path="/logs/mail.log*", timezone="Europe/Berlin", year=2026, log_host="mx1"),)


def test_a_path_keeps_what_the_settings_know_of_it() -> None:
    """A path that a source of the settings covers has that source's zone and year; another has none."""
    first, second, third = plan(SETTINGS, ["/logs/mail.log.1", "/other/mail.log", "-"]).sources
    assert (first.path, first.timezone, first.year) == ("/logs/mail.log.1", "Europe/Berlin", 2025)
    assert (second.path, second.timezone) == ("/other/mail.log", None)
    assert third.path == "-"


def test_relative_paths_are_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is the same file from whatever folder it is named."""
    monkeypatch.chdir(tmp_path)
    assert plan(SETTINGS, ["mail.log"]).sources[0].path == str(tmp_path / "mail.log")


def test_nothing_to_read_is_wrong_usage() -> None:
    """Without a path and without sources there is nothing to do."""
    with pytest.raises(WrongUsage, match="nothing to read"):
        plan(Settings(data="/d", store="sqlite:/d"), [])


def test_a_zone_that_is_none_is_wrong_usage() -> None:
    """A zone with a typing mistake would move every time by hours."""
    with pytest.raises(WrongUsage, match="unknown time zone"):
        plan(SETTINGS, [], timezone="Europe/Berln")


def test_lines_are_kept_unless_somebody_says_no() -> None:
    """Either the settings or --no-raw leave the lines out."""
    assert plan(SETTINGS, []).raw_lines
    assert not plan(SETTINGS, [], no_raw=True).raw_lines
    assert not plan(Settings(data="/d", store="sqlite:/d", raw_lines=False), ["-"]).raw_lines


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["--data", "d", "search", "--count"], ["search", "--count", "--data", "d"]),
        (["--data=d", "--store", "s", "report", "x"], ["report", "x", "--data=d", "--store", "s"]),
        (["search", "--data", "d"], ["search", "--data", "d"]),
        (["--data", "d", "ingest", "--", "-x"], ["ingest", "--data", "d", "--", "-x"]),
        (["--data"], ["--data"]),
        ([], []),
    ],
)
def test_options_before_the_command_are_moved_behind_it(typed: list[str], read: list[str]) -> None:
    """`mailtrace --data D search` is `mailtrace search --data D`."""
    assert behind_command(typed) == read


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_for_a_stop_and_a_second_one_insists(number: signal.Signals) -> None:
    """The first signal lets what is under way end in order, the second interrupts; afterwards signals are as before."""
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert stop.exit_code() == 0
        os.kill(os.getpid(), number)
        assert stop.event.wait(5)
        assert stop.exit_code() == 128 + number
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
