"""How fresh the logs are, in the words of the foot of every page."""

from __future__ import annotations

from dataclasses import dataclass

from search.answers import FreshnessAnswer, SourceState
from search.http.pages.clock import Clock

#: A source that is further behind is not complete.
_BEHIND_S = 5 * 60
#: One that is further behind than this, while others go on, is silent.
_SILENT_S = 3_600


@dataclass(frozen=True, slots=True)
class LateSource:
    """A source that is behind."""

    name: str
    #: In the reader's zone: `08:00`.
    at: str
    behind: str
    silent: bool


@dataclass(frozen=True, slots=True)
class Freshness:
    """The sentence, and whether it is a warning."""

    words: str
    warning: bool
    behind: tuple[LateSource, ...] = ()


def not_known() -> Freshness:
    """What is said where the store is away."""
    return Freshness("Not known how fresh: the store does not answer", warning=True)


def freshness_of(state: FreshnessAnswer, clock: Clock) -> Freshness:
    """The sentence: up to when everything is here, and which sources are behind."""
    if not state.sources:
        return Freshness("No log has been read yet", warning=True)
    behind = [source for source in state.sources if source.behind_s > _BEHIND_S]
    shown = tuple(_behind(source, clock) for source in behind)
    current = [source for source in state.sources if source.behind_s <= _BEHIND_S]
    if not behind:
        last = min(state.sources, key=lambda source: source.read_up_to_ms)
        return Freshness(f"Complete up to {_time(last, clock)}, {ago(last.behind_s)}", warning=False)
    if not current:
        last = min(behind, key=lambda source: source.read_up_to_ms)
        named = f" ({last.name})" if len(state.sources) > 1 else ""
        return Freshness(f"Complete up to {_time(last, clock)}, {ago(last.behind_s)}{named}", warning=True, behind=shown)
    if all(source.silent for source in shown):
        best = min(current, key=lambda source: source.read_up_to_ms)
        named = ", ".join(f"{source.name} (silent since {source.at})" for source in shown[:3])
        more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
        return Freshness(f"Complete up to {_time(best, clock)}, except {named}{more}", warning=True, behind=shown)
    last = max((source for source in behind if source.behind_s <= _SILENT_S), key=lambda source: source.behind_s)
    return Freshness(f"Complete up to {_time(last, clock)}, {ago(last.behind_s)} ({last.name})", warning=True, behind=shown)


def _behind(source: SourceState, clock: Clock) -> LateSource:
    return LateSource(
        source.name, _time(source, clock, seconds=False), ago(source.behind_s).removesuffix(" ago"), source.behind_s > _SILENT_S
    )


def _time(source: SourceState, clock: Clock, *, seconds: bool = True) -> str:
    """The time up to which a source is read, with its day where that is not today."""
    moment = clock.at(source.read_up_to_ms)
    time = moment.time if seconds else f"{moment.local:%H:%M}"
    return time if moment.local.date() == clock.now.local.date() else f"{moment.day} {time}"


def ago(seconds: float) -> str:
    """How long ago in words, rounded down: `2 seconds ago`."""
    whole = int(seconds)
    for length, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if whole >= length:
            number = whole // length
            return f"{number:,} {name}{'' if number == 1 else 's'} ago"
    return "just now"
