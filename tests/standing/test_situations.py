"""Thirty-odd situations, and what page, API, command line and `doctor` say in each: the same, from one module."""

from __future__ import annotations

from datetime import UTC

import msgspec
import pytest
from reference import ReferenceStore

from mailtrace.cli.doctor import reading_told
from mailtrace.cli.finding import BAD, GOOD, NOTE
from mappings.readings import ReaderReadings
from search.engines import StoreState
from search.freshness import freshness
from search.http.pages.clock import Clock
from search.http.pages.freshness import freshness_of
from search.query import Query
from search.scope import EVERYTHING, Scope
from search.service import MailTrace
from search.standing import standings

from .situations import LOG, NOW_MS, SITUATIONS, Situation, source

#: What a caller who sees a part of the mail must never read.
_INTERNAL = (LOG, "/var/log", "journald", "journalctl", "permission denied", "gone since")


class _Told(ReferenceStore):
    """A store that says this of itself, and has no mail."""

    def __init__(self, told: StoreState) -> None:
        super().__init__()
        self._told = told

    def state(self) -> StoreState:
        """What it was given."""
        return self._told


def _asked(situation: Situation, scope: Scope = EVERYTHING) -> MailTrace:
    return MailTrace(_Told(situation.store), scope, lambda: situation.now_ms)


def test_there_are_enough() -> None:
    """Thirty and more, each with a name of its own."""
    assert len({one.name for one in SITUATIONS}) == len(SITUATIONS) >= 30


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_the_page_says_it(situation: Situation) -> None:
    """The foot of every page; what is a warning stands above results too, and nothing else does."""
    told = freshness_of(_asked(situation).freshness(), Clock(UTC, "UTC", situation.now_ms))
    assert told.words == situation.foot
    unread = not situation.read_up_to and not situation.warning
    assert (told.warning, bool(told.notice)) == ((situation.warning or unread),) * 2


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_the_api_says_it(situation: Situation) -> None:
    """State, cause, and one line; what was asked for up to a time that was read has no warning."""
    mail = _asked(situation)
    answer = mail.freshness()
    states = {one.name: " ".join(filter(None, (one.state, one.why))) for one in answer.sources}
    assert states.get("mx1", "") == situation.state
    assert [one.source for one in answer.readings] == [one.source for one in standings(situation.store.readings, situation.now_ms)]
    if answer.notice:
        assert answer.notice == situation.foot
    assert msgspec.json.decode(msgspec.json.encode(answer))["notice"] == answer.notice
    done = [one for one in answer.sources if one.state == "up_to_date" or one.why == "finished"]
    assert all(one.behind_s == 0 for one in done)


@pytest.mark.parametrize("situation", [one for one in SITUATIONS if one.empty], ids=str)
def test_an_empty_answer_says_it(situation: Situation) -> None:
    """What the command line prints below nothing, and the API among its warnings."""
    warnings = _asked(situation).search(Query(sender=("nobody@example.net",))).warnings
    assert any(one.endswith(situation.empty) for one in warnings), warnings


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_doctor_says_it(situation: Situation) -> None:
    """How bad it is, which decides about the exit code, and the words."""
    findings = list(reading_told(situation.store, situation.now_ms))
    kinds = {kind for kind, _ in findings}
    assert (BAD if BAD in kinds else NOTE if NOTE in kinds else GOOD) == situation.doctor, findings
    for words in situation.said:
        assert any(words in sentence for _, sentence in findings), findings
    for one in standings(situation.store.readings, situation.now_ms):
        assert any(sentence.startswith(f"{one.source} is {one.words}") for _, sentence in findings)


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_who_sees_a_part_of_the_mail_reads_nothing_of_files(situation: Situation) -> None:
    """States and times of log domains, and no path, no cause, no line."""
    scope = Scope(frozenset({"bakery.example"}))
    answer = freshness(situation.store, situation.now_ms, [], scope)
    assert answer.readings == []
    warnings = _asked(situation, scope).search(Query()).warnings
    told = f"{msgspec.json.encode(answer).decode()} {warnings}"
    assert not [word for word in _INTERNAL if word in told]
    assert all(one.why in (None, "finished", "not_recorded") for one in answer.sources)
    everybody = freshness(situation.store, situation.now_ms, [])
    assert [(one.name, one.state, one.warning) for one in answer.sources] == [
        (one.name, one.state, one.warning) for one in everybody.sources
    ]


def test_one_source_of_two_readers_counts_once() -> None:
    """Where the data folder was moved or a container made anew, what the old reader told is over; another server's file is not."""
    old, new, others = source(noted=20 * 60_000), source(), source(domains=("mx2",))
    moved = [ReaderReadings("a", (old,), "mx1"), ReaderReadings("b", (new,), "mx1")]
    again = [ReaderReadings("a", (old,), "4f1c2d"), ReaderReadings("b", (new,), "9a0b1c")]
    for readings in (moved, again):
        assert [(one.source, one.state) for one in standings(readings, NOW_MS)] == [(LOG, "up_to_date")]
    two = [ReaderReadings("a", (new,), "mx1"), ReaderReadings("b", (others,), "mx2")]
    assert [one.source for one in standings(two, NOW_MS)] == [f"mx1: {LOG}", f"mx2: {LOG}"]
