"""What long runs have in common, and a short part of the hour."""

from __future__ import annotations

from pathlib import Path

from soak.__main__ import names
from soak.hour import grown, measured
from soak.ledger import Ledger


def test_figures_add_up_over_runs(tmp_path: Path) -> None:
    """A run continues behind the seed of the last, figures are summed, and a seed that failed is named until it is right."""
    first = Ledger.opened("kills", tmp_path)
    first.add(first.next_seed, {"kills": 5})
    first.add(first.next_seed, {"kills": 3}, "2 documents differ")
    again = Ledger.opened("kills", tmp_path)
    assert (again.next_seed, again.sums, again.words()) == (3, {"kills": 8}, "kills, all runs: 8 kills; failed seeds: 2")
    again.add(2, {"kills": 4})
    assert Ledger.opened("kills", tmp_path).words() == "kills, all runs: 12 kills"


def test_all_runs_are_found() -> None:
    """`python -m soak` knows the modules that can be started, and no others."""
    assert {"kills", "hour"} <= set(names())
    assert not {"ledger", "site", "killing", "__main__", "test_kills"} & set(names())


def test_through_rotations_files_and_lag_stay_as_they_are(tmp_path: Path) -> None:
    """`mailtrace run` follows a log through a dozen rotations: open files and lag do not grow. It takes minutes to see that of memory."""
    samples = measured(tmp_path, rate=20, seconds=24, rotate_s=2)
    assert samples[-1].written > 2_000
    assert [what for what in grown(samples, rotate_s=2) if not what.startswith("memory")] == []
