"""Places: what needs the lines at a place in a log file, and when they need not be read again."""

from __future__ import annotations

import pytest
from heart_cases import HERE, HOST, At, client, event, queued, sent

from ingest.clock import MARGIN_S, SECOND
from ingest.joining.event import LiveEvent
from ingest.joining.places import Hold, Place
from ingest.joining.session import Session, SessionStep
from ingest.joining.way import SessionRole
from ingest.memory.node import Node
from ingest.memory.nodes import Nodes
from mappings.facts import Connected, Noticed, Unread
from mappings.links import REACH_S
from mappings.log_words import Contact, Notice


def place(offset: int = 0) -> Place:
    """A place in a file."""
    return Place(offset, 0, 0, None)


def held(one: LiveEvent) -> Place:
    """The place of a line that an event needs."""
    found = place()
    one.hold(found)
    return found


def node_of(one: LiveEvent, key: str = "q:mx/A1") -> Node:
    """A node with an event that no document holds."""
    node = Nodes(HERE).new(key, HOST, 0)
    node.events[one.digest] = one
    node.lacks(one)
    return node


def test_a_place_that_nothing_holds_is_not_needed() -> None:
    """It was looked at, and nothing came of it."""
    assert not place().needed


def test_each_holder_is_named_once() -> None:
    """Two that need it: it is let go of when neither does; one that asks twice lets go once."""
    here, one, other = place(), Hold(), Hold()
    here.hold(one)
    here.hold(one)
    here.hold(other)
    here.let_go(one)
    assert here.needed
    here.let_go(other)
    assert not here.needed


def test_letting_go_of_what_was_never_held_is_nothing() -> None:
    """It takes nobody else's hold away."""
    here = place()
    here.hold(Hold())
    here.let_go(Hold())
    assert here.needed


def test_lines_on_their_way_hold_their_places_as_long_as_they_are() -> None:
    """Whatever becomes of them."""
    here, there = place(), place(1)

    def work() -> None:
        with Hold() as batch:
            for one in (here, here, there):
                batch.on(one)
            assert here.needed
            assert there.needed
            raise InterruptedError

    with pytest.raises(InterruptedError):
        work()
    assert not here.needed
    assert not there.needed


def test_an_event_needs_its_line_until_a_document_has_it() -> None:
    """Then nothing of it can be lost."""
    one = event(sent())
    here, node = held(one), node_of(one)
    assert here.needed
    node.has(one)
    assert not here.needed
    assert not one.places


def test_of_two_nodes_both_documents_must_have_it() -> None:
    """A notice's line is of the notice and of its message."""
    one = event(Noticed("A1", "N1", Notice.NON_DELIVERY))
    here, message, notice = held(one), node_of(one), node_of(one, "q:mx/N1")
    message.has(one)
    assert here.needed
    notice.has(one)
    assert not here.needed


def test_a_line_read_twice_needs_both_places_until_then() -> None:
    """In `mail.log` and in `syslog`: after a crash either is read again, and neither may pass it."""
    one = event(sent())
    first, second, node = held(one), held(one), node_of(one)
    assert first.needed
    assert second.needed
    node.has(one)
    assert not first.needed
    assert not second.needed


def test_what_a_reading_knows_better_is_lacking_again() -> None:
    """A document has the line as it was read before, so it is needed as if it were new."""
    one, better = event(At(5, sent(), fine=False)), event(At(5.25, sent()))
    node = node_of(one)
    node.has(one)
    assert one.take(better)
    node.lacks(one)
    here = held(one)
    assert here.needed
    assert not one.take(better), "known already"
    node.has(one)
    assert not here.needed


def test_a_line_that_we_failed_on_says_nothing_better() -> None:
    """It is taken over by whoever could read it, and not the other way."""
    failed, read = event(Unread("A1")), event(sent())
    assert not read.take(failed)
    assert failed.take(read)
    assert failed.fact == read.fact


def test_what_comes_to_nothing_needs_no_line() -> None:
    """An address probe makes no document."""
    one = event(sent())
    here, node = held(one), node_of(one)
    node.forget([one.digest, "of another node"])
    assert not here.needed


def test_a_place_that_is_given_up_is_let_go_of_by_the_event() -> None:
    """The content of a file goes: its other places stay."""
    one = event(sent())
    gone, stays = held(one), held(one)
    one.give_up(gone)
    assert not gone.needed
    assert stays.needed
    assert one.places == [stays]


# -- sessions


def step(role: SessionRole, second: int, one: LiveEvent | None = None, node: str | None = None) -> SessionStep:
    """A line of a session."""
    return SessionStep((second, 0, second * SECOND), role, f"{role.name}{second}", one, node)


def test_an_open_session_holds_what_it_may_still_give() -> None:
    """The position of a file never lies inside of it; what begins a journey is held by that, not by the session."""
    session = Session(REACH_S)
    opened, tls, began = place(), place(1), place(2)
    session.add(step(SessionRole.OPEN, 1), opened)
    session.add(step(SessionRole.COMMON, 2, event(Connected(Contact.TLS))), tls)
    session.add(step(SessionRole.BEGIN, 3, None, "q:mx/A1"), began)
    assert [one.needed for one in (opened, tls, began)] == [True, True, False]
    session.add(step(SessionRole.CLOSE, 4), place(3))
    assert [one.needed for one in (opened, tls, began)] == [False, False, False]


@pytest.mark.parametrize(("owned", "needed"), [(False, False), (True, True)])
def test_at_the_end_of_a_session_what_no_journey_got_is_let_go_of(*, owned: bool, needed: bool) -> None:
    """What one got is needed until its document is durable."""
    session = Session(REACH_S)
    tls = event(Connected(Contact.TLS))
    here = held(tls)
    session.add(step(SessionRole.COMMON, 1, tls), None)
    if owned:
        tls.owners["q:mx/A1"] = None
    session.close()
    assert here.needed is needed


def test_a_session_without_end_lets_go_of_what_nobody_can_get_any_more() -> None:
    """Lines lie apart by the reach at most, and come late by the margin."""
    session = Session(REACH_S)
    here = place()
    session.add(step(SessionRole.COMMON, 1, event(Connected(Contact.TLS))), here)
    session.add(step(SessionRole.BEGIN, 1 + REACH_S + MARGIN_S, None, "q:mx/A1"), None)
    assert here.needed
    session.add(step(SessionRole.BEGIN, 2 + REACH_S + MARGIN_S, None, "q:mx/B2"), None)
    assert not here.needed


def test_a_place_that_is_overdue_is_given_up_by_the_session() -> None:
    """It lies too far back for a journey that begins now."""
    session = Session(REACH_S)
    here, there = place(), place(1)
    session.add(step(SessionRole.OPEN, 1), here)
    session.add(step(SessionRole.AHEAD, 2, event(client())), there)
    session.give_up(here)
    assert not here.needed
    assert there.needed


def test_an_event_holds_no_place_twice() -> None:
    """Two facts of one line may be one event's reading twice."""
    one = event(queued())
    here = place()
    one.hold(here)
    one.hold(here)
    assert one.places == [here]
    one.let_go()
    assert not here.needed
