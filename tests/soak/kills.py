"""`kill -9` of the real program at random moments, and then once more, undisturbed: the documents of one undisturbed run.

Five settings: `once` (reading a backlog to its end), `follow` (lines come at real time), `catchup` (the log of eight hosts comes at 60
times real time and is rotated, and the lines of many messages are lacking), `commit` (killed as soon as something is written), `apart`
(several processes read a backlog, and one of them is killed: the reader, one that joins, the writer; with it all end).

    PYTHONPATH=tests python -m soak.kills --count 100 --store embedded --setting catchup
"""

from __future__ import annotations

import argparse
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cluster.flaky import Fault, Proxy
from servers.fixtures import wipe
from servers.server import Wanted
from servers.ways import get
from stores import Cluster, Embedded

from soak.killing import Case, EndedError, Found, end_with_us
from soak.ledger import Ledger
from soak.site import Growing, Site

STORES = ("embedded", "elasticsearch")
#: Lines of a backlog: read in some seconds.
_BACKLOG = (6_000, 20_000)
#: The program needs about so long to start, in seconds; before that nothing can go wrong.
_START_S = 0.3
_DAY_S = 86_400
#: A program that writes nothing for so long has nothing to write.
_NOTHING_S = 20.0


def once(case: Case, random: Random, kills: int, _pace: float) -> Found:
    """A backlog in three files, some of another clock's pace, is read to its end."""
    _backlog(case, random)
    expected, life_s = case.undisturbed()
    _until(case, kills, lambda *again: case.kill(case.start("--once", *again), random.uniform(_START_S, life_s)))
    return case.finish(expected)


def follow(case: Case, random: Random, kills: int, _pace: float) -> Found:
    """Lines come at real time; the log is rotated now and then."""
    site = Site(random.getrandbits(32), int(time.time()), hosts=3, busy=3, rate=5.0, lacking=random.choice((0.0, 0.3)))
    with Growing(case.logs, site, pace=1.0, rotate_s=random.choice((None, 2.5))):
        for _ in range(kills):
            case.kill(case.start(), random.uniform(2 * _START_S, 2.5))
    return case.finish()


def catchup(case: Case, random: Random, kills: int, pace: float) -> Found:
    """The log of eight hosts comes `pace` times as fast as it was written; messages wait for lines that do not come."""
    start_s = int(time.time()) - _DAY_S - random.randrange(_DAY_S)
    site = Site(random.getrandbits(32), start_s, rate=0.2, lacking=random.choice((0.0, 0.5, 0.9, 0.9)))
    with Growing(case.logs, site, pace=pace, rotate_s=random.uniform(300, 1800) / pace, backlog_s=random.uniform(600, 3600)):
        for _ in range(kills):
            program = case.start()
            if random.random() < 0.7:
                # The first marks behind what it has just read are the ones that may pass too much.
                case.wait_for_marks(program)
            case.kill(program, random.uniform(2 * _START_S, 4.0))
    return case.finish()


def commit(case: Case, random: Random, kills: int, _pace: float) -> Found:
    """A backlog is read to its end, and killed as soon as something is written: a store file, a request, the positions."""
    _backlog(case, random)
    expected = case.undisturbed()[0]

    def one(*again: str) -> bool:
        if isinstance(case.store, Cluster):
            # A backlog is a few requests only.
            return (_in_a_request if random.random() < 0.7 else _in_a_file)(case, random.randint(1, 2), *again)
        return _in_a_file(case, random.randint(1, 12), *again)

    _until(case, kills, one)
    return case.finish(expected)


def apart(case: Case, random: Random, kills: int, _pace: float) -> Found:
    """A backlog is read by several processes, of which one is killed."""
    _backlog(case, random)
    expected, life_s = case.undisturbed()

    def one(*again: str) -> bool:
        program = case.start("--once", *again, MAILTRACE_PROCESSES=str(random.randint(2, 5)))
        return case.kill_one(program, random.uniform(_START_S, life_s), random)

    _until(case, kills, one)
    return case.finish(expected)


SETTINGS: dict[str, Callable[[Case, Random, int, float], Found]] = {
    "once": once,
    "follow": follow,
    "catchup": catchup,
    "commit": commit,
    "apart": apart,
}


def _until(case: Case, kills: int, attempt: Callable[..., bool]) -> None:
    """Start and kill so often; where the program came to its end before, it reads everything again."""
    again: tuple[str, ...] = ()
    for _ in range(2 * kills):
        if case.kills < kills:
            again = () if attempt(*again) else ("--rebuild",)


