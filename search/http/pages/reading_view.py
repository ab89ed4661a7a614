"""How the reading of a source stands, as the page *Sources* shows it."""

from __future__ import annotations

from dataclasses import dataclass

from search.freshness import ReadingAnswer, UnknownKind
from search.http.pages.clock import Clock
from search.http.pages.words import sentence_case

_BY = {"set": "as is set", "ids": "as message ids say", "system": "of the system; none is set"}


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A source: its name and its sentences, facts as name and value, and lines that are not understood."""

    source: str
    warning: bool
    words: str
    remarks: list[str]
    facts: list[tuple[str, str]]
    unknown: list[UnknownKind]


def reading_view(one: ReadingAnswer, clock: Clock) -> ReadingView:
    """A source with times in the reader's zone."""
    words = clock.localised(one.words)
    return ReadingView(
        one.source,
        one.warning,
        f"{sentence_case(words)}.",
        [clock.localised(remark) for remark in one.remarks],
        _facts(one, clock),
        one.unknown,
    )


def _facts(one: ReadingAnswer, clock: Clock) -> list[tuple[str, str]]:
    """What is known of it."""
    say = clock.book.say
    facts = [] if one.noted == one.at_end else [("Looked at", clock.of(one.noted).full)]
    if one.at_end is not None:
        facts.append(("At its end", clock.of(one.at_end).full))
    if one.last_line is not None:
        facts.append(("Last line stamped", clock.of(one.last_line).full))
    if one.behind_bytes:
        lines = f", {say('about {count} lines', count=one.behind_lines)}" if one.behind_lines else ""
        facts.append(("Not read yet", f"{say('{count} bytes', count=one.behind_bytes)}{lines}"))
    if one.lines:
        share = clock.book.share(one.unknown_share, 1)
        facts.append(("Lines read", say("{number}, of which {share} are not understood", number=one.lines, share=share)))
    if one.zone is not None:
        facts.append(("Zone of its stamps", f"{one.zone}, {say(_BY.get(one.zone_by or '', one.zone_by or ''))}"))
    if one.year is not None:
        facts.append(("Year of its stamps", str(one.year)))
    if one.domains:
        facts.append(("Mail servers", ", ".join(one.domains[:20])))
    return facts
