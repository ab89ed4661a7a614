"""A real Elasticsearch by hand, from the top of the checkout.

python -m tests.servers start --version 9 --heap 1g     prints its address; it runs until `stop`
python -m tests.servers kill ADDRESS                    as a power cut does
python -m tests.servers again ADDRESS                   on the same data and the same address
python -m tests.servers stop ADDRESS                    and remove its data
python -m tests.servers list
python -m tests.servers hold                            prints its address; runs until its standard input ends
python -m tests.servers run -- COMMAND ...              with MAILTRACE_TEST_ELASTICSEARCH set for the command, then stop it
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from urllib.error import URLError

from .distribution import cache
from .process import ProcessServer, runs
from .server import VERSIONS, NoServerError, Wanted, ask
from .ways import URL_VARIABLE


def main(arguments: list[str]) -> int:
    """Do what is asked."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.servers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("start", "hold", "run"):
        command = commands.add_parser(name)
        command.add_argument("--version", default="9", help="9 (default), 8, or a full version")
        command.add_argument("--heap", default="1g")
        command.add_argument("-E", dest="settings", action="append", default=[], metavar="KEY=VALUE", help="a setting of Elasticsearch")
        if name == "run":
            command.add_argument("program", nargs="+")
    for name in ("kill", "again", "stop"):
        commands.add_parser(name).add_argument("address")
    commands.add_parser("list")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "list":
            return _list()
        if asked.command in ("kill", "again", "stop"):
            return _change(asked.command, asked.address.rstrip("/"))
        settings = dict(setting.split("=", 1) for setting in asked.settings)
        wanted = Wanted(VERSIONS.get(asked.version, asked.version), heap=asked.heap, measured=True, settings=settings)
        return _start(wanted) if asked.command == "start" else _hold(wanted, getattr(asked, "program", []))
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 1


def _note(address: str) -> Path:
    """Where it is noted what runs at an address."""
    folder = cache() / "running"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{address.rpartition(':')[2]}.json"


def _write(server: ProcessServer, wanted: Wanted) -> None:
    """Note a server, so that later commands find it."""
    wanted_text = {name: value for name, value in asdict(wanted).items() if name in ("version", "heap", "measured", "settings")}
    note = {"address": server.url, "pid": server.pid, "folder": str(server.folder), "wanted": wanted_text}
    _note(server.url).write_text(json.dumps(note), encoding="utf-8")


def _answers(address: str) -> bool:
    """Whether a server answers there."""
    try:
        ask(f"{address}/_cluster/health", timeout=5)
    except (URLError, OSError):
        return False
    return True


def _list() -> int:
    """Print what was started by hand."""
    for path in sorted(_note("").parent.glob("*.json")):
        note = json.loads(path.read_text(encoding="utf-8"))
        print(note["address"], note["wanted"]["version"], "runs" if _answers(note["address"]) else "does not run", sep="\t")
    return 0


def _change(command: str, address: str) -> int:
    """Kill, start again or stop one that was started by hand."""
    path = _note(address)
    if not path.is_file():
        raise NoServerError(f"No server at {address} was started by hand.")
    note = json.loads(path.read_text(encoding="utf-8"))
    wanted = Wanted(**note["wanted"])
    if command == "again":
        if not _answers(address):
            server = ProcessServer(wanted, watched=False, folder=Path(note["folder"]), url=address)
            server.start()
            _write(server, wanted)
        return 0
    if note["pid"] is not None and _answers(address):
        with suppress(ProcessLookupError):
            os.killpg(note["pid"], signal.SIGKILL)
        while runs(note["pid"]):
            time.sleep(0.02)
    path.write_text(json.dumps({**note, "pid": None}), encoding="utf-8")
    if command == "stop":
        shutil.rmtree(note["folder"], ignore_errors=True)
        path.unlink()
    return 0


def _start(wanted: Wanted) -> int:
    """Start one that goes on without us."""
    server = ProcessServer(wanted, watched=False)
    server.start()
    _write(server, wanted)
    print(server.url, flush=True)
    return 0


def _hold(wanted: Wanted, program: list[str]) -> int:
    """Start one that ends with a program, or with our standard input."""
    server = ProcessServer(wanted)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))
    try:
        server.start()
        if program:
            return subprocess.run(program, env={**os.environ, URL_VARIABLE: server.url}, check=False).returncode
        print(server.url, flush=True)
        sys.stdin.buffer.read()
    except KeyboardInterrupt:
        return 130
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