def _backlog(case: Case, random: Random) -> None:
    """Write the log of a site into three files, of which the oldest is compressed."""
    start_s = int(time.time()) - 30 * _DAY_S
    site = Site(random.getrandbits(32), start_s, hosts=random.choice((1, 3, 8)), rate=1.0, lacking=random.choice((0.0, 0.0, 0.5)))
    growing = Growing(case.logs, site, pace=1.0)
    lines = site.lines()
    for size in Random(site.seed).choices(range(*(number // 3 for number in _BACKLOG)), k=3):
        with growing.log.open("w", encoding="utf-8") as file:
            file.writelines(text for _, text in (next(lines) for _ in range(size)))
        if growing.rotations < 2:
            growing.rotate()


def _in_a_file(case: Case, at: int, *again: str) -> bool:
    """Kill when the files of the store and the positions have changed so often; False where the program ended before."""
    program = case.start("--once", *again)
    seen, changes, until = case.written(), 0, time.monotonic() + _NOTHING_S
    while program.poll() is None and time.monotonic() < until:
        now = case.written()
        if now != seen:
            seen, changes = now, changes + 1
            if changes >= at:
                program.kill()
                case.killed(program)
                return True
        time.sleep(0.001)
    return case.kill(program, _NOTHING_S)


def _in_a_request(case: Case, at: int, *again: str) -> bool:
    """Kill while documents are on their way to the server, which takes them all the same."""
    assert isinstance(case.store, Cluster)
    running: list[subprocess.Popen[bytes]] = []
    seen, guard = [0], threading.Lock()

    def choose(_method: str, path: str, _body: bytes) -> Fault:
        if path.startswith("/_bulk"):
            with guard:
                seen[0] += 1
                if seen[0] == at and running:
                    running[0].send_signal(signal.SIGKILL)
        return Fault.NONE

    with Proxy(case.store.url, choose) as proxy:
        running.append(case.start("--once", *again, MAILTRACE_STORE=proxy.url))
        code = running[0].wait(60)
    if code == -signal.SIGKILL:
        case.kills += 1
        return True
    if code != 0:
        raise EndedError(f"it ended with {code}")
    return False


@contextmanager
def places(store: str) -> Iterator[Callable[[Path], Case]]:
    """Give a way to make cases on a store, each with a fresh one; what is made on a server is removed."""
    if store == "embedded":
        yield lambda folder: Case(folder, Embedded(folder / "data" / "store"))
        return
    server = get(Wanted())
    prefix = f"soak-{secrets.token_hex(5)}"
    try:
        yield lambda folder: Case(folder, Cluster(server.url, f"{prefix}-{folder.name.rpartition('-')[2].lower()}"))
    finally:
        wipe(server.url, prefix)
        server.close()


def run(setting: str, make: Callable[[Path], Case], seed: int, *, kills: int, pace: float = 60.0) -> tuple[int, Found]:
    """One case: how often the program was killed, and what was found."""
    random = Random(f"{setting}/{seed}")
    with tempfile.TemporaryDirectory(prefix=f"soak-{setting}-{seed}x") as folder:
        case = make(Path(folder))
        found = SETTINGS[setting](case, random, kills, pace)
    return case.kills, found


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a run: so many kills, from this seed on."""

    count: int
    seed: int | None
    pace: float
    say: Callable[[str], None]


def soak(store: str, setting: str, wish: Wish) -> bool:
    """Cases until so many kills are made; whether all documents were right."""
    ledger = Ledger.opened(f"kills-{store}-{setting}")
    first = seed = ledger.next_seed if wish.seed is None else wish.seed
    sums = Counter[str]()
    with places(store) as make:
        while sums["kills"] < wish.count:
            try:
                made, found = run(setting, make, seed, kills=min(8, wish.count - sums["kills"]), pace=wish.pace)
            except EndedError as error:
                made, found = 1, Found(0, 0, 0, 0, str(error))
            ended = int(bool(found.told) and not found.differing)
            figures = {"cases": 1, "kills": made, "documents": found.documents, "differing": found.differing, "lost": found.missing}
            figures["ended"] = ended
            sums.update(figures)
            ledger.add(seed, figures, found.told)
            wish.say(f"{store} {setting} seed {seed}: {_in_words(figures)}")
            if found.told:
                wish.say(found.told)
            seed += 1
    wish.say(f"kills, {store}, {setting}, seeds {first} to {seed - 1}: {_in_words(sums)}. {ledger.words()}")
    return not sums["differing"] and not sums["ended"]


def _in_words(figures: Mapping[str, int]) -> str:
    """Figures in a line."""
    return ", ".join(f"{number:,} {name}" for name, number in figures.items())


def main(argv: Sequence[str] | None = None) -> int:
    """Kill, compare, and print; the exit code is 1 where a document was not right."""
    parser = argparse.ArgumentParser(prog="python -m soak.kills", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=125, help="kills of each store and setting")
    parser.add_argument("--seed", type=int, help="the first seed; by default the one behind the last run's")
    parser.add_argument("--store", choices=STORES, action="append", help="default: both, at the same time")
    parser.add_argument("--setting", choices=tuple(SETTINGS), action="append", help="default: all, one after the other")
    parser.add_argument("--pace", type=float, default=60.0, help="how many times real time a log is caught up with")
    given = parser.parse_args(argv)
    guard = threading.Lock()
    end_with_us()

    def say(text: str) -> None:
        with guard:
            print(text, flush=True)

    wish = Wish(given.count, given.seed, given.pace, say)

    def all_settings(store: str) -> bool:
        # All of them, whatever one gives.
        return False not in [soak(store, setting, wish) for setting in given.setting or SETTINGS]

    with ThreadPoolExecutor(2) as pool:
        return 0 if all(list(pool.map(all_settings, given.store or STORES))) else 1


if __name__ == "__main__":
    sys.exit(main())
