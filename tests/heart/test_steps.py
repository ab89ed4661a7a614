"""Steps: in which order a document tells what happened in one second."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest
from heart_cases import BOB, LOOPBACK, At, client, event, named, queued, result, sent, to_filter, traces_of, tried

from mappings.facts import Administered, Expired, Fact, Identified, Judged, Noticed, Removed, Ruled
from mappings.log_words import Action, Decider, Handling, Notice, Stage, Status


@dataclass(frozen=True)
class Row:
    """What was logged in one second, each by a process of its own unless it is said otherwise, in the order in which it is told."""

    says: str
    told: list[Fact | At]


def by(pid: int, number: int, fact: Fact) -> At:
    """A line of a process, with its number there."""
    return At(0, fact, fine=False, number=number, pid=pid)


def at(time_s: float, fact: Fact) -> At:
    """A line with a finer stamp."""
    return At(time_s, fact, pid=1)


HEADER = Ruled("A1", Action.INFO, Stage.HEADER, Decider.HEADER)
LATER = tried(Status.DEFERRED, code=451)
BACK = client("B2", LOOPBACK)
HANDED_OVER = to_filter(next_id="B2")

OF_A1 = result(BOB, origin_queue_id="A1", next_ids=["B2"])
FILTERED: list[Fact | At] = [
    client(),
    named(),
    queued(),
    BACK,
    named("B2"),
    queued("B2"),
    result(BOB, origin_queue_id="A1", next_ids=["B2"]),
]
IN_ORDER: list[Fact | At] = [client(), named(), by(7, 0, queued()), BACK, named("B2"), HANDED_OVER, by(7, 1, Removed("A1"))]

ROWS = (
    Row("one message", [client(), HEADER, named(), queued(), Judged("rspamd", "A1"), LATER, sent(), Removed("A1")]),
    Row("one that fails", [client(), named(), queued(), LATER, Expired("A1"), Noticed("A1", "N1", Notice.NON_DELIVERY), Removed("A1")]),
    Row("what an administrator let go", [client(), queued(), Administered("A1", Handling.RELEASE), sent(), Removed("A1")]),
    Row(
        "by way of a filter: the second queue file begins before the first one is said to be handed over",
        [*FILTERED, HANDED_OVER, Removed("A1"), sent(queue_id="B2"), Removed("B2")],
    ),
    Row(
        "what one process wrote keeps its order",
        [*IN_ORDER, by(7, 2, queued("B2")), sent(queue_id="B2"), by(7, 3, Removed("B2"))],
    ),
    Row(
        "finer stamps keep theirs, and the others stand where they fit",
        [at(0.1, client()), at(0.2, HEADER), named(), queued(), Judged("rspamd", "A1"), at(0.3, sent()), Removed("A1")],
    ),
    Row("equal finer stamps have none", [at(0.1, client()), at(0.1, named()), at(0.1, sent()), at(0.1, Removed("A1"))]),
)


def _by_somebody(fact: Fact, number: int, rng: Random) -> At:
    """A line of any process; all Message-IDs are said by one, which stands before the others."""
    return by(9, number, fact) if isinstance(fact, Identified) else by(rng.randrange(10, 100_000), 0, fact)


@pytest.mark.parametrize("row", ROWS, ids=[row.says for row in ROWS])
@pytest.mark.parametrize("seed", range(5))
def test_what_one_second_holds_is_told_as_it_went(row: Row, seed: int) -> None:
    """In whatever order the lines come, and whichever process has the lower number."""
    rng = Random(seed)
    lines = [event(one if isinstance(one, At) else _by_somebody(one, number, rng)) for number, one in enumerate(row.told)]
    digests = [line.digest for line in lines]
    rng.shuffle(lines)
    trace = next(one for one in traces_of(lines) if one.recipient == BOB)
    assert [digests.index(stored.hash) for stored in trace.events] == list(range(len(digests)))
