"""All long runs that are here, each with its default figures, two at a time: `make soak`.

A run is a module beside this one that can be started (`python -m soak.NAME`), prints what it finds, and ends with exit code 1 where
something was wrong. Its last lines are its sum. `hour` is run alone, after the others, and for five minutes; with --hour for an hour.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from soak.ledger import FOLDER

#: Not run beside others: it measures.
HOUR = "hour"
#: Half the messages: what two cores can do that also write them.
FIVE_MINUTES = ("--minutes", "5", "--rate", "250")
#: What a run says at its end, in lines.
_SUM_LINES = 8


@dataclass(frozen=True, slots=True)
class Done:
    """How a run ended."""

    name: str
    code: int
    took_s: float
    said: Path

    def words(self) -> str:
        """In a few lines."""
        lines = self.said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_SUM_LINES:]
        how = "ok" if self.code == 0 else f"FAILED ({self.code})"
        return "\n".join([f"== {self.name}: {how}, {self.took_s / 60:.1f} minutes; all of it in {self.said}", *lines])


def names() -> list[str]:
    """The runs that are here."""
    here = Path(__file__).parent
    found = (path for path in sorted(here.glob("*.py")) if not path.name.startswith(("_", "test_")))
    return [path.stem for path in found if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")]


def run(name: str, arguments: Sequence[str] = ()) -> Done:
    """Make one run."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    said = FOLDER / f"{name}.log"
    began = time.monotonic()
    with said.open("wb") as file:
        code = subprocess.run([sys.executable, "-m", f"soak.{name}", *arguments], stdout=file, stderr=file, check=False).returncode
    done = Done(name, code, time.monotonic() - began, said)
    print(done.words(), flush=True)
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """Run all, or those that are named, and sum up."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *names()], help="those to run; by default all")
    parser.add_argument("--hour", action="store_true", help="an hour of mail in place of five minutes")
    given = parser.parse_args(argv)
    chosen = given.names or names()
    print(f"runs: {', '.join(chosen)}", flush=True)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(run, [name for name in chosen if name != HOUR]))
    if HOUR in chosen:
        done.append(run(HOUR, () if given.hour else FIVE_MINUTES))
    failed = [one.name for one in done if one.code]
    print(f"== soak: {len(done)} runs, {sum(one.took_s for one in done) / 60:.0f} minutes of work; failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
