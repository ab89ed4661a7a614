"""How fresh the logs are, in the words of the foot of every page, and in the one line above results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search.freshness import FreshnessAnswer, SourceState
from search.http.pages.clock import Clock
from search.standing import NotRead, ReadingState

#: So long nobody calls a source quiet.
_QUIET_S = 5 * 60


@dataclass(frozen=True, slots=True)
class Freshness:
    """The sentence, and whether it is a warning: then it is what a reader of results must know."""

    words: str
    warning: bool

    @property
    def notice(self) -> str:
        """What is said above results; empty where nothing is missing."""
        return f"{self.words}." if self.warning else ""


def not_known() -> Freshness:
    """What is said where the store is away."""
    return Freshness("Not known how fresh: the store does not answer", warning=True)


def freshness_of(state: FreshnessAnswer, clock: Clock) -> Freshness:
    """The sentence: up to when everything is here, or what is in the way of that."""
    if not state.sources and not state.notice:
        return Freshness("No log has been read yet", warning=True)
    if state.notice:
        return Freshness(clock.localised(state.notice), warning=True)
    current = [one for one in state.sources if one.state is ReadingState.UP_TO_DATE and one.at_end is not None]
    if current:
        return Freshness(_complete(current, clock), warning=False)
    finished = max((one.at_end for one in state.sources if one.why is NotRead.FINISHED and one.at_end is not None), default=None)
    if finished is not None:
        return Freshness(f"Read to its end on {clock.of(finished).short}", warning=False)
    last = min(state.sources, key=lambda one: one.read_up_to_ms)
    return Freshness(f"Read up to {_time(last.read_up_to, clock)}, {ago(_seconds(last.read_up_to, clock))}", warning=False)


def _complete(current: Sequence[SourceState], clock: Clock) -> str:
    """Up to when everything that was written is here, and since when nothing was."""
    at_end = min(one.at_end for one in current if one.at_end is not None)
    heard = max((one.since for one in current if one.since is not None), default=None)
    quiet = f"; quiet since {_time(heard, clock)}" if heard is not None and _seconds(heard, clock) > _QUIET_S else ""
    return f"Complete up to {_time(at_end, clock)}, {ago(_seconds(at_end, clock))}{quiet}"


def _seconds(stamp: str, clock: Clock) -> float:
    """How long ago a time is."""
    return clock.now_ms / 1000 - clock.of(stamp).utc.timestamp()


def _time(stamp: str, clock: Clock) -> str:
    """A time of the day, with its day where that is not today."""
    moment = clock.of(stamp)
    return moment.time if moment.local.date() == clock.now.local.date() else f"{moment.day} {moment.time}"


def ago(seconds: float) -> str:
    """How long ago in words, rounded down: `2 seconds ago`."""
    whole = int(seconds)
    for length, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if whole >= length:
            number = whole // length
            return f"{number:,} {name}{'' if number == 1 else 's'} ago"
    return "just now"
