"""Several processes: the same documents as one makes, whichever of them is killed and whenever; and all end together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from canonical import Documents, documents, must_be_same
from captures import YEAR, Form
from reading import SHORT, USUAL, Place, Times
from soak.killing import children, is_there
from stores import Embedded

from bench import traffic
from promise.conftest import COARSE, FINE, IN_PIECES, MILTER, OWN_FILES, ROUNDS, TWO_FILES, on_both
from promise.test_killed import environment

Start = Callable[..., "subprocess.Popen[str]"]
_PATIENCE_S = 120
#: The hosts of the generated logs: four log domains, of which one is of two hosts.
_HOSTS = ("mx1", "mx2", "mx3", "mx4")
#: How many lines are generated.
_LINES = 8_000


@pytest.fixture(scope="module")
def known() -> dict[str, Documents]:
    """Give what one process makes of the generated lines, once a test has asked for it."""
    return {}


@pytest.mark.parametrize(
    ("form", "times", "count"),
    [
        (FINE, USUAL, "2"),
        (COARSE, SHORT, "3"),
        (OWN_FILES, USUAL, "3"),
        (TWO_FILES, SHORT, "4"),
        (MILTER, USUAL, "3"),
        (IN_PIECES, SHORT, "4"),
    ],
    ids=str,
)
@on_both
def test_the_documents_are_those_of_one_process(
    form: Form, times: Times, count: str, place: Place, mailtrace_process: Start, plain: Callable[[Form, Times], Documents]
) -> None:
    """Captures, read by so many processes."""
    files = [str(path) for path in form.unpacked(place.logs)]
    program = mailtrace_process("ingest", "--once", "--year", str(YEAR), *files, **_with(count, form, times, place))
    said = program.communicate(timeout=_PATIENCE_S)[1]
    assert program.returncode == 0, said
    assert f"{count} processes: one reads" in said
    must_be_same(plain(form, times), documents(place.store))


@pytest.mark.parametrize("count", ["2", "5"])
def test_many_log_domains(count: str, tmp_path: Path, mailtrace_process: Start, known: dict[str, Documents]) -> None:
    """Four hosts in one file and in files of their own; what is bounded by each process' messages differs, and the documents do not."""
    mixed, apart = _generated(tmp_path / "logs", _LINES)
    one = _of_one(known, tmp_path, mailtrace_process, mixed)
    must_be_same(one, _read(tmp_path / "mixed", mailtrace_process, count, mixed))
    must_be_same(one, _read(tmp_path / "apart", mailtrace_process, count, *apart))


