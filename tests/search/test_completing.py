"""How a question may go on: at each place what fits there, values from the caller's own mail."""

from __future__ import annotations

import random
from collections import Counter

import generate
import pytest
from generate import traces
from reference import ReferenceStore

from search.completing import MOST_COMPLETIONS, complete
from search.query import Query, QueryError
from search.scope import EVERYTHING, Scope

TENANT = Scope(frozenset({"example.net"}))


@pytest.fixture(scope="module")
def store() -> ReferenceStore:
    """Some mail."""
    made = ReferenceStore()
    made.submit(traces(seed=5, count=600))
    return made


def texts(store: ReferenceStore, text: str, scope: Scope = EVERYTHING, at: int | None = None) -> list[str]:
    """What is offered."""
    return [one.text for one in complete(store, text, at, scope, generate.START_MS).options]


@pytest.mark.parametrize(
    ("text", "begin", "first"),
    [
        ("disp", 0, ["disposition: "]),
        ("status", 0, ["status: "]),
        ("size", 0, ["size > "]),
        ("disposition: exp", 13, ["expanded", "expired"]),
        ("disposition: (bounced or exp", 25, ["expanded", "expired"]),
        ("disposition: (bounced and ", 26, ["in_progress"]),
        ("disposition: bounced ", 21, ["and ", "or "]),
        ("(disposition: bounced) a", 23, ["and "]),
        ("sender: a and not rec", 18, ["recipient: "]),
        ("sender: a and no", 14, ["not "]),
        ("incomplete: t", 12, ["true"]),
        ("nothing: x", 9, []),
        ('sender: "ann@example.c', 8, ["ann@example.com"]),
        ("relay: mx.", 7, ["mx.example.net"]),
    ],
)
def test_what_fits_the_place_is_offered(store: ReferenceStore, text: str, begin: int, first: list[str]) -> None:
    """And which part of the text it takes the place of."""
    found = complete(store, text, None, EVERYTHING, generate.START_MS)
    assert (found.begin, found.end) == (begin, len(text))
    assert [one.text for one in found.options][: len(first)] == first


def test_the_cursor_may_stand_within_the_question(store: ReferenceStore) -> None:
    """What is behind it is not read."""
    assert texts(store, "disp and sender: x", at=4) == ["disposition: "]


def test_values_come_most_frequent_first(store: ReferenceStore) -> None:
    """With the number of their traces."""
    found = complete(store, "envelope_sender: ann@", None, EVERYTHING, generate.START_MS)
    plain = Counter(one.sender.lower() for one in store.walk(Query(), EVERYTHING) if one.sender and one.sender.lower().startswith("ann@"))
    assert [one.count for one in found.options] == sorted(plain.values(), reverse=True)[:MOST_COMPLETIONS]


def test_what_is_offered_can_be_asked(store: ReferenceStore) -> None:
    """Every value makes a question, whatever characters it has."""
    for start in "abcdefghijklmnopqrstuvwxyz[\"'":
        for name in ("sender", "recipient", "client", "relay", "domain", "helo"):
            found = complete(store, f"{name}: {start}", None, EVERYTHING, generate.START_MS)
            for one in found.options:
                if one.text.isprintable() and "\ufffd" not in one.text:
                    assert Query(query=f"{name}: {one.text}").tree is not None


def test_nothing_is_refused_but_what_is_too_long(store: ReferenceStore) -> None:
    """Half a question is none yet."""
    chance = random.Random(3)
    pieces = ("sender", ":", " ", "(", ")", '"', "\\", "and", "<", "x", "*", "not ", "disposition")
    for _ in range(300):
        text = "".join(chance.choices(pieces, k=9))
        complete(store, text, chance.randrange(12), EVERYTHING, generate.START_MS)
    with pytest.raises(QueryError, match="too long"):
        complete(store, "x" * 9_000, None, EVERYTHING, generate.START_MS)


def test_a_tenant_is_offered_what_is_in_his_own_mail(store: ReferenceStore) -> None:
    """The same as if there were no other; and no field that may name others."""
    own = ReferenceStore()
    own.traces = {name: one for name, one in store.traces.items() if "example.net" in one.visible_to}
    for text in ("sender: a", "recipient: o", "client: 1", "relay: m", "sender_domain: e", "ann@e", "bob", "host: m", "helo: m", "user: a"):
        assert complete(store, text, None, TENANT, generate.START_MS) == complete(own, text, None, TENANT, generate.START_MS)
    assert not {"subject: ", "detail: ", "vendor: ", "user: ", "reply: "} & set(texts(store, "", TENANT))
    assert texts(store, "helo: m", TENANT) == texts(store, "subject: a", TENANT) == []
