"""Writes a journey for the wire."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import Any, Final

from msgspec.structs import astuple

from mappings.trace import Event, HopLink, Trace
from mappings.wire.places import CLOSED, FRACTION, KINDS, MARK, PLAIN, SECOND, SHORTEST, STRUCT, TEXT, TEXTS, head_words, outline_of

#: A word's number; the next one for a word that comes for the first time.
Words = defaultdict[str | None, int]
#: A mask, and what the fields that are there hold, and of which structs.
_Known = tuple[int, tuple[int, ...], tuple[str, ...]]


class _Marked(dict[int, str]):
    """The numbers of words as they stand in lines."""

    def __missing__(self, number: int) -> str:
        """Make it; the usual ones are kept."""
        marked = f"{MARK}{number}{MARK}"
        if number < 1_000:
            self[number] = marked
        return marked


_MARKED: Final = _Marked()
#: What is known of the fields of facts, by kind and names. Few of the possible ones occur.
_KNOWN: Final[dict[tuple[str, ...], _Known]] = {}
_MOST_KNOWN: Final = 4_096


def journey_of(trace: Trace) -> dict[str, Any]:
    """The journey of a trace, whose head is written beside it."""
    try:
        return _journey(trace, marked=True)
    except ValueError:
        return _journey(trace, marked=False)


def _journey(trace: Trace, *, marked: bool) -> dict[str, Any]:
    """The journey, with marks in its lines or without; raises `ValueError` where a text has the mark in it."""
    head = dict.fromkeys(head_words(trace))
    known = len(head)
    words: Words = defaultdict(count(known).__next__, zip(head, range(known), strict=True))
    rows: list[list[Any]] = []
    places: dict[str, int] = {}
    before_us = trace.time_ms * 1000
    for event in trace.events:
        places.setdefault(event.hash, len(rows))
        rows.append(_row(event, before_us, words, marked))
        before_us = event.time_us
    journey: dict[str, Any] = {}
    if trace.hops:
        journey["hops"] = [_hop(hop, words, places) for hop in trace.hops]
    if trace.decided is not None:
        journey["decided"] = places.get(trace.decided, trace.decided)
    listed = list(words)
    if not marked:
        journey["unmarked"] = True
    elif MARK in "".join(filter(None, listed)):
        raise ValueError
    return {"words": listed[known:], **journey, "lines": rows}


def _row(event: Event, before_us: int, words: Words, marked: bool) -> list[Any]:
    """The row of one line."""
    time_us, fine, host, program, pid, number, digest, hop, kind, fields, raw, file = astuple(event)
    line = ""
    if marked and raw:
        if MARK in raw:
            raise ValueError
        line = _begun(raw, f"{program}[{pid}]", words)
    row = [
        time_us - before_us,
        number + number + fine,
        pid,
        digest,
        words[file],
        words[host],
        words[hop],
        words[program],
        KINDS.get(kind, kind),
        raw,
    ]
    try:
        numbered = _put(row, kind, fields, words, line)
    except (ValueError, TypeError):
        row[10:], numbered = [fields], line
    if marked:
        row[9] = numbered
    return row


def _begun(line: str, speaker: str, words: Words) -> str:
    """A line whose beginning is words: most lines of a journey are of the same second and host."""
    begin, said, rest = line.partition(speaker)
    if not said:
        return f"{_MARKED[words[line[:SECOND]]]}{line[SECOND:]}"
    if len(begin) > FRACTION and begin[19] == ".":
        return f"{_MARKED[words[begin[:SECOND]]]}{begin[SECOND:FRACTION]}{_MARKED[words[begin[FRACTION:]]]}{MARK}{MARK}{rest}"
    return f"{_MARKED[words[begin]]}{MARK}{MARK}{rest}"


def _put(row: list[Any], kind: str, fields: dict[str, Any], words: Words, line: str) -> str:
    """Put the fields of a fact, or of a struct in it, behind a row; gives the line with numbers for their texts.

    Raises `ValueError` or `TypeError` where one of them is not as its type says.
    """
    mask, holding, structs = _KNOWN.get((kind, *fields)) or _known(kind, fields)
    row.append(mask)
    for value, holds, struct in zip(fields.values(), holding, structs):  # noqa: B905 - as many, by what is known of them
        if holds == TEXT:
            number = words[value]
            row.append(number)
            if value is not None and len(value) >= SHORTEST:
                line = line.replace(value, _MARKED[number])
        elif holds == CLOSED:
            row.append(words[value])
        elif holds == PLAIN:
            row.append(value)
        elif holds == TEXTS:
            row.append([words[text] for text in value])
            for text in value:
                if len(text) >= SHORTEST:
                    line = line.replace(text, _MARKED[words[text]])
        elif holds == STRUCT:
            inner: list[Any] = []
            line = _put(inner, struct, value, words, line)
            row.append(inner)
        else:
            several: list[list[Any]] = [[] for _ in value]
            for one, inner in zip(value, several):  # noqa: B905 - as many
                line = _put(inner, struct, one, words, line)
            row.append(several)
    return line


def _known(kind: str, fields: dict[str, Any]) -> _Known:
    """What is known of these fields; raises `ValueError` where it is nothing, or they stand in another order."""
    found = outline_of(kind, fields)
    if found is None or [place.name for place in found.places] != list(fields):
        raise ValueError
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    known = found.mask, tuple([place.holds for place in found.places]), tuple([place.struct for place in found.places])
    _KNOWN[(kind, *fields)] = known
    return known


def _hop(hop: HopLink, words: Words, places: dict[str, int]) -> list[Any]:
    """A hop: its id, and where it follows another one, that, how it is known, the line that says so, its id there; then its other ids."""
    row: list[Any] = [words[hop.id]]
    if hop.follows is not None or hop.how is not None or hop.line is not None or hop.named is not None or hop.same:
        row += [_number(hop.follows, words), _number(hop.how, words)]
        row += [None if hop.line is None else places.get(hop.line, hop.line), _number(hop.named, words)]
        row += [words[one] for one in hop.same]
    return row


def _number(text: str | None, words: Words) -> int | None:
    """The number of a word, where there is one."""
    return None if text is None else words[text]
