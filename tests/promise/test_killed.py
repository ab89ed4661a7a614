"""kill -9 of the real program at any moment, and then once more: the same documents."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from canonical import Documents, documents, must_be_same
from captures import YEAR, Form
from reading import SHORTEST, USUAL, Times, store_of

from promise.conftest import COARSE, FINE, ROUNDS, TWO_FILES

Plain = Callable[[Form, Times], Documents]
Start = Callable[..., "subprocess.Popen[str]"]
#: The program starts, reads a capture and ends within about this time.
_LIFE_S = 1.2
_PATIENCE_S = 60


def environment(times: Times) -> dict[str, str]:
    """Times as settings."""
    return {"MAILTRACE_PIN": str(times.pin), "MAILTRACE_HOLD_BACK": str(times.hold_back), "MAILTRACE_MEMORY": str(times.memory)}


def cases(number: int) -> pytest.MarkDecorator:
    """Seeds with a log form and times, in turns."""
    ways = [(FINE, USUAL), (TWO_FILES, SHORTEST), (COARSE, USUAL), (FINE, SHORTEST)]
    return pytest.mark.parametrize(
        "case", [(*ways[seed % len(ways)], seed) for seed in range(number * ROUNDS)], ids=lambda c: f"{c[0]}-{c[1]}-seed{c[2]}"
    )


@cases(4)
def test_killed_while_it_reads(case: tuple[Form, Times, int], tmp_path: Path, mailtrace_process: Start, plain: Plain) -> None:
    """`mailtrace ingest --once` killed three times at random moments, then left alone."""
    form, times, seed = case
    rng = Random(seed)
    files = [str(path) for path in form.unpacked(tmp_path / "logs")]
    for _ in range(3):
        program = mailtrace_process("ingest", "--once", "--year", str(YEAR), *files, **environment(times))
        with suppress(subprocess.TimeoutExpired):
            program.wait(rng.uniform(0.4, _LIFE_S))
        program.kill()
        program.wait(_PATIENCE_S)
    last = mailtrace_process("ingest", "--once", "--year", str(YEAR), *files, **environment(times))
    said = last.communicate(timeout=_PATIENCE_S)[1]
    assert last.returncode == 0, said
    must_be_same(plain(form, times), documents(store_of(tmp_path / "data")))


@cases(2)
def test_killed_while_it_follows(case: tuple[Form, Times, int], tmp_path: Path, mailtrace_process: Start, plain: Plain) -> None:
    """A following `mailtrace ingest` is killed twice while the files grow, and then a last run reads on."""
    form, times, seed = case
    rng = Random(seed)
    contents = form.contents()
    (tmp_path / "logs").mkdir()
    done = dict.fromkeys(contents, 0)
    files = [str(tmp_path / "logs" / name) for name in contents]
    from promise.pieces import cuts

    for state in cuts(contents, rng, 2):
        program = mailtrace_process("ingest", "--year", str(YEAR), *files, **environment(times))
        time.sleep(0.5)
        for name, content in state.items():
            with (tmp_path / "logs" / name).open("ab") as file:
                file.write(content[done[name] :])
            done[name] = len(content)
        time.sleep(rng.uniform(0.1, _LIFE_S))
        program.kill()
        program.wait(_PATIENCE_S)
    last = mailtrace_process("ingest", "--once", "--year", str(YEAR), *files, **environment(times))
    said = last.communicate(timeout=_PATIENCE_S)[1]
    assert last.returncode == 0, said
    must_be_same(plain(form, times), documents(store_of(tmp_path / "data")))
