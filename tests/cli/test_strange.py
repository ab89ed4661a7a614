"""What cannot be read is named: whose lines they are, and what stands before them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.strange import strange

Command = Callable[..., Any]
_LINE = "postfix/smtpd[558]: connect from unknown[198.51.100.6]"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("[  123.456789] mx1 ", "stands the time since the machine was started (`[  123.456789] mx1`), and no date"),
        ("25/01/2026 21:25:22 | mx1 | ", "stands a header that is not known: `25/01/2026 21:25:22 | mx1 |`"),
        ("", "stands a header that is not known: ` `"),
    ],
)
def test_a_header_that_is_not_known_is_named(mailtrace: Command, tmp_path: Path, header: str, said: str) -> None:
    """Such a file is no file without mail: reading says so, and so does `doctor`, each with the line."""
    log, config = tmp_path / "odd.log", tmp_path / "mailtrace.toml"
    log.write_text(f"{header}{_LINE}\n")
    config.write_text(f"[[source]]\npath = '{log}'\n")
    done = mailtrace("--config", str(config), "ingest", "--once")
    assert f"1 line, and none could be read: before `postfix/smtpd` {said}" in done.stderr
    assert f"the line is `{header}{_LINE}`" in done.stderr
    assert "no mail log" not in done.stderr
    checked = mailtrace("--config", str(config), "doctor")
    assert f"its first lines could not be read: before `postfix/smtpd` {said}" in checked.stdout


def test_what_is_read_is_not_named(mailtrace: Command, tmp_path: Path) -> None:
    """Lines that are read, and those that only say that others came again, are known."""
    log, config = tmp_path / "mail.log", tmp_path / "mailtrace.toml"
    log.write_text(f"Jan 25 21:25:22 mx1 {_LINE}\nJan 25 21:26:22 mx1 last message repeated 2 times\n")
    config.write_text(f"[[source]]\npath = '{log}'\n")
    done = mailtrace("--config", str(config), "ingest", "--once")
    assert "2 lines: Postfix 1; 0 % unknown; 50.0 % repeats of others." in done.stderr
    assert "not read" not in done.stderr
    assert "could not be read" not in mailtrace("--config", str(config), "doctor").stdout


def test_a_tag_without_a_process_is_named_too() -> None:
    """Dovecot names none in syslog."""
    found = strange("25/01/2026 21:25:22 | mx1 | dovecot: lmtp(anna@example.com)<1><a>: msgid=<a1@client.example>: saved mail to INBOX")
    assert found is not None
    assert (found.header, found.tag) == ("25/01/2026 21:25:22 | mx1 | ", "dovecot")


def test_only_programs_that_are_read_are_named() -> None:
    """Whatever others write behind whatever header is nobody's concern."""
    assert strange("~~ mx1 cron[5]: (root) CMD (true)") is None
    assert strange("~~ mx1 cyrus/lmtp[5]: Delivered") is None
    assert strange("~~ mx1 lmtp: Delivered") is None
