"""The same line, however its transport wrote it: what it states is the same."""

from __future__ import annotations

from datetime import UTC

import pytest

from ingest.formats import Outcome, framer_of, parser_of
from ingest.framing.line import Line
from mappings.facts import Judged, Ruled

RESULT = (
    "id: <a1@client.example>, qid: <4TABCD12345>, ip: 203.0.113.5, from: <max@sender.example>, (default: T (reject): [19.40/15.00] "
    "[BAYES_SPAM(5.10){99.99%;}]), len: 2048, time: 120.511ms, dns req: 42, digest: <0123>, rcpts: <anna@example.com>"
)
PARTS = f'"pid": 123, "worker_type": "normal", "id": "a1b2c3", "module": "task", "function": "rspamd_task_write_log", "message": "{RESULT}"'
REFUSED = "H=mail.sender.example [203.0.113.5] F=<max@sender.example> rejected RCPT <anna@example.com>: no"


def read(text: str) -> tuple[Line, Outcome]:
    """A line with its header taken apart, and what it states."""
    line = framer_of("mail.log", UTC, 2026).frame(text)
    assert line is not None
    parse = parser_of(line.tag, line.program)
    assert parse is not None, line.tag
    return line, parse(line)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        (f"2026-11-24 03:53:14 #123(normal) <a1b2c3>; task; rspamd_task_write_log: {RESULT}", ""),
        (f"Nov 24 03:53:14 mx1 rspamd[123]: <a1b2c3>; task; rspamd_task_write_log: {RESULT}", "mx1"),
        (f'{{"ts": 1795492394.0, {PARTS}}}', ""),
        (f'{{"ts": 1795492394, {PARTS}}}', ""),
        (f'Nov 24 03:53:14 mx1 rspamd[123]: {{"ts": 1795492394, {PARTS}}}', "mx1"),
    ],
)
def test_rspamd_says_the_same_as_text_and_as_json(text: str, host: str) -> None:
    """`log_json` has the parts of the text form under names."""
    line, fact = read(text)
    assert (line.time_us // 1_000_000, line.host, line.pid) == (1795492394, host, 123)
    assert isinstance(fact, Judged)
    assert (fact.queue_id, fact.log_id, fact.action, fact.recipients) == ("4TABCD12345", "a1b2c3", "reject", ["anna@example.com"])


@pytest.mark.parametrize(
    "text", ['{"ts": true, "worker_type": "x"}', '{"ts": -1, "worker_type": "x"}', '{"ts": 1e99, "worker_type": "x"}', '{"ts": 1}', "{"]
)
def test_json_without_a_time_is_no_line(text: str) -> None:
    """What only looks like it is counted as a line without a stamp."""
    assert framer_of("rspamd.log", UTC, 2026).frame(text) is None


@pytest.mark.parametrize(
    ("text", "host", "pid"),
    [
        (f"2026-11-24 03:53:14 {REFUSED}", "", 0),
        (f"2026-11-24 03:53:14 mx1.example.org exim[123]: {REFUSED}", "mx1.example.org", 123),
        (f"2026-11-24 03:53:14 mx1 exim4[123]: 2026-11-24 03:53:14 {REFUSED}", "mx1", 123),
    ],
)
def test_a_transport_may_stamp_as_exim_does(text: str, host: str, pid: int) -> None:
    """With a host and a tag behind the stamp it is a line of syslog."""
    line, fact = read(text)
    assert (line.time_us // 1_000_000, line.host, line.pid) == (1795492394, host, pid)
    assert isinstance(fact, Ruled)
    assert (fact.sender, fact.recipient, fact.client_ip) == ("max@sender.example", "anna@example.com", "203.0.113.5")


def test_a_daemon_may_be_named_by_its_path() -> None:
    """`/usr/sbin/amavisd-new` is no instance of a mail server."""
    assert parser_of("/usr/sbin/amavisd-new", "amavisd-new") is parser_of("amavis", "amavis")
    assert parser_of("/usr/lib/postfix/sbin/smtpd", "smtpd") is None
