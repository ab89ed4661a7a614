"""Loss of power at any moment takes nothing that positions have passed, and a store that is as it was before or after a batch."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from canonical import Documents, difference

from power.loss import Run, after, compiled, moments, plain, run

#: Fixed, so that a failure can be looked at again; `python -m power.loss` tries others.
SEED = 20_261_130
IN_CI = 12


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorder."""
    return compiled(tmp_path_factory.mktemp("recorder"))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """The documents of an undisturbed reading."""
    return plain(tmp_path_factory.mktemp("plain"))


def broken(of: Run, seed: int, number: int, expected: Documents, folder: Path) -> list[str]:
    """What is told of the moments after which documents are not the same."""
    told = []
    for count, moment in enumerate(moments(of, Random(seed), number)):
        differs = difference(expected, after(of, moment, folder / str(count)))
        if differs:
            told.append(f"{moment}: {differs}")
    return told


def test_loss_of_power_loses_nothing(tmp_path: Path, library: Path, expected: Documents) -> None:
    """Whatever was not synced is taken away, all of it or by chance; the next reading gives the documents of an undisturbed one."""
    of = run(tmp_path / "run", library, SEED)
    assert sum(record.kind == "r" for record in of.records) > 5
    assert broken(of, SEED, IN_CI, expected, tmp_path) == []


def test_a_writer_that_syncs_nothing_is_found_out(tmp_path: Path, library: Path, expected: Documents) -> None:
    """The disk of this test really takes away what was not synced: without syncing the same moments lose documents."""
    of = run(tmp_path / "run", library, SEED, careless=True)
    assert broken(of, SEED, IN_CI, expected, tmp_path)
