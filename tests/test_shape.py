"""The shape of the code: no module, no function and no decision that a reader cannot hold in his head."""

from __future__ import annotations

import pytest

from bench.complexity import BRANCHES, FUNCTION_LINES, HEART, MODULE_LINES, PRODUCT, Function, Module, module, modules


@pytest.fixture(scope="module")
def product() -> list[Module]:
    """All modules of the product."""
    return list(modules(PRODUCT))


def test_no_module_of_the_product_is_too_long(product: list[Module]) -> None:
    """Beyond so many lines it is two subjects."""
    long = [f"{one.path}: {one.lines} lines" for one in product if one.lines > MODULE_LINES]
    assert not long, "\n" + "\n".join(long)


def test_no_function_of_the_product_is_too_long(product: list[Module]) -> None:
    """A function is read at one look."""
    found = [one for known in product for one in known.functions]
    long = [f"{one.place}: {one.name} has {one.lines} lines" for one in found if one.lines > FUNCTION_LINES]
    assert not long, "\n" + "\n".join(long)


def test_no_function_of_the_heart_is_too_branched(product: list[Module]) -> None:
    """What decides about mail is a rule that can be said, not a maze."""
    found = [one for known in product if known.path.startswith(HEART) for one in known.functions]
    assert len(found) > 100, "the folders of the heart have moved"
    branched = [f"{one.place}: {one.name} has {one.branches} branches" for one in found if one.branches > BRANCHES]
    assert not branched, "\n" + "\n".join(branched)


@pytest.mark.parametrize(
    ("body", "branches"),
    [
        ("return 1", 0),
        ("if a:\n        return 1\n    elif b:\n        return 2\n    else:\n        return 3", 2),
        ("for x in a:\n        while x:\n            pass", 2),
        ("try:\n        pass\n    except ValueError:\n        pass\n    except OSError:\n        pass\n    finally:\n        pass", 2),
        ("return a and b and c or d", 3),
        ("return [x for x in a if x if b]", 2),
        ("return a if b else c", 1),
        ("return lambda: a or b", 1),
        ("match a:\n        case 1:\n            pass\n        case _ if b:\n            pass", 2),
    ],
)
def test_what_counts_as_a_branch(body: str, branches: int) -> None:
    """Each place where a reader asks "and if not?" is one."""
    (found,) = module(f"def f(a, b, c, d):\n    {body}\n", "x.py").functions
    assert (found.branches, found.lines) == (branches, body.count("\n") + 2)


def test_a_function_within_another_counts_by_itself() -> None:
    """Its branches are its own, and it is named with where it stands."""
    source = "class A:\n    def f(self):\n        if self:\n            pass\n        def g():\n            return 1 if self else 2\n"
    assert module(source, "x.py").functions == (Function("x.py:2", "A.f", 5, 1), Function("x.py:5", "A.f.g", 2, 1))
