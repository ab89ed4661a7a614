"""Pieces of what is asked: whatever fits a value holds one of them, in whatever letters it is written."""

from __future__ import annotations

from random import Random

import pytest
from generate import traces
from msgspec.structs import replace

from mappings.criteria import BY_WORD, Compare
from mappings.patterns import UNKNOWN_CHARACTER, words_of
from mappings.trace import Trace
from search.engines.fitting import predicate
from search.engines.needles import needles, text_of
from search.language.tree import Has, Order, Ordered

#: The criteria that are looked for in the packed part of a row.
ABLE = {Compare.TEXT, Compare.FOLDED, Compare.EXACT, Compare.WORD}
CRITERIA = sorted({one.name: one for one in BY_WORD.values() if one.compare in ABLE}.values(), key=lambda one: one.name)
TEXTS = (
    "Rechnung für MÜLLER & Söhne",
    "ΟΔΟΣ Σίσυφος ΣΑΣ",
    "ΑΣ''ΒΓ",
    "İstanbul ve ILIK",
    "300 \N{KELVIN SIGN} straße",
    "don't 5.1.1 1,000 a_b",
    "tab\there \x00 null",
    "\u202eexe.fdp",
    "日本語 メール",
)


def _values(trace: Trace, name: str) -> list[str]:
    """The texts of a field."""
    value = getattr(trace, name)
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


@pytest.mark.parametrize("text", TEXTS)
def test_what_fits_has_a_piece(text: str) -> None:
    """Each text in each field, asked by itself, by its words, in other cases."""
    chance = Random(text)
    fitted = 0
    for trace in traces(seed=5, count=12):
        row = replace(trace, subject=text, reply_text=text, detail=text, authenticated_as=text, symbols=[text, "OTHER"])
        for criterion in CRITERIA:
            for value in {one for name in criterion.over for one in _values(row, name)}:
                for asked in {value, value.upper(), value.lower(), *words_of(value), *value.split()}:
                    leaf = Has(criterion, asked, literal=chance.random() < 0.5)
                    pieces = needles([leaf])
                    if predicate(leaf)(row):
                        fitted += 1
                        told = text_of(row)
                        assert pieces is None or told is None or any(piece in told for piece in pieces), (criterion.name, asked, pieces)
    assert fitted > 100


def test_what_has_no_piece_is_looked_at() -> None:
    """Patterns, numbers, domains, and what stands for any character."""
    subject, detail, size = (BY_WORD[word] for word in ("subject", "detail", "size"))
    assert needles([Has(subject, "invoice")]) == ("invoice",)
    assert needles([Has(subject, "invoice"), Has(detail, "EICAR")]) == ("invoice", "eicar")
    assert needles([Has(subject, "inv*")]) is None
    assert needles([Has(subject, "inv*", literal=True)]) == ("inv",)
    assert needles([Has(detail, f"a{UNKNOWN_CHARACTER}b")]) is None
    assert needles([Has(subject, "invoice"), Ordered(size, Order.MORE, 5)]) is None
