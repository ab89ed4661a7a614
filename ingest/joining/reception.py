"""Reception: which message a filter's result is about that names it by its Message-ID only, or says that it has none.

That is the sender's word, so it joins only to a message in reception at that moment; a filter on the way to a recipient (a transport
filter, a delivery agent's) has its result while the message is delivered. Of several messages with one Message-ID each gets a result
only where it makes no difference which, or the order of both tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ingest.clock import SECOND
from ingest.joining.event import in_order
from ingest.joining.life import Life
from ingest.joining.links import Link
from ingest.joining.names import MANY, Mention
from ingest.joining.parts import Loose, Part
from ingest.joining.pipes import origin_of
from ingest.joining.web import Web
from mappings import keys
from mappings.facts import Judged
from mappings.keys import KeyKind
from mappings.links import How

#: So many messages and results with one Message-ID are told apart at the same time.
FEW = 12
#: Where more parts than this claim one, none of them is told apart from the others.
CLAIMANTS = 3 * FEW


class Claim(NamedTuple):
    """The time at which a part is found by a Message-ID, or as having none: others may then be taken for it."""

    message_id: str
    since_us: int
    until_us: int

    @property
    def keys(self) -> tuple[str, str]:
        """The keys by which others are found that have to do with it."""
        return keys.judged(self.message_id), keys.message_id(self.message_id)


def claim_of(mention: Mention) -> Claim | None:
    """What a part claims by naming a key; None where it is a key of another kind."""
    how = mention.how
    if how is How.JUDGED or how is How.CHECKED or (how is How.OWN and keys.kind_of(mention.target) is KeyKind.JUDGED):
        return Claim(keys.value_of(mention.target), mention.since_us, mention.until_us)
    return None


def results_about(life: Life, link: Link, web: Web) -> Iterator[tuple[Loose, How]]:
    """The results that are about a message, or may be, of those that one link may mean; and how that is known."""
    found = _results(link, web)
    for result in found if len(found) <= MANY else ():
        how = next((how for one, how in messages_of(result, web) if one is life), None)
        if how is link.how or (how is How.AMONG and link.how is How.JUDGED):
            yield result, how


def messages_of(result: Loose, web: Web) -> list[tuple[Life, How]]:
    """The message that a result is about; else the few of which it is about one, and nothing tells which."""
    about = _message_of(result, web)
    if about is not None:
        return [about]
    lives = _lives(result, How.JUDGED, web)
    return [(life, How.AMONG) for life in lives] if 1 < len(lives) <= FEW else []


def _message_of(result: Loose, web: Web) -> tuple[Life, How] | None:
    """The message that a result is about, and how that is known."""
    lives = _lives(result, How.JUDGED, web)
    if not lives:
        # One that has a result of its reception is not looked at again.
        lives = _lives(result, How.CHECKED, web)
        left = [life for life in lives if not life.judged and not _looked_at_before(life, web)] if len(lives) <= FEW else []
        return (left[0], How.CHECKED) if len(left) == 1 and _looked_at(left[0], How.CHECKED, web) else None
    if len(lives) > FEW:
        return None
    life = lives[0] if len(lives) == 1 else _told_apart(result, web).get(result)
    return (life, How.JUDGED) if life is not None and _looked_at(life, How.JUDGED, web) else None


def _lives(result: Loose, how: How, web: Web) -> list[Life]:
    """The messages that a result may be about; of more than a few so many and one more."""
    event = result.events[0]
    blur = 0 if event.fine else SECOND - 1
    named = next(link.target for link in result.links if link.how is How.OWN)
    target = named if how is How.JUDGED else keys.message_id(keys.value_of(named))
    found = (m.part for m in web.near(target, event.time_us, event.time_us + blur) if m.how is how)
    lives = list(islice((part for part in found if isinstance(part, Life)), FEW + 1))
    return _each_once(lives, web) if 1 < len(lives) <= FEW else lives


def _each_once(lives: Sequence[Life], web: Web) -> list[Life]:
    """Each message once: what a filter, or a program of the host, took and handed in again while it was looked at, is one."""
    given = {link.target: life for life in lives for link in life.links if link.how is How.RELAY}
    found: dict[Part, Life] = {}
    for life in lives:
        origin = origin_of(given.get(life.key, life), web)
        first = found.setdefault(origin, life)
        if life.start_us < first.start_us:
            found[origin] = life
    return list(found.values())


def _results(link: Link, web: Web) -> list[Loose]:
    """The results that one link may mean; of more than it can tell apart so many and one more."""
    # A result's stamp may have whole seconds.
    since = (link.since_us if link.since_us is not None else link.time_us) - SECOND
    target = link.target if link.how is How.JUDGED else keys.judged(keys.value_of(link.target))
    found = (m.part for m in web.near(target, since, link.time_us) if m.how is How.OWN)
    return list(islice((part for part in found if isinstance(part, Loose)), MANY + 1))


def _looked_at(life: Life, how: How, web: Web) -> bool:
    """Whether there are results while a message is received, or on its way, and not more than can be about it."""
    return any(0 < len(_results(link, web)) <= MANY for link in life.links if link.how is how)


def _looked_at_before(life: Life, web: Web) -> bool:
    """Whether there are results from before a message was complete; one of just then may be of the first recipient's copy alone."""
    until = life.complete_us or 0
    if not any(e.time_us == until and e.fine for e in life.events):
        until -= until % SECOND
    return any(one.end_us < until for link in life.links if link.how is How.JUDGED for one in _results(link, web))


