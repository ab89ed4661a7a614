"""Two readings of one line: what the one takes over from the other."""

from __future__ import annotations

import pytest

from ingest.framing.line import Line
from ingest.joining.event import LiveEvent
from ingest.joining.within import Within
from mappings.facts import Administered, Fact, Unread
from mappings.log_words import Actor, Handling

THEN = Administered("A1", Handling.HOLD, "ACL")
NOW = Administered("A1", Handling.HOLD, "ACL", actor=Actor.RULE)


def event(fact: Fact, raw: str = "a line", *, kept: bool = False) -> LiveEvent:
    """A reading of the line."""
    found = LiveEvent(Line(0, False, "mx", "exim", "exim", 1, "", raw, "mainlog"), fact, "digest", Within())
    found.kept = kept
    return found


@pytest.mark.parametrize(
    ("known", "other", "fact"),
    [
        pytest.param(event(THEN, kept=True), event(NOW), NOW, id="this release understands more than an earlier one"),
        pytest.param(event(NOW), event(THEN, kept=True), NOW, id="whatever is read first"),
        pytest.param(event(NOW, "a line and more"), event(THEN), NOW, id="the longer reading of a record stays"),
        pytest.param(event(THEN), event(NOW, "a line and more"), NOW, id="and counts when it comes"),
        pytest.param(event(THEN, "a line and more", kept=True), event(NOW), THEN, id="also where an earlier release read further"),
        pytest.param(event(THEN), event(NOW), THEN, id="of two of one release the first stays"),
        pytest.param(event(Unread()), event(THEN), THEN, id="what failed says nothing"),
        pytest.param(event(THEN, kept=True), event(Unread()), THEN, id="and takes nothing away"),
    ],
)
def test_the_better_reading_counts(known: LiveEvent, other: LiveEvent, fact: Fact) -> None:
    """So documents are the same whichever reading comes first, and reading again renews what an earlier release wrote."""
    before = known.fact
    assert known.take(other) is (fact != before)
    assert known.fact == fact
