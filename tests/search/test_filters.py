"""What filters beside the queue said: in the report of whoever may see their lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from answer_samples import ANN, BOB, CARLA, FIRST, HOST, Lines, only, stored, trace
from msgspec.structs import replace

from mappings import facts, keys
from mappings.trace import HopLink, Trace
from search.answers import ReportAnswer, Symbol
from search.scope import EVERYTHING, Scope

_SYMBOLS = [facts.FilterSymbol("R_SPF_FAIL", 1.0, ["-all"]), facts.FilterSymbol("BAYES_SPAM", 6.9)]


def judged(*names: str, more: bool = False, loose: str | None = None) -> Trace:
    """Bob's copy of a message that Rspamd looked at, in a line that names these recipients."""
    lines, queue = Lines(), keys.queue(HOST, FIRST)
    lines.add("smtpd", queue, facts.Received(FIRST, client_name="mail.sender.example"), "Received")
    result = facts.Judged(
        "rspamd", FIRST, "ab2825", "m1@client.example", "add header", spam=True, score=7.9, required=15.0, symbols=_SYMBOLS
    )
    result = replace(result, sender=ANN, recipients=list(names), more=more)
    lines.add("rspamd", queue, result, "Rspamd asks for “add header”", list(names))
    forcing = facts.Judged("rspamd", log_id="ab2825", action="add header", forced_by="force_actions")
    beside = loose or keys.log_id(HOST, "ab2825")
    lines.add("rspamd", beside, forcing, "Rspamd asks for “add header”, forced by force_actions")
    return trace(events=lines.made, queue_ids=[FIRST], hops=[HopLink(queue, same=[beside])])


def report(folder: Path, wanted: Trace, scope: Scope = EVERYTHING) -> ReportAnswer:
    """The report on a trace out of a real store."""
    with stored(folder, wanted, scope=scope) as mail:
        answer = mail.report(wanted.id)
    assert answer is not None
    return answer


def test_the_result_stands_with_score_and_tests(tmp_path: Path) -> None:
    """One result: the line that only names what forced the action is none."""
    (one,) = report(tmp_path, judged(BOB)).filters
    assert (one.filter, one.action, one.score, one.required, one.forced_by) == ("rspamd", "add header", 7.9, 15.0, None)
    assert one.symbols == [Symbol(name="R_SPF_FAIL", score=1.0, options=["-all"]), Symbol(name="BAYES_SPAM", score=6.9, options=[])]


@pytest.mark.parametrize(
    ("names", "more", "seen"),
    [((BOB,), False, True), ((BOB, CARLA), False, False), ((BOB,), True, False)],
    ids=["his own line", "it names another", "it counts others"],
)
def test_tests_are_seen_by_whom_the_line_may_be_seen_by(names: tuple[str, ...], more: bool, seen: bool, tmp_path: Path) -> None:
    """A tenant sees that the message was judged, and how; what met only where the line names nobody else."""
    answer = report(tmp_path, judged(*names, more=more), only("example.net"))
    (one,) = answer.filters
    assert (one.action, one.score) == ("add header", 7.9)
    assert (one.symbols is not None) is seen
    line = next(step for step in answer.timeline if step.program == "rspamd")
    assert (line.raw is not None) is seen


def test_its_lines_stand_with_the_queue_file(tmp_path: Path) -> None:
    """The filter is no station of the way: it answers, and hands nothing on."""
    answer = report(tmp_path, judged(BOB))
    assert [hop.kind for hop in answer.hops] == ["queue"]
    assert {step.hop for step in answer.timeline} == {answer.hops[0].id}


def test_a_result_by_message_id_too(tmp_path: Path) -> None:
    """The same where the line names no queue file (spamd)."""
    answer = report(tmp_path, judged(BOB, loose=keys.judged("m1@client.example")))
    assert [hop.kind for hop in answer.hops] == ["queue"]


def test_without_a_filter_there_is_none(tmp_path: Path) -> None:
    """No line, no result."""
    assert report(tmp_path, trace()).filters == []
