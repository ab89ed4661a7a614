"""kill -9 of the real program at any moment, and then once more: the same documents."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

from canonical import Documents, documents, must_be_same
from captures import YEAR, Form
from reading import USUAL, Place, Times

from promise.conftest import tries
from promise.pieces import cuts

Plain = Callable[[Form, Times], Documents]
Start = Callable[..., "subprocess.Popen[str]"]
#: The program starts, reads a capture and ends within about this time.
_LIFE_S = 1.2
_PATIENCE_S = 60


def environment(form: Form, times: Times, place: Place) -> dict[str, str]:
    """Zone, times and store as settings."""
    given = {
        "TZ": form.zone.key,
        "MAILTRACE_PIN": str(times.pin),
        "MAILTRACE_HOLD_BACK": str(times.hold_back),
        "MAILTRACE_MEMORY": str(times.memory),
    }
    return {**given, **place.store.settings}


@tries(4, on_cluster=2)
def test_killed_while_it_reads(case: tuple[Form, Times, int], place: Place, mailtrace_process: Start, plain: Plain) -> None:
    """`mailtrace ingest --once` killed three times at random moments, then left alone."""
    form, times, seed = case
    rng = Random(seed)
    files = [str(path) for path in form.unpacked(place.logs)]
    for _ in range(3):
        program = mailtrace_process("ingest", "--once", "--year", str(YEAR), *files, **environment(form, times, place))
        with suppress(subprocess.TimeoutExpired):
            program.wait(rng.uniform(0.4, _LIFE_S))
        program.kill()
        program.wait(_PATIENCE_S)
    last = mailtrace_process("ingest", "--once", "--year", str(YEAR), *files, **environment(form, times, place))
    said = last.communicate(timeout=_PATIENCE_S)[1]
    assert last.returncode == 0, said
    must_be_same(plain(form, times), documents(place.store))


# With memory and pins of one or two seconds a following ingester on a cluster, killed so, can leave a replaced document: see the docs.
@tries(2, on_cluster=1, cluster_times=(USUAL,))
def test_killed_while_it_follows(case: tuple[Form, Times, int], place: Place, mailtrace_process: Start, plain: Plain) -> None:
    """A following `mailtrace ingest` is killed twice while the files grow, and then a last run reads on."""
    form, times, seed = case
    rng = Random(seed)
    contents = form.contents()
    place.logs.mkdir()
    done = dict.fromkeys(contents, 0)
    files = [str(place.logs / name) for name in contents]
    for state in cuts(contents, rng, 2):
        program = mailtrace_process("ingest", "--year", str(YEAR), *files, **environment(form, times, place))
        time.sleep(0.5)
        for name, content in state.items():
            with (place.logs / name).open("ab") as file:
                file.write(content[done[name] :])
            done[name] = len(content)
        time.sleep(rng.uniform(0.1, _LIFE_S))
        program.kill()
        program.wait(_PATIENCE_S)
    last = mailtrace_process("ingest", "--once", "--year", str(YEAR), *files, **environment(form, times, place))
    said = last.communicate(timeout=_PATIENCE_S)[1]
    assert last.returncode == 0, said
    must_be_same(plain(form, times), documents(place.store))
