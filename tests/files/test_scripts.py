"""Scripts on log files: nothing is lost, nothing is double, and what went before anybody could read it is told.

These are the first hundred; `python -m soak.files` plays as many as wanted.
"""

from __future__ import annotations

import pytest

from files.play import played
from files.scripts import made

#: Against real processes with real signals: each takes seconds.
_REAL = range(1, 8)


@pytest.mark.parametrize("seed", _REAL)
def test_against_a_real_process(seed: int) -> None:
    """`mailtrace ingest`, stopped by SIGTERM and killed by SIGKILL."""
    assert played(made(seed), real=True).wrong == []


@pytest.mark.parametrize("begin", range(8, 101, 8))
def test_within_this_process(begin: int) -> None:
    """Step by step between two looks of the reader: eight scripts in one test."""
    assert [sentence for seed in range(begin, min(begin + 8, 101)) for sentence in played(made(seed)).wrong] == []
