"""Each field case (`tests/data/field`) is read into a store of its own; `check.py` knows what a case is.

To look at one: ``.venv/bin/python tests/field/check.py .venv/bin/mailtrace tests/data/field --only NAME --show``.
"""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Done

from field import check

CASES = Path(__file__).parent.parent / "data" / "field"
_ALL = list(check.cases_in([str(CASES)], []))


@dataclass
class Within(check.Product):
    """The program within this process: to start it takes longer than most cases."""

    mailtrace: Callable[..., Done]
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, arguments: list[str], data: Path) -> str:
        """Run one command on the data folder, and give all it prints."""
        config = str(data / "mailtrace.toml")
        done = self.mailtrace(*arguments, "--config", config, "--data", str(data), COLUMNS="240", NO_COLOR="1", LC_ALL="C.UTF-8")
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def probe(self, data: Path, views: dict[str, list[str]]) -> dict[str, Any]:
        """Ask for all there is, as the operator and as each customer."""
        probe = data / "probe.py"
        probe.write_text(check.PROBE, encoding="utf-8")
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "argv", [str(probe), f"sqlite:{data / 'store'}", json.dumps(views)])
            runpy.run_path(str(probe))
        answer: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return answer


def _is_told(product: check.Product, case: check.Case) -> None:
    """All that a mail administrator reads in the lines is what the product says, and nothing else."""
    answer = check.answer_to(product, case)
    facts = list(check.facts_of(case, answer))
    assert facts, "the case expects nothing"
    assert [why for right, why in facts if not right] == [], "\n".join([answer.said, *map(check.short, answer.traces)])


@pytest.mark.parametrize("case", _ALL, ids=lambda case: case.name)
def test_the_lines_tell_it(
    case: check.Case, mailtrace: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every case."""
    _is_told(Within(Path("mailtrace"), sys.executable, mailtrace, monkeypatch, capsys), case)


@pytest.mark.parametrize("case", _ALL[::30], ids=lambda case: case.name)
def test_the_installed_command_tells_it(case: check.Case) -> None:
    """A few of them, as `check.py` asks."""
    _is_told(check.Product(Path(sys.executable).parent / "mailtrace", sys.executable), case)
