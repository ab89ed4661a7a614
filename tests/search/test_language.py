"""The query language: what is understood, what is said of what is not, and how a question says itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.criteria import BY_WORD, CRITERIA, Compare
from mappings.fields import FIELDS, Kind
from mappings.patterns import asked_words, words_of
from search.language import parse
from search.language.moments import stretch
from search.language.tree import All, Bare, Has, Known, Node, Not, Order, Ordered, Some, asked_by
from search.language.words import described
from search.query import Query, QueryError
from search.scope import EVERYTHING, Scope

NOW = int(datetime(2026, 11, 25, 12, 30, 15, tzinfo=UTC).timestamp() * 1000)
BERLIN = ZoneInfo("Europe/Berlin")


def _read(text: str) -> Node:
    """A question as a tree."""
    return parse(text, now_ms=NOW, zone=UTC)


def _has(word: str, value: str, *, literal: bool = True) -> Has:
    """A leaf."""
    return Has(BY_WORD[word], value, literal)


# What Kibana's grammar says of a text, and what it is here.
@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", All(())),
        ("   ", All(())),
        ("*", All(())),
        ("rossi", Bare("rossi", literal=True)),
        ("rossi verdi", Bare("rossi verdi", literal=True)),
        ("subject: rossi verdi", Some((_has("subject", "rossi"), _has("subject", "verdi")))),
        ("subject: ros* ver-di", Some((_has("subject", "ros*", literal=False), _has("subject", "ver-di")))),
        ('subject: "rossi verdi"', _has("subject", "rossi verdi")),
        ("ros*", Bare("ros*")),
        ('"ros*"', Bare("ros*", literal=True)),
        ('"rossi verdi"', Bare("rossi verdi", literal=True, phrase=True)),
        ("sender: ann@example.org", _has("sender", "ann@example.org")),
        ("SENDER : ann@example.org", _has("sender", "ann@example.org")),
        ("sending-server: mx1", _has("client", "mx1")),
        ("mailtrace.sender: ann@example.org", _has("mailtrace.sender", "ann@example.org")),
        ("sender: *@example.org", _has("sender", "*@example.org", literal=False)),
        ("sender: *", Known(BY_WORD["sender"])),
        ("not sender: *", Not(Known(BY_WORD["sender"]))),
        ("a and b or c", Some((All((Bare("a", literal=True), Bare("b", literal=True))), Bare("c", literal=True)))),
        ("a and (b or c)", All((Bare("a", literal=True), Some((Bare("b", literal=True), Bare("c", literal=True)))))),
        ("not a and b", All((Not(Bare("a", literal=True)), Bare("b", literal=True)))),
        ("NOT a AND b", All((Not(Bare("a", literal=True)), Bare("b", literal=True)))),
        ("order android notable", Bare("order android notable", literal=True)),
        (r"a \and b", Bare("a and b", literal=True)),
        (r"message_id: \<1@example.org\>", _has("message_id", "<1@example.org>")),
        ('message_id: "<1@example.org>"', _has("message_id", "<1@example.org>")),
        (r'subject: "say \"no\""', _has("subject", 'say "no"')),
        (r"subject: \u00fcber", _has("subject", "über")),
        (
            "disposition: (bounced or not deferred)",
            Some((_has("disposition", "bounced"), Not(_has("disposition", "deferred")))),
        ),
        ("status: Bounced", _has("disposition", "bounced")),
        ("verdict: sp*", Some((_has("verdict", "spam", literal=False),))),
        ("size > 1000", Ordered(BY_WORD["size"], Order.MORE, 1000)),
        ("size>=1e3", Ordered(BY_WORD["size"], Order.AT_LEAST, 1000)),
        ("score < -2.5", Ordered(BY_WORD["score"], Order.LESS, -2.5)),
        ("size: 5", All((Ordered(BY_WORD["size"], Order.AT_LEAST, 5), Ordered(BY_WORD["size"], Order.AT_MOST, 5)))),
        ("incomplete: true", Ordered(BY_WORD["incomplete"], Order.AT_LEAST, 1)),
        ("incomplete: false", Ordered(BY_WORD["incomplete"], Order.AT_MOST, 0)),
        ("time >= now-1h", Ordered(BY_WORD["time"], Order.AT_LEAST, NOW - 3_600_000)),
        ("@timestamp < 1970-01-02", Ordered(BY_WORD["@timestamp"], Order.LESS, 86_400_000)),
        ("time > 1970-01-01", Ordered(BY_WORD["time"], Order.AT_LEAST, 86_400_000)),
        ("time <= 1970-01-01", Ordered(BY_WORD["time"], Order.LESS, 86_400_000)),
        (
            "email.*.address: ann@example.org",
            Some(tuple(_has(name, "ann@example.org") for name in ("mailtrace.sender", "email.from.address", "mailtrace.recipient"))),
        ),
    ],
)
def test_a_text_is_this_tree(text: str, tree: Node) -> None:
    """Names, values, lists, ranges, escapes and precedence are those of Kibana's language."""
    assert _read(text) == tree


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "everything"),
        ("rossi", "“rossi” anywhere"),
        ("ros*", "like “ros*” anywhere"),
        ("sender: example.org and not status: delivered", "sender in example.org and not disposition delivered"),
        ("sender: (a@example.org or b@example.org)", "sender a@example.org or b@example.org"),
        ("a and (size > 5 or subject: offer)", "“a” anywhere and (size above 5 or subject with “offer”)"),
        ("not (incomplete: true or score: *)", "not (incomplete or any score)"),
        ("time >= 2026-11-24 and time < now", "time since 2026-11-24 00:00 UTC and time before 2026-11-25 12:30:15 UTC"),
        ('sender: ""', "null sender"),
        ('message_id: "a*b@example.org"', "Message-ID a*b@example.org"),
    ],
)
def test_a_question_says_itself(text: str, words: str) -> None:
    """In words, as a page and an empty answer say it."""
    assert described(_read(text)) == words


