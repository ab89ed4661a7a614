"""The phrases of the language files are those that the pages say: none is missing there, none stands there for nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from mappings.codes import entries
from mappings.codes.advice import ADVICE
from mappings.codes.at_side import AUTOMATIC
from mappings.codes.outcomes import OWN_RULES, outcome_advice
from mappings.criteria import CRITERIA
from mappings.locales import ENGLISH, LANGUAGES, book, pieces_of
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.http.pages import presets
from search.http.pages.columns import COLUMNS
from search.http.pages.report_view import RELATIONS
from search.http.pages.words import DIRECTIONS, DISPOSITIONS, REASONS, VERDICT_NAMES, VERDICTS
from search.scope import EVERYTHING
from search.sorting import Sort

ROOT = Path(__file__).resolve().parents[2]
_SAID = re.compile(r"""(?<!\w)(?:say|phrase|partly)\("((?:[^"\\]|\\.)*)"(?: if [^"]*? else "((?:[^"\\]|\\.)*)")?""")
_FOLDERS = ("search", "mappings", "ingest", "mailtrace")


def _phrases(section: str) -> set[str]:
    return {key.partition(".")[2] for key in book(ENGLISH).parts if key.startswith(f"{section}.")}


@lru_cache(maxsize=1)
def _texts() -> str:
    """All texts that stand in the product: those of Python, whole and put together of parts, and templates and scripts as they are."""
    found: list[str] = []
    for folder in _FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for pattern in ("templates/*.html", "static/*.js"):
        found += [path.read_text(encoding="utf-8") for path in (ROOT / "search/http").glob(pattern)]
    return "\n".join(found)


def _said() -> Iterator[str]:
    """What templates, scripts and pages say by its name."""
    http = ROOT / "search/http"
    for path in (*http.glob("templates/*.html"), *http.glob("static/*.js"), *http.glob("pages/*.py"), ROOT / "search/language/words.py"):
        for one in _SAID.finditer(path.read_text(encoding="utf-8")):
            yield from filter(None, one.groups())


def _of_tables() -> Iterator[str]:
    """What is said of tables: closed words, fields, columns, sections, orders."""
    labels = [one.label for one in DISPOSITIONS.values()]
    yield from (*labels, *map(str.lower, labels))
    yield from (*VERDICTS.values(), *VERDICT_NAMES.values(), *REASONS.values(), *DIRECTIONS.values(), *RELATIONS.values())
    yield from (one.sentence for kind in (Disposition, Verdict, Reason, Direction) for one in kind)
    yield from (one.sentence for one in CRITERIA)
    yield from (one.called for one in CRITERIA)
    yield from (one.label for one in COLUMNS.values())
    yield from (one.title for one in presets.PRESETS)
    yield from (presets.label_of(word) for word in (*presets.choices(EVERYTHING), *(one.by for one in presets.PRESETS)))
    yield from (one.words for one in Sort)


def test_what_is_said_is_a_phrase() -> None:
    """In English each phrase is its own key; a language can say only what stands there."""
    known = _phrases("words") | _phrases("told")
    listed = set(_said())
    assert len(listed) > 300
    assert sorted(listed - known) == []
    assert sorted({one for one in _of_tables() if one} - known) == []


def test_what_the_operator_does_next_is_a_phrase() -> None:
    """Of every reason, outcome and known reply."""
    advice = [*ADVICE.values(), *AUTOMATIC.values(), *OWN_RULES.values(), *(outcome_advice(one, None) for one in Disposition)]
    steps = {*(one.next_step for one in advice), *(one.next_step for one in entries())}
    for code in LANGUAGES[1:]:
        assert [step for step in steps if book(code).told(step) == step] == []


def test_no_phrase_stands_there_for_nothing() -> None:
    """Each is said somewhere: whole, or, of what the service says, by its parts."""
    texts, computed = _texts(), set(_of_tables())
    unused = [one for one in _phrases("words") if one not in texts and one not in computed]
    assert unused == []
    # A sentence with values is put together of parts that are smaller than its own.
    words = set(re.findall(r"[\w`-]+", texts))
    assert [one for one in _phrases("told") if not set(re.findall(r"[\w`-]+", " ".join(pieces_of(one)[::2]))) <= words] == []


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_what_the_service_says_is_told_again(code: str) -> None:
    """A sentence with values is found again by what stands between them; what is somebody's stays, and what is none of ours too."""
    told = book(code).told
    for sentence in (
        "mx1 is behind by about 1,200 lines, about 14 minutes",
        "3 sources are behind, 1 source is quiet for longer than usual",
        "The filter blocked it as SPAM, score 12.4 (highest: BAYES 5, X 3), kept as ABC",
        "Wait: delivery is tried again by itself. If it goes on for hours: send again some hours later.",
        "The newest line is stamped 2 hours ahead of this machine's clock.",
        "is the zone right? It was read as of UTC, as it seemed; it is probably UTC+02:00.",
    ):
        again = told(sentence)
        words = set(re.findall(r"[a-z]{4,}", sentence)) - {"score", "minutes", "source", "sources", "machine"}
        assert not words & set(re.findall(r"[a-z]{4,}", again)), again
    reply = told("Refused by a milter after the data: 550 5.7.1 no lines of it were read")
    assert reply.endswith("550 5.7.1 no lines of it were read")
    assert not reply.startswith("Refused")
    assert told("It is no sentence of ours: at all") == "It is no sentence of ours: at all"


def test_numbers_days_and_plurals() -> None:
    """By the rules of the language."""
    assert [book(code).say("{count} messages", count=1_234) for code in ("en", "de", "fr")] == [
        "1,234 messages",
        "1.234 Nachrichten",
        "1\N{NARROW NO-BREAK SPACE}234 messages",
    ]
    assert [book(code).say("{count} messages", count=1) for code in ("en", "de", "fr")] == ["1 message", "1 Nachricht", "1 message"]
    # Nothing is one in French.
    assert book("fr").say("{count} messages", count=0) == "0 message"
    assert [book(code).share(0.125, 1) for code in ("en", "de")] == ["12.5%", "12,5\N{NO-BREAK SPACE}%"]
    assert [book(code).number(38.04, 1) for code in ("en", "fr")] == ["38.0", "38,0"]


@pytest.mark.parametrize("text", ["a" * 4_000, "is " * 1_300, ": " * 1_900, ", " * 1_900, "“" * 3_900 + "” is not a time"])
def test_no_text_of_a_stranger_is_slow_to_tell(text: str) -> None:
    """What stands in a sentence may be anything."""
    for code in LANGUAGES:
        book(code).told(f"Delivered to {text}")
        book(code).told(text)
