"""The clock: all the times by which lines are joined, kept and told, and how they depend on each other.

All of them are on the log's clock, the greatest stamp that was read in the log domain, unless it is said otherwise. Times that an operator
sets (`pin_s`, `hold_back_s`, `memory_s`) are in `ingest.options`; the rest is fixed. `tests/heart/test_clock.py` holds the relations.
"""

from __future__ import annotations

from mappings.links import BOXED_REACH_S, LOG_ID_REACH_S, NAMELESS_REACH_S, REACH_S

#: In microseconds.
SECOND = 1_000_000

# -- joining

#: Two lines without a common id join only when their stamps lie at most this far apart; a setting (`pin_s`) may make it less, never more.
REACH_US = REACH_S * SECOND
LOG_ID_REACH_US = LOG_ID_REACH_S * SECOND
NAMELESS_REACH_US = NAMELESS_REACH_S * SECOND
BOXED_REACH_US = BOXED_REACH_S * SECOND
#: Stamps of whole seconds may stand up to this far before what caused them.
SLACK_US = SECOND
#: Lines of a session are kept so much longer than they may lie apart, so that when they are let go of decides nothing.
MARGIN_S = 60
#: A clock that is set right while mail is in flight goes back by at most this: so far before its beginning a message may end.
SET_BACK_US = 3600 * SECOND
#: So long the lines of a process are known, by their number in its second, after it wrote last.
NUMBERED_US = 60 * SECOND

# -- memory

#: A line at most this far behind the greatest stamp read is at the front of the log; never more than half of what memory keeps.
FRONT_US = 3 * SECOND
#: What is not written yet, or not acknowledged, is looked at again after so long.
SOON_US = 10 * SECOND

# -- telling

#: In a backlog a finished message waits this long for late lines, so that it is written once.
SETTLE_US = 2 * SECOND
#: An unfinished one is written at the latest so long after it changed.
PATIENCE_US = 30 * SECOND
#: A message of many lines is told again when it has grown by a share, or after a while: longer the more lines it has.
WHILE_US, LONGEST_WHILE_US = 10 * SECOND, 60 * SECOND

# -- reading

#: Files of a backlog are merged by time to within this.
SKEW_US = SECOND
#: A stamp further ahead of the wall clock than this moves no clock.
AHEAD_US = 3600 * SECOND


def front_us(memory_us: int) -> int:
    """How far behind the greatest stamp a line is new in time: less than the time after which memory lets go, or it may be in the store."""
    return min(FRONT_US, memory_us // 2)


def reach_us(pin_s: float) -> int:
    """How far apart lines without a common id may lie: as long as a line pins the position, for what is not read again joins nothing."""
    return min(int(pin_s * SECOND), REACH_US)