@pytest.mark.parametrize("seed", range(2 * ROUNDS))
@on_both
def test_each_may_be_killed(seed: int, place: Place, mailtrace_process: Start, known: dict[str, Documents]) -> None:
    """A following run loses one of its processes at a random moment, ends in order, and says why; then a last run reads on."""
    random = Random(seed)
    mixed, _ = _generated(place.logs, _LINES)
    whole = mixed.read_bytes()
    settings = {"MAILTRACE_KEEP": "forever", "MAILTRACE_PROCESSES": "4", "MAILTRACE_DATA": str(place.data), **place.store.settings}
    for number in range(2):
        part = whole[: len(whole) * (number + 1) // 2]
        mixed.write_bytes(part[: part.rindex(b"\n") + 1])
        program = mailtrace_process("ingest", str(mixed), **settings)
        others = _others(program, 3)
        time.sleep(random.uniform(0.0, 1.5))
        killed = random.choice(others)
        os.kill(killed, signal.SIGKILL)
        said = program.communicate(timeout=_PATIENCE_S)[1]
        assert program.returncode == 1, said
        assert "has ended, so the reading was stopped" in said
        assert not any(is_there(one) for one in others)
    mixed.write_bytes(whole)
    last = mailtrace_process("ingest", "--once", str(mixed), **settings)
    said = last.communicate(timeout=_PATIENCE_S)[1]
    assert last.returncode == 0, said
    must_be_same(_of_one(known, place.data, mailtrace_process, mixed), documents(place.store))


@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_the_reader_may_be_killed(seed: int, tmp_path: Path, mailtrace_process: Start, known: dict[str, Documents]) -> None:
    """With the one that was started the others end at once, and the next run may write."""
    random = Random(seed)
    mixed, _ = _generated(tmp_path / "logs", _LINES)
    settings = {"MAILTRACE_KEEP": "forever", "MAILTRACE_PROCESSES": "4", "MAILTRACE_DATA": str(tmp_path / "data")}
    for _ in range(2):
        program = mailtrace_process("ingest", "--once", str(mixed), **settings)
        others = _others(program, 2)
        time.sleep(random.uniform(0.0, 2.0))
        program.kill()
        program.wait(_PATIENCE_S)
        _wait_until(lambda others=others: not any(is_there(one) for one in others))  # type: ignore[misc]
    last = mailtrace_process("ingest", "--once", str(mixed), **settings)
    said = last.communicate(timeout=_PATIENCE_S)[1]
    assert last.returncode == 0, said
    must_be_same(_of_one(known, tmp_path, mailtrace_process, mixed), documents(Embedded(tmp_path / "data" / "store")))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_orderly(number: signal.Signals, tmp_path: Path, mailtrace_process: Start, known: dict[str, Documents]) -> None:
    """A stop that all of them hear, as by a terminal or a service manager: everything that was read is written."""
    mixed, _ = _generated(tmp_path / "logs", _LINES)
    settings = {"MAILTRACE_KEEP": "forever", "MAILTRACE_PROCESSES": "3", "MAILTRACE_DATA": str(tmp_path / "data")}
    program = mailtrace_process("ingest", str(mixed), **settings)
    store = Embedded(tmp_path / "data" / "store")
    others = _others(program, 2)
    _wait_until((tmp_path / "data" / "positions.json").exists)
    for one in (program.pid, *others):
        os.kill(one, number)
    said = program.communicate(timeout=_PATIENCE_S)[1]
    assert program.returncode == (0 if number == signal.SIGTERM else 130), said
    assert not any(is_there(one) for one in others)
    again = mailtrace_process("ingest", "--once", str(mixed), **settings)
    assert again.wait(_PATIENCE_S) == 0
    must_be_same(_of_one(known, tmp_path, mailtrace_process, mixed), documents(store))


def test_a_second_writer_is_refused_in_the_same_words(tmp_path: Path, mailtrace_process: Start) -> None:
    """The store is locked by a process that the user did not start; the one that he did is named."""
    mixed, _ = _generated(tmp_path / "logs", 3_000)
    settings = {"MAILTRACE_KEEP": "forever", "MAILTRACE_PROCESSES": "3", "MAILTRACE_DATA": str(tmp_path / "data")}
    first = mailtrace_process("ingest", str(mixed), **settings)
    _others(first, 2)
    _wait_until((tmp_path / "data" / "positions.json").exists)
    for count in ("1", "3"):
        second = mailtrace_process("ingest", "--once", str(mixed), **{**settings, "MAILTRACE_PROCESSES": count})
        said = second.communicate(timeout=_PATIENCE_S)[1]
        assert second.returncode == 1
        assert f"Another run or ingest (process {first.pid}) is writing to" in said
    assert first.poll() is None


def test_letters_of_the_dead_and_hostile_text_cross(tmp_path: Path, mailtrace_process: Start) -> None:
    """Half characters, bytes that are no text, a file with such a name: what is stored is what one process stores."""
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = [*islice(traffic.lines(traffic.Settings()), 2_000)]
    lines[::7] = [line.replace("from=<", "from=<\udcff\udc80") for line in lines[::7]]
    log = folder / "mail\udcff.log"
    log.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
    must_be_same(_read(tmp_path / "one", mailtrace_process, "1", folder), _read(tmp_path / "three", mailtrace_process, "3", folder))


def _with(count: str, form: Form, times: Times, place: Place) -> dict[str, str]:
    """The settings of a form's reading, by so many processes."""
    return {**environment(form, times, place), "MAILTRACE_PROCESSES": count}


def _generated(folder: Path, count: int) -> tuple[Path, list[Path]]:
    """So many lines of several hosts, in one file as a central server has them, and in files of their own."""
    folder.mkdir()
    of_hosts = [
        list(islice(traffic.lines(traffic.Settings(seed=seed, host=host)), count // len(_HOSTS))) for seed, host in enumerate(_HOSTS, 1)
    ]
    apart = []
    for host, lines in zip(_HOSTS, of_hosts, strict=True):
        apart.append(folder / f"{host}.apart")
        apart[-1].write_text("".join(lines))
    mixed = folder / "mail.log"
    mixed.write_text("".join(sorted((line for lines in of_hosts for line in lines), key=lambda line: line[:26])))
    return mixed, apart


def _read(data: Path, mailtrace_process: Start, count: str, *files: Path) -> Documents:
    """What so many processes make of files."""
    settings = {"MAILTRACE_PROCESSES": count, "MAILTRACE_DATA": str(data), "MAILTRACE_STORE": f"sqlite:{data / 'store'}"}
    program = mailtrace_process("ingest", "--once", *map(str, files), **settings)
    said = program.communicate(timeout=_PATIENCE_S)[1]
    assert program.returncode == 0, said
    return documents(Embedded(data / "store"))


def _of_one(known: dict[str, Documents], folder: Path, mailtrace_process: Start, mixed: Path) -> Documents:
    """What one process makes of the generated lines, which are the same in each test."""
    if "one" not in known:
        known["one"] = _read(folder / "one", mailtrace_process, "1", mixed)
    return known["one"]


def _others(program: subprocess.Popen[str], least: int) -> list[int]:
    """The processes that a run has started, once there are so many."""
    _wait_until(lambda: len(children(program.pid)) >= least)
    return children(program.pid)


def _wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something, and fail where it does not come."""
    end = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it was waited for in vain"
        time.sleep(0.02)
