"""Lives: of a queue id that comes back, which line is of which message."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from heart_cases import At, Said, client, events, named, queued, sent

from ingest.clock import SECOND
from ingest.joining.life import Life
from ingest.joining.lives import split
from ingest.queue_ids import time_in_id
from mappings.facts import Connected, Fact, Judged, Noticed, Passed, Queued, Removed, Reply, Ruled
from mappings.log_words import Action, Contact, Decider, Notice, Sending, Stage

KEY = "q:mx/A1"
#: Of Exim: it holds its second, so it names one message for ever.
EXIM_ID = "1tABCD-000001-AA"


@dataclass(frozen=True)
class Row:
    """What the lines of an id say, and which of them (by their places here) are of one message."""

    says: str
    said: list[Said]
    lives: list[list[int]]


def coarse(at: float, fact: Fact, number: int = 0) -> At:
    """A line whose stamp has whole seconds."""
    return At(at, fact, fine=False, number=number)


def about(message_id: str) -> Judged:
    """A filter's result with a Message-ID."""
    return Judged("rspamd", "A1", message_id=message_id, score=1.0)


AGAIN = client(helo="again")
TWO: list[Said] = [At(0, client()), At(1, named()), At(9, Removed("A1")), At(20, AGAIN), At(21, named(message_id="y@out"))]

ROWS = (
    Row("one message", [client(), named(), queued(), sent(), Removed("A1")], [[0, 1, 2, 3, 4]]),
    Row("a client begins a new one", [client(), Removed("A1"), AGAIN, Removed("A1", by_admin=True)], [[0, 1], [2, 3]]),
    Row("also where the end of the last was not read", [client(), sent(), AGAIN], [[0, 1], [2]]),
    Row("mail without a client begins with its Message-ID, after an end", [client(), Removed("A1"), named(), queued()], [[0, 1], [2, 3]]),
    Row("a second Message-ID begins nothing", [client(), named(), named(message_id="y@out"), queued()], [[0, 1, 2, 3]]),
    Row("a Message-ID of a resending begins nothing", [client(), Removed("A1"), named(resent=True)], [[0, 1, 2]]),
    Row("before the first beginning that was read there was an end", [Removed("A1"), client(), queued()], [[0], [1, 2]]),
    Row(
        "where that says what the life behind it does not, and that has no end, the clock was set back",
        [At(0, sent()), At(0.1, Removed("A1")), At(4, client()), At(4.1, named()), At(4.2, queued())],
        [[0, 1, 2, 3, 4]],
    ),
    Row("by an hour at most", [At(0, sent()), At(0.1, Removed("A1")), At(3601, client()), At(3601.2, queued())], [[0, 1], [2, 3]]),
    Row(
        "the one behind it has an end of its own",
        [At(0, sent()), At(0.1, Removed("A1")), At(4, client()), At(5, Removed("A1", by_admin=True))],
        [[0, 1], [2, 3]],
    ),
    Row(
        "it has another Message-ID",
        [At(0, named(message_id="z@out")), At(0.1, Removed("A1")), At(4, client()), At(4.1, named())],
        [[0, 1], [2, 3]],
    ),
    Row(
        "it was of another size",
        [At(0, Queued("A1", "", 7, 1)), At(0.1, Removed("A1")), At(4, client()), At(4.1, queued())],
        [[0, 1], [2, 3]],
    ),
    Row(
        "all had it already",
        [At(0, sent()), At(0.1, Removed("A1")), At(4, client()), At(4.1, queued()), At(4.2, sent(text="2"))],
        [[0, 1], [2, 3, 4]],
    ),
    Row(
        "one of two had it already",
        [At(0, sent()), At(0.1, Removed("A1")), At(4, client()), At(4.1, queued(count=2)), At(4.2, sent(text="2"))],
        [[0, 1, 2, 3, 4]],
    ),
    Row(
        "a clock that is set back behind a life that is over",
        [*TWO[:3], At(16, sent()), At(16.1, Removed("A1", by_admin=True)), *TWO[3:]],
        [[0, 1, 2], [3, 4, 5, 6]],
    ),
    Row(
        "in one whole second its lines may stand before its client",
        [
            At(0, sent()),
            At(0, Removed("A1")),
            coarse(90, named()),
            coarse(90, queued(), 1),
            coarse(90, client(), 2),
            At(91, sent(text="2")),
        ],
        [[0, 1], [2, 3, 4, 5]],
    ),
    Row(
        "an end alone, of what was deleted",
        [At(0, Removed("A1", by_admin=True)), At(4, client()), At(5, queued())],
        [[0, 1, 2]],
    ),
    Row("or of what was done", [At(0, Removed("A1")), At(4, client()), At(5, queued()), At(6, sent())], [[0, 1, 2, 3]]),
    Row("mail without a client", [At(0, queued()), At(1, Removed("A1")), At(4, named())], [[0, 1, 2]]),
    Row("before it there was none", [sent(), client(), queued()], [[0, 1, 2]]),
    Row(
        "in one whole second the end is of the one that has none",
        [coarse(0, client()), coarse(5, AGAIN), coarse(5, Removed("A1"))],
        [[0, 2], [1]],
    ),
    Row("with fine stamps the order tells", [client(), At(5, AGAIN), At(5.1, Removed("A1"))], [[0], [1, 2]]),
    Row(
        "a life that has its end gets no second one",
        [At(0, client()), At(1, Removed("A1")), coarse(5, AGAIN), coarse(5, Removed("A1"))],
        [[0, 1], [2, 3]],
    ),
    Row(
        "in one whole second the Message-ID may stand before its client",
        [At(0, client()), At(1, Removed("A1")), coarse(5, named()), coarse(5, AGAIN, 1)],
        [[0, 1], [2, 3]],
    ),
    Row("with fine stamps it is another message", [client(), Removed("A1"), At(5, named()), At(5.1, AGAIN)], [[0, 1], [2], [3]]),
    Row("an end in a later second is of the later one", [coarse(0, client()), coarse(5, AGAIN), coarse(7, Removed("A1"))], [[0], [1, 2]]),
    Row("what ends nothing is of the one that begins", [coarse(0, client()), coarse(5, AGAIN), coarse(5, queued(), 1)], [[0], [1, 2]]),
    Row("where one of two stamps is fine, nothing tells", [client(), coarse(5, AGAIN), At(5.3, Removed("A1"))], [[0, 2], [1]]),
    Row("two clients in one whole second are two", [coarse(5, client()), coarse(5, AGAIN, 1)], [[0], [1]]),
    Row("not in another second", [client(), Removed("A1"), coarse(4, named()), coarse(5, AGAIN)], [[0, 1], [2], [3]]),
    Row("a filter's result is about the one with its Message-ID", [*TWO, At(30, about("x@out"))], [[0, 1, 2, 5], [3, 4]]),
    Row("else about the last that had begun", [*TWO, At(30, about("z@out"))], [[0, 1, 2], [3, 4, 5]]),
    Row("and had begun by then", [*TWO, At(10, about("y@out"))], [[0, 1, 2, 5], [3, 4]]),
    Row("by a stamp of whole seconds, in its second", [At(0, client()), At(9.5, AGAIN), coarse(9, about("z@out"))], [[0], [1, 2]]),
    Row("a line of another file is of the nearest beginning", [*TWO, At(19, Noticed("N1", "A1", Notice.DELAY))], [[0, 1, 2], [3, 4, 5]]),
    Row("and one that a session gives", [*TWO, At(2, Connected(Contact.TLS))], [[0, 1, 2, 5], [3, 4]]),
)


