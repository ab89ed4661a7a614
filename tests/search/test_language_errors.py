"""What is said of each text that is no question: `tests/data/questions/errors.txt` has every sentence, whole."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from asked_mail import NOW_MS

from search.language import parse
from search.query import QueryError

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/data/questions/errors.txt"
#: Where the language says what is wrong.
_MODULES = [*sorted((ROOT / "search/language").glob("*.py")), ROOT / "search/values.py"]
#: What no text of a question can come to: it is said to whoever calls Python with something else, or in a scope.
_ELSEWHERE = ("a value must be text", "can be asked only by who sees all mail", "hint=error.hint")


def lines() -> list[tuple[str, str]]:
    """Each text, and what is said of it."""
    pieces = [line.partition(" ;; ") for line in GOLDEN.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [(text, said) for text, _, said in pieces]


def asked(text: str) -> str:
    """The text itself, or what Python makes of it."""
    return str(eval(text[2:])) if text.startswith("= ") else text  # noqa: S307 - our own lines


def said_of(text: str) -> str:
    """The sentence; the text itself is to be wrong."""
    with pytest.raises(QueryError) as raised:
        parse(asked(text), now_ms=NOW_MS, zone=UTC)
    return raised.value.sentence


@pytest.mark.parametrize(("text", "said"), lines())
def test_what_is_wrong_is_said_in_this_sentence(text: str, said: str) -> None:
    """Each names the place, what was expected there, or the nearest word."""
    assert said_of(text) == said


def sites() -> Iterator[tuple[str, range]]:
    """The places of the code that make an error."""
    for path in _MODULES:
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "QueryError":
                continue
            if not any(one in (ast.get_source_segment(source, node) or "") for one in _ELSEWHERE):
                yield str(path), range(node.lineno, (node.end_lineno or node.lineno) + 1)


def test_no_sentence_is_without_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every place in the code that makes an error is met by some text."""
    met: set[tuple[str, int]] = set()
    made = QueryError.__init__

    def noted(self: QueryError, *given: object, **more: object) -> None:
        frame = sys._getframe(1)
        met.add((frame.f_code.co_filename, frame.f_lineno))
        made(self, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(QueryError, "__init__", noted)
    for text, _ in lines():
        said_of(text)
    assert [(path, where) for path, where in sites() if not any((path, line) in met for line in where)] == []