@pytest.mark.parametrize(
    ("text", "first", "behind"),
    [
        ("now", "2026-11-25T12:30:15+00:00", "2026-11-25T12:30:15.001+00:00"),
        ("now/d", "2026-11-25T00:00:00+01:00", "2026-11-26T00:00:00+01:00"),
        ("now-1d/d", "2026-11-24T00:00:00+01:00", "2026-11-25T00:00:00+01:00"),
        ("now/w", "2026-11-23T00:00:00+01:00", "2026-11-30T00:00:00+01:00"),
        ("now/M", "2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00"),
        ("now-1M/y", "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"),
        ("2026-03-29", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
        ("2026-11", "2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00"),
        ("2026", "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"),
        ("2026-11-24T14", "2026-11-24T14:00:00+01:00", "2026-11-24T15:00:00+01:00"),
        ("2026-01-31||+1M/d", "2026-02-28T00:00:00+01:00", "2026-03-01T00:00:00+01:00"),
        ("2026-11-24T14:05:06Z", "2026-11-24T14:05:06+00:00", "2026-11-24T14:05:06.001+00:00"),
        ("yesterday", "2026-11-24T00:00:00+01:00", "2026-11-25T00:00:00+01:00"),
        ("this-week", "2026-11-23T00:00:00+01:00", "2026-11-30T00:00:00+01:00"),
        ("7d", "2026-11-18T12:30:15+00:00", "2026-11-18T12:30:15.001+00:00"),
    ],
)
def test_a_time_names_a_stretch(text: str, first: str, behind: str) -> None:
    """Dates and date maths, in the caller's zone, also where a day has 23 hours."""
    expected = tuple(int(datetime.fromisoformat(one).timestamp() * 1000) for one in (first, behind))
    assert stretch(text, NOW, BERLIN, field="query", position=0) == expected


_PIECES = ['"', "(", ")", "not ", " or ", "and ", ":", "*", "\\", "sender", "<", "size", "5", " "]


@given(st.text(max_size=200) | st.lists(st.sampled_from(_PIECES)).map("".join))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever is typed is a question that says itself, or a `QueryError` that names the parameter."""
    try:
        tree = _read(text)
    except QueryError as error:
        found = error.field
    else:
        found = "query" if described(tree) and asked_by(tree, EVERYTHING) is not None else None
    assert found == "query"


def test_every_field_of_the_document_can_be_asked_or_is_ours() -> None:
    """A field that no word asks for is one that the store keeps for itself."""
    asked = {name for criterion in BY_WORD.values() for name in criterion.over}
    left = {field.name for field in FIELDS if field.kind is not Kind.STORED} - asked
    assert left == {"keys", "visible_to", "superseded_by", "ingested_ms"}


def test_every_criterion_says_itself_and_its_example_is_one() -> None:
    """Each row has a sentence and an example that the language takes; no word stands for two."""
    words = [word for criterion in CRITERIA for word in (criterion.name, *criterion.words)]
    assert len(words) == len(set(words))
    for criterion in CRITERIA:
        assert criterion.sentence.endswith(".")
        whole = (
            criterion.example
            if criterion.compare in (Compare.NUMBER, Compare.TIME, Compare.FLAG)
            else f"{criterion.name}: {criterion.example}"
        )
        assert _read(whole) != All(())


def test_what_names_others_is_asked_by_the_operator_alone() -> None:
    """A tenant gets an error where a text of others would be looked at, and bare words leave those out."""
    tenant = Scope(frozenset({"example.net"}))
    for text in ("reply: user", "not detail: x", "a and (subject: b or size > 5)", "vendor: *", "user: ann", "mailtrace.reply_text: x"):
        with pytest.raises(QueryError, match="only by who sees all mail"):
            asked_by(_read(text), tenant)
    bare = asked_by(_read("rossi"), tenant)
    assert isinstance(bare, Some)
    assert not any(isinstance(leaf, Has) and leaf.criterion.private for leaf in bare.nodes)


def test_a_question_in_the_language_survives_its_url() -> None:
    """The text is what is passed on; the tree is made of it there."""
    query = Query.of({"query": ["size > 5 and sender: *@example.org"], "verdict": ["spam"]}, now_ms=NOW, zone=BERLIN)
    assert Query.from_params(query.to_params(), now_ms=NOW, zone=BERLIN) == query
    assert query.describe() == "verdict spam, size above 5 and sender like *@example.org"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("550 5.1.1 <ann@example.org>: User unknown", ["550", "5.1.1", "ann", "example.org", "user", "unknown"]),
        ("don't pay 1,000.50; a.1 1.a __ _a_", ["don't", "pay", "1,000.50", "a", "1", "1", "a", "_a_"]),
        ("ÜBER-Größe", ["über", "größe"]),
    ],
)
def test_a_text_is_cut_into_words(text: str, words: list[str]) -> None:
    """As Unicode has it; `tests/cluster/test_text_words.py` holds it against a server."""
    assert words_of(text) == words


def test_words_of_a_text_fit_in_any_order_and_a_phrase_in_its_own() -> None:
    """As Kibana has it: any of several words, and all of a phrase."""
    text = "Mailbox of ann is full"
    assert asked_words("full empty").fits(text)
    assert asked_words("mail*").fits(text)
    assert not asked_words("mail").fits(text)
    assert asked_words("is FULL", wild=False).fits(text)
    assert not asked_words("full is", wild=False).fits(text)
    assert not asked_words("", wild=False).fits(text)


def test_the_docs_tell_every_criterion() -> None:
    """`docs/search.md` has the table, row by row."""
    docs = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
    for criterion in CRITERIA:
        assert f"| `{criterion.name}` | {', '.join(f'`{word}`' for word in criterion.words)} | {criterion.sentence} |\n" in docs
