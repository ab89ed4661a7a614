"""A few kills of the real program in each setting; `python -m soak.kills` makes as many as one likes."""

from __future__ import annotations

import pytest

from soak.kills import places, run


@pytest.mark.parametrize(("setting", "kills"), [("once", 3), ("follow", 3), ("commit", 4), ("apart", 3)])
def test_killed_at_random_moments_it_comes_to_the_same_documents(setting: str, kills: int) -> None:
    """Whenever the program is killed, one more run makes the documents of an undisturbed one: none lost, none doubled, none other."""
    with places("embedded") as make:
        made, found = run(setting, make, 1, kills=kills)
    print(f"{made} kills, {found.documents} documents")
    assert made > 0
    assert not found.told, found.told


def test_killed_while_it_catches_up_it_loses_nothing() -> None:
    """Killed while a log of eight hosts is caught up with, in which messages wait for lines that do not come, it loses none."""
    with places("embedded") as make:
        made, found = run("catchup", make, 8, kills=2, pace=120)
    print(f"{made} kills, {found.documents} documents")
    assert made == 2
    assert not found.told, found.told
