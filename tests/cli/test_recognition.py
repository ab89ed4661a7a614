"""What a file is, is found out: per file at the end of a run, and as a list of what is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from captures import EXIM, RSPAMD

from ingest.formats import FORMATS
from ingest.summary import Tally
from mailtrace.show.summary import contents

Command = Callable[..., Any]


def test_each_file_says_what_was_in_it(mailtrace: Command, tmp_path: Path) -> None:
    """Programs are known by their lines, whatever the files are called; what is no mail log is read on, and said to be none."""
    files = {
        "one": EXIM.content("mainlog"),
        "two": RSPAMD.content("rspamd.log"),
        "three": EXIM.content("spamd.log"),
        "dpkg.log": b"2026-11-24 04:11:29 status installed mail-trace:all 1.0\n",
        "README": b"Plain text.\nNo log at all.\n",
        "empty": b"",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = mailtrace("ingest", "--once", "--log-host", "mx2", *(str(tmp_path / name) for name in files))
    assert done.returncode == 0
    told = {line.partition(": ")[0].rpartition("/")[2]: line.partition(": ")[2] for line in done.stderr.splitlines() if ": " in line}
    assert told["one"] == "516 lines: Exim 516; 0 % unknown."
    assert told["two"] == "1,260 lines: Rspamd 1,260; 0 % unknown."
    assert told["three"] == "317 lines: SpamAssassin (spamd, spampd) 317; 0 % unknown."
    assert "2 files are no mail logs" in done.stderr
    assert not {"dpkg.log", "README"} & set(told)
    assert json.loads(mailtrace("search", "--limit", "1", "--format", "json").stdout)["traces"][0]["host"] == "mx2"


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (Tally(), "empty."),
        (Tally(1000, unframed=1000), "1,000 lines, no mail log: none is of a program that is read."),
    ],
)
def test_a_tally_in_words(tally: Tally, said: str) -> None:
    """A file without any line of a known program is no mail log."""
    assert contents(tally) == said


def test_a_tally_with_everything_in_words() -> None:
    """Each share has its own whole, and a small one is not nothing."""
    tally = Tally(20_000, unframed=1)
    tally.known.update({"postfix": 9_000, "amavis": 1_000})
    tally.unknown["postfix"] = 2
    tally.free["exim"] = 400
    tally.foreign["sshd"] = 9_597
    assert contents(tally) == (
        "20,000 lines: Postfix 9,002, amavisd-new 1,000, Exim 400; 0.1 % unknown; 2.0 % free text of administrators; "
        "48.0 % of other programs; 0.1 % without a time stamp."
    )


def test_the_formats_are_listed(mailtrace: Command) -> None:
    """With releases and a line, in text and as JSON."""
    shown = mailtrace("formats").stdout
    for one in FORMATS:
        assert f"{one.title}  {one.versions}" in shown
        assert one.example in shown
    listed = json.loads(mailtrace("formats", "--format", "json").stdout)
    assert [one["name"] for one in listed] == [one.name for one in FORMATS]
    assert next(one for one in listed if one["name"] == "postfix")["instanced"] is True


def test_a_name_cut_at_the_slash_is_explained(mailtrace: Command, tmp_path: Path) -> None:
    """RFC 5424 by rsyslog calls every daemon `postfix`: of what any may say the reader is told why it was not read, and where help is."""
    log = tmp_path / "mail.log"
    log.write_text("<22>1 2026-11-24T04:06:25.232000+00:00 mx1 postfix 12 - -  fatal: no such thing\n", encoding="utf-8")
    assert "docs/programs.md" in mailtrace("ingest", "--once", str(log)).stderr


@pytest.mark.parametrize(("pattern", "found"), [("quarantine", 2), ("nothing-is-called-so", 0), ("", 0)])
def test_which_names_are_a_quarantine_is_a_setting(pattern: str, found: int, mailtrace: Command, tmp_path: Path) -> None:
    """Exim's quarantine is a router, transport or box of such a name, and nothing else tells it."""
    log = tmp_path / "mainlog"
    log.write_bytes(EXIM.content("mainlog"))
    settings = tmp_path / "mailtrace.toml"
    settings.write_text(f"quarantines = {json.dumps(pattern)}\n", encoding="utf-8")
    mailtrace("--config", str(settings), "ingest", "--once", str(log))
    rows = mailtrace("search", "--disposition", "quarantined", "--format", "jsonl", "--limit", "0").stdout.splitlines()
    assert len(rows) == found


def test_a_pattern_that_is_none_is_refused(mailtrace: Command, tmp_path: Path) -> None:
    """In one sentence, with the exit code for wrong usage."""
    done = mailtrace("ingest", "--once", str(tmp_path), MAILTRACE_QUARANTINES="(")
    assert done.returncode == 2
    assert "quarantines" in done.stderr
