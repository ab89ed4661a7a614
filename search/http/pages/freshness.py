"""How fresh the logs are, in the words of the foot of every page, and in the one line above results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mappings.locales import Book
from search.freshness import FreshnessAnswer, SourceState
from search.http.pages.clock import Clock
from search.standing import NotRead, ReadingState

#: So long nobody calls a source quiet.
_QUIET_S = 5 * 60
_AGO = ((86_400, "{count} days ago"), (3_600, "{count} hours ago"), (60, "{count} minutes ago"), (1, "{count} seconds ago"))


@dataclass(frozen=True, slots=True)
class Freshness:
    """The sentence, and whether it is a warning: then it is what a reader of results must know."""

    words: str
    warning: bool

    @property
    def notice(self) -> str:
        """What is said above results; empty where nothing is missing."""
        return f"{self.words}." if self.warning else ""


def not_known(book: Book) -> Freshness:
    """What is said where the store is away."""
    return Freshness(book.say("Not known how fresh: the store does not answer"), warning=True)


def freshness_of(state: FreshnessAnswer, clock: Clock) -> Freshness:
    """The sentence: up to when everything is here, or what is in the way of that."""
    if not state.sources and not state.notice:
        return Freshness(clock.book.say("No log has been read yet"), warning=True)
    if state.notice:
        return Freshness(clock.localised(state.notice), warning=True)
    current = [one for one in state.sources if one.state is ReadingState.UP_TO_DATE and one.at_end is not None]
    if current:
        return Freshness(_complete(current, clock), warning=False)
    finished = max((one.at_end for one in state.sources if one.why is NotRead.FINISHED and one.at_end is not None), default=None)
    if finished is not None:
        return Freshness(clock.book.say("Read to its end on {time}", time=clock.of(finished).short), warning=False)
    last = min(state.sources, key=lambda one: one.read_up_to_ms)
    up_to, length = _time(last.read_up_to, clock), ago(_seconds(last.read_up_to, clock), clock.book)
    return Freshness(clock.book.say("Read up to {time}, {length}", time=up_to, length=length), warning=False)


def _complete(current: Sequence[SourceState], clock: Clock) -> str:
    """Up to when everything that was written is here, and since when nothing was."""
    at_end = min(one.at_end for one in current if one.at_end is not None)
    heard = max((one.since for one in current if one.since is not None), default=None)
    say = clock.book.say
    quiet = f"; {say('quiet since {time}', time=_time(heard, clock))}" if heard is not None and _seconds(heard, clock) > _QUIET_S else ""
    length = ago(_seconds(at_end, clock), clock.book)
    return say("Complete up to {time}, {length}", time=_time(at_end, clock), length=length) + quiet


def _seconds(stamp: str, clock: Clock) -> float:
    """How long ago a time is."""
    return clock.now_ms / 1000 - clock.of(stamp).utc.timestamp()


def _time(stamp: str, clock: Clock) -> str:
    """A time of the day, with its day where that is not today."""
    moment = clock.of(stamp)
    return moment.time if moment.local.date() == clock.now.local.date() else f"{moment.day} {moment.time}"


def ago(seconds: float, book: Book) -> str:
    """How long ago in words, rounded down: `2 seconds ago`."""
    whole = int(seconds)
    for length, phrase in _AGO:
        if whole >= length:
            return book.say(phrase, count=whole // length)
    return book.say("just now")