def _told_apart(result: Loose, web: Web) -> dict[Loose, Life]:
    """Which results are about which messages, of all that may be mistaken for each other; of more than a few none."""
    results, lives = {result: None}, dict[Life, None]()
    waiting = [result]
    while waiting:
        for life in _lives(waiting.pop(), How.JUDGED, web):
            if life in lives:
                continue
            lives[life] = None
            for link in life.links if len(lives) <= FEW else ():
                new = [one for one in _results(link, web) if one not in results] if link.how is How.JUDGED else []
                results.update(dict.fromkeys(new))
                waiting += new
            if len(lives) > FEW or len(results) > FEW:
                return {}
    ordered = sorted(lives, key=lambda life: (life.complete_us or 0, life.first_us, life.key, life.number))
    return _paired(ordered, sorted(results, key=lambda one: in_order(one.events[0])), web)


def _paired(lives: list[Life], results: list[Loose], web: Web) -> dict[Loose, Life]:
    """The first result to the first message and so on, where there is one for each; where all say the same, there may be more."""
    if len(results) > len(lives) and len({_says(result) for result in results}) == 1:
        results = _fitting(lives, results, web)
    if len(results) != len(lives) or any(life not in _lives(r, How.JUDGED, web) for life, r in zip(lives, results, strict=True)):
        return {}
    found: dict[Loose, Life] = {}
    begin = 0
    for end in range(1, len(lives) + 1):
        if end < len(lives) and not (_follow(lives[end - 1], lives[end]) and _come_after(results[end - 1], results[end])):
            continue
        # Between these the order is not told.
        if len({_says(result) for result in results[begin:end]}) == 1:
            found.update(zip(results[begin:end], lives[begin:end], strict=True))
        begin = end
    return found


def _fitting(lives: Sequence[Life], results: Sequence[Loose], web: Web) -> list[Loose]:
    """For each message the first result that may be about it, and about none before."""
    found: list[Loose] = []
    for life in lives:
        found += [r for r in results if r not in found and life in _lives(r, How.JUDGED, web)][:1]
    return found


def _says(result: Loose) -> tuple[object, ...]:
    """What a result comes to."""
    fact = result.events[0].fact
    return (fact.verdict, fact.asked, fact.reason) if isinstance(fact, Judged) else ()


def _follow(life: Life, after: Life) -> bool:
    """Whether one message was received after another one, and not only begun before it."""
    return (life.complete_us or 0) < (after.complete_us or 0) and life.first_us <= after.first_us


def _come_after(result: Loose, after: Loose) -> bool:
    """Whether one result was written after another one: by its stamp, or in the order of their process."""
    one, other = result.events[0], after.events[0]
    same = (one.host, one.program, one.pid) == (other.host, other.program, other.pid)
    return one.time_us < other.time_us or (same and one.number < other.number)
