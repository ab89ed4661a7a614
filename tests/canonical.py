"""What a store holds, in canonical form: without the facts of the reading itself, so that two readings can be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec
from stores import Store

from search.query import Query
from search.scope import EVERYTHING

Documents = dict[str, dict[str, Any]]
_SHOWN = 4


def documents(store: Store) -> Documents:
    """Every trace with its events, by id; superseded ones are left out, as in every search.

    Which line of two forms was read first, and from which file, is the reading's own affair; so are version and time of writing.
    """
    return dict(each_document(store))


def each_document(store: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same one by one, for stores that memory should not hold."""
    with closing(store.engine()) as engine:
        for trace in engine.walk(Query(), EVERYTHING):
            whole = engine.get(trace.id, EVERYTHING)
            assert whole is not None, f"{trace.id} is listed and cannot be got"
            document: dict[str, Any] = msgspec.to_builtins(whole)
            for name in ("version", "ingested_ms"):
                document.pop(name, None)
            _rank(document.get("events", []))
            for event in document.get("events", ()):
                event.pop("file", None)
                event.pop("raw", None)
            yield trace.id, document


def _rank(events: list[dict[str, Any]]) -> None:
    """Replace the number of a line within its second by its place among those of its process in this document.

    What else the process wrote in that second is about other messages, and may stand in another file.
    """
    seen: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for event in events:
        seen[_process(event)].append(event["number"])
    for event in events:
        event["number"] = sorted(set(seen[_process(event)])).index(event["number"])


def _process(event: dict[str, Any]) -> tuple[Any, ...]:
    """Who wrote a line, and in which second."""
    return event["host"], event["program"], event["pid"], event["time_us"] // 1_000_000


def must_be_same(expected: Documents, found: Documents) -> None:
    """Fail with what differs, and nothing else, where two readings do."""
    __tracebackhide__ = True
    told = difference(expected, found)
    if told:
        raise AssertionError(told)


def difference(expected: Documents, found: Documents) -> str:
    """Say how two readings differ, in a few lines; empty where they do not."""
    ids = [one for one in sorted(expected.keys() | found.keys()) if expected.get(one) != found.get(one)]
    if not ids:
        return ""
    told = [f"{len(ids)} of {len(expected)} documents differ ({len(found)} were found)"]
    for one in ids[:_SHOWN]:
        if one not in found:
            told.append(f"missing: {_brief(expected[one])}")
        elif one not in expected:
            told.append(f"too many: {_brief(found[one])}")
        else:
            told += [f"changed: {_brief(expected[one])}", *_changes(expected[one], found[one])]
    return "\n".join(told)


def _brief(document: dict[str, Any]) -> str:
    """A document in one line."""
    return " ".join(f"{name}={document.get(name)!r}" for name in ("id", "sender", "recipient", "disposition", "queue_ids", "incomplete"))


def _changes(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is different in two documents of one id."""
    names = [one for one in sorted(expected.keys() | found.keys()) if one != "events" and expected.get(one) != found.get(one)]
    told = [f"    {name}: {expected.get(name)!r} became {found.get(name)!r}" for name in names]
    before, after = ({(e["hash"], e["hop"]): e for e in document.get("events", ())} for document in (expected, found))
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            told.append(f"    event lost: {_line(before[key])}")
        elif key not in before:
            told.append(f"    event new: {_line(after[key])}")
        elif before[key] != after[key]:
            what = {name: (before[key].get(name), after[key].get(name)) for name in before[key].keys() | after[key].keys()}
            told.append(f"    event changed: {_line(after[key])}: { {name: pair for name, pair in what.items() if pair[0] != pair[1]} }")
    return told or ["    the order of the events"]


def _line(event: dict[str, Any]) -> str:
    """An event in one line."""
    return f"{event['program']}[{event.get('pid')}] {event['kind']} of {event['hop']}"
