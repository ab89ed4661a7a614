"""The clock: how the times by which lines are joined, kept and told depend on each other."""

from __future__ import annotations

from datetime import UTC

import pytest

from ingest.clock import (
    AHEAD_US,
    FRONT_US,
    LOG_ID_REACH_US,
    LONGEST_WHILE_US,
    MARGIN_S,
    NUMBERED_US,
    PATIENCE_US,
    REACH_US,
    SECOND,
    SETTLE_US,
    SKEW_US,
    SLACK_US,
    SOON_US,
    WHILE_US,
    front_us,
    reach_us,
)
from ingest.options import IngestOptions
from mappings.links import LINKS, REACH_S, REFUSED_REACH_S

SET = IngestOptions((), UTC)
MEMORY_US, PIN_US, HOLD_BACK_US = (int(s * SECOND) for s in (SET.memory_s, SET.pin_s, SET.hold_back_s))


@pytest.mark.parametrize("memory_us", [0, 1, SECOND, 3 * SECOND, 6 * SECOND, MEMORY_US, 3600 * SECOND])
def test_what_is_new_in_time_was_not_let_go_of(memory_us: int) -> None:
    """A line at the front is not looked up, so memory has whatever came with it: the front lies within half of what it keeps."""
    assert front_us(memory_us) <= memory_us / 2
    assert front_us(memory_us) <= FRONT_US


@pytest.mark.parametrize("pin_s", [0.0, 0.5, 5.0, SET.pin_s, 86_400.0])
def test_what_joins_is_read_again(pin_s: float) -> None:
    """After a crash no line may be missing that one without a common id would join: they lie apart at most as long as a line pins."""
    assert reach_us(pin_s) <= pin_s * SECOND
    assert reach_us(pin_s) <= REACH_US


def test_by_default_lines_may_lie_apart_as_long_as_may_be() -> None:
    """The default pin does not shorten the reach."""
    assert reach_us(SET.pin_s) == REACH_US


def test_a_weak_name_reaches_no_further_than_the_reach() -> None:
    """Else what it joins would depend on a crash."""
    assert max(LOG_ID_REACH_US, REFUSED_REACH_S * SECOND) <= REACH_US
    assert max(kind.reach_s or 0 for kind in LINKS.values()) <= REACH_S


def test_a_stamp_of_whole_seconds_is_at_most_a_second_early() -> None:
    """So the slack is one, and less than anything that it is added to."""
    assert SLACK_US == SECOND < min(FRONT_US, LOG_ID_REACH_US, REFUSED_REACH_S * SECOND)


def test_a_session_outlives_its_last_use() -> None:
    """Its lines are kept beyond the reach by more than files are merged to within, or than lines at the front may come late."""
    assert max(SKEW_US, FRONT_US, SLACK_US) < MARGIN_S * SECOND
    assert NUMBERED_US > SKEW_US + SECOND


def test_lines_out_of_order_are_at_the_front() -> None:
    """Files of a backlog are merged less far apart than the front reaches."""
    assert SKEW_US < FRONT_US


def test_a_finished_message_waits_less_than_an_unfinished_one() -> None:
    """And this one less than what is held back for its beginning."""
    assert SETTLE_US < PATIENCE_US < HOLD_BACK_US


def test_a_finished_message_waits_for_what_comes_late() -> None:
    """Lines of merged files are late by the skew and by whole seconds."""
    assert SETTLE_US >= SKEW_US + SLACK_US


def test_what_waits_is_told_before_it_must_be_written() -> None:
    """A place that is overdue is written as it stands: what is held back, or told once in a while, is told before that."""
    assert max(HOLD_BACK_US, PATIENCE_US, LONGEST_WHILE_US) < PIN_US


def test_what_is_told_is_still_known() -> None:
    """Memory keeps a message longer than it waits, and looks after it while it does."""
    assert max(PATIENCE_US, HOLD_BACK_US, SOON_US, LONGEST_WHILE_US) < MEMORY_US


def test_a_while_is_no_longer_than_the_longest() -> None:
    """A message of the fewest lines that count as many waits one while."""
    assert WHILE_US <= LONGEST_WHILE_US


def test_a_stamp_may_be_ahead_by_more_than_lines_lie_apart() -> None:
    """A host whose clock is a little fast joins as others do."""
    assert AHEAD_US > REACH_US + MARGIN_S * SECOND


def test_a_part_is_read_from_before_its_sessions() -> None:
    """What a line of the part may get from its session lies within what is read."""
    part = IngestOptions((), UTC, rebuild=True, rebuild_from_us=100_000 * SECOND)
    assert part.rebuild_from_us is not None
    assert part.rebuild_from_us - part.begin_us >= REACH_US + MARGIN_S * SECOND
