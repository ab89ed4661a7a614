"""Each field case (`tests/data/field`) is read by the installed command into a store of its own; `check.py` knows what a case is.

To look at one: ``.venv/bin/python tests/field/check.py .venv/bin/mailtrace tests/data/field --only NAME --show``.
"""

import sys
from pathlib import Path

import pytest

from field import check

CASES = Path(__file__).parent.parent / "data" / "field"
#: What is not right yet, with the reason; a case that is right all at once must leave this list.
OPEN = {
    "two-hosts-bounced-behind": "open",
}


def _case(case: check.Case) -> object:
    marks = [pytest.mark.xfail(strict=True, reason=OPEN[case.name])] if case.name in OPEN else []
    return pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", [_case(case) for case in check.cases_in([str(CASES)], [])])
def test_the_lines_tell_it(case: check.Case) -> None:
    """All that a mail administrator reads in the lines is what the product says, and nothing else."""
    product = check.Product(Path(sys.executable).parent / "mailtrace", sys.executable)
    answer = check.answer_to(product, case)
    facts = list(check.facts_of(case, answer))
    assert facts, "the case expects nothing"
    assert [why for right, why in facts if not right] == [], "\n".join([answer.said, *map(check.short, answer.traces)])
