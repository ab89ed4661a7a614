"""The same bytes whether or not the mail of others is in the store: every call that asks or counts, with every parameter, by every tenant.

A tenant asks two services: one over the mail of all, one over his own mail and nothing else. What he asks for is his own, that of others,
or nobody's.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import islice

import generate
import pytest
from http_service import PEOPLE, Person, Running, fill, give_tokens, running, settings
from http_world import READ_UP_TO, World
from stores import Embedded

from mappings import identity
from mappings.criteria import BY_WORD, CRITERIA, Compare
from mappings.trace import Trace
from search.counting import countable
from search.query import format_time

pytest_plugins = ("http_fixtures",)

TENANTS = [person for person in PEOPLE if person.name in ("Integrator A", "Bob of a domain", "Nobody")]
_CHANGES = re.compile(rb'"took_ms":[0-9.]+|urn:request:[0-9a-f]+')
_SINCE = format_time(generate.START_MS + generate.DAY_MS)
_UNTIL = format_time(generate.START_MS + 2 * generate.DAY_MS)
Params = list[tuple[str, str]]


@pytest.fixture(scope="module", params=TENANTS, ids=lambda person: person.name)
def person(request: pytest.FixtureRequest) -> Person:
    """Give each tenant."""
    found: Person = request.param
    return found


@pytest.fixture(scope="module")
def alone(person: Person, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service over a tenant's own mail; of others there is one message of nobody's, so that the store is not empty."""
    folder = tmp_path_factory.mktemp("alone")
    store = Embedded(folder / "store")
    middle = generate.START_MS + generate.DAY_MS // 2
    nobodys = Trace(
        id=identity.smallest(middle), version=1, log_domain="mx1", time_ms=middle, last_event_ms=middle, visible_to=["far.example"]
    )
    fill(store, [*(one for one in world.whole.traces.values() if person.may_see(one)), nobodys], READ_UP_TO)
    made = settings(store, folder / "data")
    with running(made, give_tokens(made)) as service:
        yield service


def values(trace: Trace, word: str) -> list[str]:
    """What a trace has where a word looks, in quotes."""
    held = [getattr(trace, name) for name in BY_WORD[word].over]
    several = [one for value in held for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]
    texts = ["".join(character for character in str(getattr(one, "value", one)) if character.isprintable()) for one in several]
    return ['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts if text.strip() and len(text) < 200]


def questions(world: World, person: Person, chance: random.Random) -> Iterator[Params]:
    """The question part of a call: each word of the language with his own values, those of others, and none; what is pasted; options."""
    own = [one for one in world.whole.traces.values() if person.may_see(one)] or world.written[:1]
    others = [one for one in world.whole.traces.values() if not person.may_see(one)]
    for criterion in CRITERIA:
        yield [("query", f"{criterion.name}: *")]
        yield [("q", f"not {criterion.name}: *")]
        for pool in (own, others):
            found = [text for one in chance.sample(pool, min(len(pool), 12)) for text in values(one, criterion.name)][:1]
            if criterion.compare is Compare.TIME:
                yield [("query", f'{criterion.name} >= "{format_time(chance.choice(pool).time_ms)}"')]
            elif criterion.compare is not Compare.FLAG:
                yield from ([("query", f"{criterion.name}: {text}")] for text in found)
                yield from ([("text", text.strip('"'))] for text in found[:1])
    for trace in chance.sample(others, 6):
        yield [("text", trace.id)]
        yield [("text", f"<{trace.message_id}>")]
        yield [("text", f"Name <{trace.recipient}>")]
        yield [("address", trace.recipient or "x"), ("query", "disposition: delivered")]
        near = (trace.recipient or "nobody@example.net").replace("e", "", 1)
        yield from ([(name, near)] for name in ("recipient", "address", "text"))
        yield [("query", f'recipient: "{near}"')] if '"' not in near and "\\" not in near and near.isprintable() else []
        yield [("domain", (trace.recipient_domain or "example.net").replace("ex", "xe"))]
    yield [("query", f'time >= "{_SINCE}" and time < "{_UNTIL}"')]
    yield [("since", _SINCE), ("until", _UNTIL)]
    yield []


def calls(world: World, person: Person) -> Iterator[tuple[str, Params, str]]:
    """Path, parameters, and what is accepted."""
    chance = random.Random(f"matrix {person.name}")
    words = [*countable(), *chance.sample(list(BY_WORD), 12), "time"]
    accepted = ("application/json", "text/csv", "application/x-ndjson")
    for number, question in enumerate(questions(world, person, chance)):
        yield "/traces", [*question, ("limit", "3"), *([("count", "exact")] if number % 3 == 0 else [])], accepted[0]
        yield (
            ("/traces", question, accepted[1 + number % 4 // 2])
            if number % 2
            else ("/counts", [*question, ("by", chance.choice(words))], accepted[0])
        )
    for by in words:
        yield "/counts", [("by", by), ("limit", "100")], accepted[0]
        yield (
            "/counts",
            [("by", by), ("then", chance.choice(words)), ("of", "size"), ("percentiles", "50,95"), ("interval", "1d")],
            accepted[0],
        )
    for interval in ("auto", "1h", "1w"):
        for then in ("recipient_domain", "disposition", "sender"):
            yield "/counts", [("by", "time"), ("interval", interval), ("then", then), ("since", _SINCE)], accepted[0]
            yield "/counts", [("by", "time"), ("interval", interval), ("then", then)], accepted[0]


def test_others_mail_changes_no_byte(served: Running, alone: Running, person: Person, world: World, thorough: bool) -> None:
    """Status and body are the same, but for how long it took and the request's own id; a cluster is asked a third."""
    asked = 0
    for path, params, accept in islice(calls(world, person), 0, None, 1 if thorough else 3):
        with_others, without = (place.get(path, params, person, accept=accept) for place in (served, alone))
        assert with_others.status_code == without.status_code in (200, 400), (path, params, with_others.text[:300], without.text[:300])
        assert _CHANGES.sub(b"", with_others.content) == _CHANGES.sub(b"", without.content), (path, params)
        asked += 1
    assert asked > (250 if thorough else 80)
