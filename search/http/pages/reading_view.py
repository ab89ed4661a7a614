"""How the reading of a source stands, as the page *Sources* shows it."""

from __future__ import annotations

from dataclasses import dataclass

from search.freshness import ReadingAnswer, UnknownKind
from search.http.pages.clock import Clock

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
        f"{words[:1].upper()}{words[1:]}.",
        [clock.localised(remark) for remark in one.remarks],
        _facts(one, clock),
        one.unknown,
    )


def _facts(one: ReadingAnswer, clock: Clock) -> list[tuple[str, str]]:
    """What is known of it."""
    facts = [] if one.noted == one.at_end else [("Looked at", clock.of(one.noted).full)]
    if one.at_end is not None:
        facts.append(("At its end", clock.of(one.at_end).full))
    if one.last_line is not None:
        facts.append(("Last line stamped", clock.of(one.last_line).full))
    if one.behind_bytes:
        lines = f", about {one.behind_lines:,} lines" if one.behind_lines else ""
        facts.append(("Not read yet", f"{one.behind_bytes:,} bytes{lines}"))
    if one.lines:
        facts.append(("Lines read", f"{one.lines:,}, of which {one.unknown_share * 100:.1f} % are not understood"))
    if one.zone is not None:
        facts.append(("Zone of its stamps", f"{one.zone}, {_BY.get(one.zone_by or '', one.zone_by or '')}"))
    if one.year is not None:
        facts.append(("Year of its stamps", str(one.year)))
    if one.domains:
        facts.append(("Mail servers", ", ".join(one.domains[:20])))
    return facts
