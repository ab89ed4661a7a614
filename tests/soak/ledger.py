"""What long runs have done so far: the next seed, and figures that add up. Kept in `.soak`, outside version control."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(os.environ.get("MAILTRACE_SOAK", Path(__file__).resolve().parents[2] / ".soak"))


@dataclass(slots=True)
class Ledger:
    """The account of one kind of run, in a file of its own; one process writes it at a time."""

    name: str
    folder: Path = FOLDER
    #: The seed that comes next, where none is asked for: runs continue from the last.
    next_seed: int = 1
    #: Figures of all runs so far.
    sums: dict[str, int] = field(default_factory=dict)
    #: Seeds that failed, with what was wrong.
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def opened(cls, name: str, folder: Path = FOLDER) -> Ledger:
        """The account as it stands; a new one where there is none."""
        try:
            told = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(name, folder)
        return cls(name, folder, told["next_seed"], told["sums"], told["failed"])

    def add(self, seed: int, figures: Mapping[str, int], wrong: str = "") -> None:
        """Add what one seed gave, and write it down."""
        for key, number in figures.items():
            self.sums[key] = self.sums.get(key, 0) + number
        self.failed.pop(str(seed), None)
        if wrong:
            self.failed[str(seed)] = wrong
        self.next_seed = max(self.next_seed, seed + 1)
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"next_seed": self.next_seed, "sums": self.sums, "failed": self.failed}, indent=1)
        written = self.folder / f"{self.name}.json.new"
        written.write_text(text, encoding="utf-8")
        written.replace(self.folder / f"{self.name}.json")

    def words(self) -> str:
        """All runs so far in a line."""
        figures = ", ".join(f"{number:,} {key}" for key, number in self.sums.items())
        seeds = f"; failed seeds: {', '.join(self.failed)}" if self.failed else ""
        return f"{self.name}, all runs: {figures or 'nothing yet'}{seeds}"