@pytest.mark.parametrize("row", ROWS, ids=[row.says for row in ROWS])
@pytest.mark.parametrize("backwards", [False, True])
def test_which_line_is_of_which_life(row: Row, *, backwards: bool) -> None:
    """Told on the whole set of lines: the order in which they come decides nothing."""
    lines = events(row.said)
    found = split(list(reversed(lines)) if backwards else list(lines), KEY)
    assert [sorted(map(lines.index, one)) for one in found] == row.lives


def test_an_id_that_holds_its_time_has_one_life() -> None:
    """It does not come back."""
    lines = events([client(EXIM_ID), Removed(EXIM_ID), client(EXIM_ID, helo="again")])
    assert len(split(lines, f"q:mx/{EXIM_ID}")) == 1


# -- what the lines of one life come to


def rejected(stage: Stage) -> Ruled:
    """A refusal in the dialogue."""
    return Ruled("A1", Action.REJECT, stage, Decider.ACCESS, recipients=["bob@here.example"], reply=Reply(550))


@pytest.mark.parametrize(
    ("says", "said", "closed"),
    [
        ("it goes on", [client(), queued()], False),
        ("it is gone", [client(), queued(), Removed("A1")], True),
        ("the message was refused", [client(), rejected(Stage.END_OF_MESSAGE)], True),
        ("one recipient was refused", [client(), rejected(Stage.RCPT)], False),
        ("the session broke off before it was complete", [client(), Connected(Contact.LOST)], True),
        ("its transaction broke off", [client(), Ruled("A1", Action.ABORT, Stage.DATA)], True),
        ("the session broke off behind it", [client(), queued(), Connected(Contact.LOST)], False),
    ],
)
def test_whether_more_is_to_be_expected(says: str, said: list[Said], closed: bool) -> None:
    """A message is closed when it is gone, refused or broken off."""
    assert Life(KEY, "mx", events(said)).closed is closed, says


def test_a_filters_lines_do_not_move_its_span() -> None:
    """They may be coarser, and their file may be read later."""
    one = Life(
        KEY, "mx", events([At(5, client()), At(6, sent()), At(90, about("x@out")), At(1, Passed(Sending.NOTICE, "M1", next_id="A1"))])
    )
    assert (one.start_us, one.end_us) == (5_000_000, 6_000_000)


#: Of Postfix: made on 29 November 2026, 12:00 UTC, and 12 microseconds.
LONG_ID = "4jcm1D000DzBd1"


@pytest.mark.parametrize("queue_id", ["1xXdZY-000001-AA", LONG_ID])
@pytest.mark.parametrize(
    ("days", "believed"), [(0, True), (29.9, True), (31, False), (400, False), (-0.0006, True), (-0.01, False), (-900, False)]
)
def test_an_ids_own_time_is_believed_near_its_lines_only(queue_id: str, days: float, *, believed: bool) -> None:
    """A minute after them and thirty days before; else a clock was wrong, or it only looks like a time."""
    held = time_in_id(queue_id)
    assert held is not None
    stamp = held + round(days * 86_400) * SECOND
    one = Life(f"q:mx/{queue_id}", "mx", events([At(stamp / SECOND, client(queue_id)), At(stamp / SECOND + 1, sent(queue_id=queue_id))]))
    assert one.first_us == pytest.approx(held if believed else stamp, abs=1)
