"""What a stranger writes never becomes a fact: every part that he writes holds what he would like to be believed.

`PYTHONPATH=tests python -m soak.forgeries` tries more of them.
"""

from __future__ import annotations

from itertools import islice

import pytest

from formats.forging import believed, forgeries, outcome_of, told
from formats.format_samples import facts_of
from formats.parts import Shape
from formats.strangers import SHAPES
from ingest.formats import FORMATS

SEED = 20261130
COUNT = 6000


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.tag}: {shape.line[:60]}")
def test_an_honest_line_states_a_fact(shape: Shape) -> None:
    """What forgeries are compared with is read, and each part stands in its line."""
    assert facts_of(outcome_of(shape, {}))
    for part in shape.parts:
        assert any(
            f"«{part.name}{form}»" in shape.line or part.name in {"claim", "rcpt", "sender", "helo"} for form in ("", ".bare", ".local")
        )


def test_no_forgery_is_believed() -> None:
    """Texts that imitate the rest of the line, and other lines, in one to three parts at once: no other field changes."""
    read = 0
    for shape, texts in islice(forgeries(SEED), COUNT):
        wrong = believed(shape, texts)
        assert not wrong, told(shape, texts, wrong)
        read += bool(facts_of(outcome_of(shape, texts)))
    # What cannot be told from the line is not told; most can.
    assert read > COUNT * 0.8


def test_every_format_that_states_facts_is_forged() -> None:
    """A format whose lines name strangers' words has its shapes; the two milters without are OpenARC, and ClamAV's daemon."""
    tags = {shape.tag.rpartition("/")[2] for shape in SHAPES}
    assert {one.name for one in FORMATS if not one.helper and tags.isdisjoint(one.programs)} <= {"openarc"}
