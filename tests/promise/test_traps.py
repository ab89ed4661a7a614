"""Traps of real logs, each made up so that what must be found is known beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

import pytest
from canonical import documents
from captures import written
from reading import SHORT, USUAL, Place, Times, read, writers_of
from written_mail import START, Mail, Server, expected, found, log, long_id, short_id

import ingest.pipeline
from ingest.options import LogDomain
from ingest.sinks.embedded import EmbeddedSink

ANN, BOB, EVE = "ann@sender.example", "bob@example.net", "eve@example.org"
_TIMES = pytest.mark.parametrize("times", [USUAL, SHORT], ids=str)
_FORMS = pytest.mark.parametrize("whole", [False, True], ids=["fine", "whole"])


@_TIMES
@_FORMS
@pytest.mark.parametrize("pause_s", [5, 300], ids=["within the minute", "after minutes"])
def test_queue_id_comes_back(pause_s: float, whole: bool, times: Times, place: Place) -> None:
    """A short id names another message later: two messages, not one."""
    server = Server()
    mails = [server.delivered("3883718A9F5", ANN, BOB)]
    server.wait(seconds=pause_s)
    mails.append(server.delivered("3883718A9F5", EVE, BOB))
    read(place, written(place.logs, {"mail.log": log(mails, whole=whole)}), times)
    assert found(place.store) == expected(mails)


@_TIMES
def test_long_queue_ids(times: Times, place: Place) -> None:
    """With long ids in fine stamps, filtered and direct."""
    server, rng = Server(), Random(1)
    ids = [long_id(START + timedelta(milliseconds=7 * n), rng) for n in range(3)]
    mails = [server.delivered(ids[0], ANN, BOB), server.filtered((ids[1], ids[2]), "longids00001", EVE, BOB, ANN)]
    read(place, written(place.logs, {"mail.log": log(mails)}), times)
    assert found(place.store) == expected(mails)


@_TIMES
@_FORMS
def test_two_messages_interleaved(whole: bool, times: Times, place: Place) -> None:
    """Two sessions run side by side, line by line."""
    one, two = Server(), Server(pid=7000)
    two.wait(milliseconds=20)
    mails = [
        one.filtered(("3883718A9F5", "9253418AA05"), "interleave01", ANN, BOB),
        two.filtered(("4D09318A9FB", "9CB1618A9FE"), "interleave02", EVE, BOB),
    ]
    read(place, written(place.logs, {"mail.log": log(mails, whole=whole)}), times)
    assert found(place.store) == expected(mails)


@_TIMES
def test_removed_line_missing(times: Times, place: Place) -> None:
    """Without its last line a message is delivered all the same."""
    mail = Server().delivered("3883718A9F5", ANN, BOB)
    mail.lines.pop()
    read(place, written(place.logs, {"mail.log": log([mail])}), times)
    assert found(place.store) == expected([mail])


@_TIMES
def test_log_begins_mid_message(times: Times, place: Place) -> None:
    """Of a message only the end is there: it says so, and the sender is not known."""
    mail = Server().delivered("3883718A9F5", ANN, BOB)
    half = Mail(mail.lines[5:], [(None, BOB, "delivered", ("3883718A9F5",), True)])
    read(place, written(place.logs, {"mail.log": log([half])}), times)
    assert found(place.store) == expected([half])


@_TIMES
def test_delivered_after_days(times: Times, place: Place) -> None:
    """A deferred message is tried again after two days, in another file and another run: one trace."""
    server, mail = Server(), Mail()
    smtp = server.accept(mail, "3883718A9F5", ANN, 1)
    server.deliver(mail, "3883718A9F5", BOB, smtp, "deferred (connect to mail.example.net[192.0.2.50]:25: Connection refused)")
    first, between = Mail(list(mail.lines)), Server(pid=8000, clock=server.clock).delivered("AAAA118A9F5", EVE, BOB)
    server.wait(days=2)
    late = Mail()
    server.deliver(late, "3883718A9F5", BOB, smtp + 900)
    server.remove(late, "3883718A9F5")
    read(place, written(place.logs, {"mail.log.1": log([first, between])}), times)
    read(place, written(place.logs, {"mail.log": log([late])}), times)
    whole = Mail([*first.lines, *late.lines], [(ANN, BOB, "delivered", ("3883718A9F5",), False)])
    assert found(place.store) == expected([whole, between])


def test_nul_bytes_before_a_line(place: Place) -> None:
    """A crash of the machine leaves NUL bytes in the log: the line behind them counts."""
    mail = Server().delivered("3883718A9F5", ANN, BOB)
    lines = log([mail]).splitlines(keepends=True)
    content = b"".join(b"\0" * 512 + line if number in {1, 5} else line for number, line in enumerate(lines))
    read(place, written(place.logs, {"mail.log": content}))
    assert found(place.store) == expected([mail])


def test_foreign_lines_between(place: Place) -> None:
    """Lines of sshd and cron between those of the mail server change nothing."""
    mail = Server().delivered("3883718A9F5", ANN, BOB)
    noise = Server(pid=9000)
    other = Mail()
    for text in ("Accepted publickey for root from 203.0.113.5 port 22", "3883718A9F5: to=<x@y.example>, status=sent (250 ok)"):
        noise.at(other, "sshd", 9001, text)
    read(place, written(place.logs, {"mail.log": log([mail, other])}))
    assert found(place.store) == expected([mail])


@_TIMES
@_FORMS
def test_several_hosts_in_one_file(whole: bool, times: Times, place: Place) -> None:
    """A central log: the same queue id and the same process ids on two hosts are two messages."""
    mails = [Server("mx1").delivered("3883718A9F5", ANN, BOB), Server("mx2").delivered("3883718A9F5", EVE, BOB)]
    read(place, written(place.logs, {"mail.log": log(mails, whole=whole)}), times)
    assert found(place.store) == expected(mails)


@_TIMES
def test_filter_on_another_host(times: Times, place: Place) -> None:
    """With a log domain of two hosts a hop through a filter on the other one is within: one message."""
    mail = Server("mx1").filtered(("3883718A9F5", "9253418AA05"), "otherhost001", ANN, BOB, filter_host="192.0.2.77")
    lines = [
        replace(
            line,
            host="scan1" if line.tag in {"amavis", "postfix/reinject/smtpd"} or line.text.startswith("9253418AA05") else "mx1",
            text=line.text.replace("client=localhost[127.0.0.1]", "client=mx1.example.net[192.0.2.10]"),
        )
        for line in mail.lines
    ]
    domain = LogDomain("site", ("mx1", "scan1"), ("192.0.2.77", "192.0.2.10"))
    read(place, written(place.logs, {"mail.log": log([Mail(lines)])}), times, log_domains=(domain,))
    assert found(place.store) == expected([mail])


def test_year_turn(place: Place) -> None:
    """A traditional log that begins in December and ends in January: the January lines are of the next year."""
    server = Server(clock=datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    mails = [server.delivered("3883718A9F5", ANN, BOB)]
    server.wait(hours=2)
    mails.append(server.delivered("4D09318A9FB", EVE, BOB))
    read(place, written(place.logs, {"mail.log": log(mails, whole=True)}), year=2025)
    assert found(place.store) == expected(mails)
    assert _days(place) == {datetime(2025, 12, 31, tzinfo=UTC).date(), datetime(2026, 1, 1, tzinfo=UTC).date()}


def test_a_line_stamped_a_day_early(place: Place) -> None:
    """A line with a stamp a day early in the middle, also over the year turn, is no new year and moves nothing else."""
    server = Server(clock=datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC))
    mails = [server.delivered("3883718A9F5", ANN, BOB)]
    early = Server(clock=datetime(2025, 12, 31, 0, 0, 5, tzinfo=UTC), pid=5000).delivered("AAAA118A9F5", EVE, ANN)
    server.wait(hours=1)
    mails.append(server.delivered("4D09318A9FB", EVE, BOB))
    content = log(mails[:1], whole=True) + log([early], whole=True) + log(mails[1:], whole=True)
    read(place, written(place.logs, {"mail.log": content}), year=2026)
    assert found(place.store) == expected([*mails, early])
    assert max(_days(place)) == datetime(2026, 1, 1, tzinfo=UTC).date()


@_FORMS
@pytest.mark.parametrize(
    "at", [datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)], ids=["spring", "autumn"]
)
def test_daylight_saving_jump(at: datetime, whole: bool, place: Place) -> None:
    """Mail over the hour that is left out or comes twice is found once, and fine stamps keep their time."""
    zone = ZoneInfo("Europe/Berlin")
    server = Server(clock=at)
    mails = [server.delivered(short_id(Random(n)), ANN, BOB) for n in range(6)]
    read(place, written(place.logs, {"mail.log": log(mails, zone, whole=whole)}), timezone=zone)
    assert found(place.store) == expected(mails)


@_TIMES
def test_failure_logged_before_the_deferral_that_it_ends(times: Times, place: Place) -> None:
    """Fate is the strongest fact: a bounce before a deferral in the same second is a bounce."""
    server, mail = Server(), Mail()
    smtp = server.accept(mail, "3883718A9F5", ANN, 1)
    server.deliver(mail, "3883718A9F5", BOB, smtp, "bounced (host mail.example.net[192.0.2.50] said: 550 5.1.1 User unknown)")
    server.deliver(mail, "3883718A9F5", BOB, smtp + 1, "deferred (connect to mail.example.net[192.0.2.50]:25: Connection refused)")
    server.remove(mail, "3883718A9F5")
    mail.traces.append((ANN, BOB, "bounced", ("3883718A9F5",), False))
    read(place, written(place.logs, {"mail.log": log([mail], whole=True)}), times)
    assert found(place.store) == expected([mail])


@_TIMES
def test_lines_that_come_a_run_later(times: Times, place: Place) -> None:
    """The filter's log is read in a later run than the mail server's: one message in the end."""
    mail = Server().filtered(("3883718A9F5", "9253418AA05"), "laterlog0001", ANN, BOB)
    scan = [line for line in mail.lines if line.tag == "amavis"]
    rest = [line for line in mail.lines if line.tag != "amavis"]
    read(place, written(place.logs, {"mail.log": log([Mail(rest)])}), times)
    read(place, written(place.logs, {"amavis.log": log([Mail(scan)])}), times)
    assert found(place.store) == expected([mail])


@_TIMES
def test_a_host_replaces_a_document_beside_another_host(times: Times, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one log domain has the store replace is settled, whatever another one has written in the meantime, and the run ends."""
    mail = Server("mx1").filtered(("3883718A9F5", "9253418AA05"), "twohosts0001", ANN, BOB)
    second = [line for line in mail.lines if "9253418AA05: " in line.text]
    rest = [line for line in mail.lines if line not in second]
    other = Server("mx2").delivered("4D09318A9FB", EVE, BOB)
    read(place, written(place.logs, {"second.log": log([Mail(second)])}), times)
    flushed = count(1)

    def flush(_: EmbeddedSink) -> None:
        assert next(flushed) < 1000, "the run does not end"

    monkeypatch.setattr(EmbeddedSink, "flush", flush)
    ingest = read(place, written(place.logs, {"rest.log": log([Mail(rest), other])}), times)
    assert found(place.store) == expected([mail, other])
    assert not any(writer.under_way for writer in writers_of(ingest).values())


