"""What `import mailtrace` offers to other programs."""

from __future__ import annotations

from pathlib import Path

import mailtrace

ROOT = Path(__file__).resolve().parent.parent


def test_the_public_names_are_there_and_sorted() -> None:
    """Every public name exists, once, in order; so a change of them is seen."""
    assert mailtrace.__all__ == sorted(set(mailtrace.__all__))
    assert [name for name in mailtrace.__all__ if not hasattr(mailtrace, name)] == []


def test_the_contract_is_public() -> None:
    """The query layer, the question and the document can be imported from `mailtrace` itself."""
    assert {"MailTrace", "Query", "Trace", "Disposition", "Verdict", "Reason"} <= set(mailtrace.__all__)


def test_the_interface_is_documented() -> None:
    """docs/python.md shows the names that one begins with."""
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert all(name in page for name in ("asking", "Query", "QueryError", "report"))