def _days(place: Place) -> set[date]:
    """The days of the traces in a store."""
    return {datetime.fromtimestamp(one["time_ms"] / 1000, UTC).date() for one in documents(place.store).values()}


def test_a_host_whose_clock_was_wrong_for_a_moment_leaves_nothing(place: Place) -> None:
    """Lines of the future are counted; the processes of all that came after them are forgotten like others."""
    mails = []
    for number in range(30):
        server = Server(pid=1000 + 10 * number)
        server.wait(seconds=300 * number)
        mails.append(server.delivered(f"3883718A9{number:02X}", ANN, BOB))
    before, after = log(mails[:1], whole=True), log(mails[1:], whole=True)
    wrong = b"2031-01-01T10:00:00Z mx1 postfix/smtpd[77]: connect from unknown[203.0.113.5]\n"
    ingest = read(place, written(place.logs, {"mail.log": before + wrong + after}))
    assert ingest.summary.ahead == 1
    assert len(writers_of(ingest)["mx1"].memory._numbers._known) < 10
    assert found(place.store) == expected(mails)


def test_what_was_replaced_is_remembered_for_a_while_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late lines look up documents that others have replaced: memory lets go of these with the messages."""
    monkeypatch.setattr(ingest.pipeline, "_FLUSH_LINES", 10)
    monkeypatch.setattr(ingest.pipeline, "_CHUNK", 10)
    server, mails = Server(), []
    for number in range(40):
        mails.append(server.filtered((f"3883718A9{number:02X}", f"9253418AA{number:02X}"), f"replaced{number:04d}", ANN, BOB))
        server.wait(seconds=30)
    second = [[line for line in mail.lines if line.text.startswith("9253418AA")] for mail in mails]
    rest = [[line for line in mail.lines if not line.text.startswith("9253418AA")] for mail in mails]
    for name, lines in (("second", [one[:-1] for one in second]), ("rest", rest), ("removed", [one[-1:] for one in second])):
        last = read(place, written(place.logs, {f"{name}.log": log([Mail(one) for one in lines])}), SHORT)
    web = writers_of(last)["mx1"].memory.nodes
    assert len(web.documents) < len(mails)
    assert found(place.store) == expected(mails)
