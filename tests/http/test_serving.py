"""The programs themselves: they start, say where they are, answer, stop when they are told to, and serve others while some are slow."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import captures
import generate
import httpx
import pytest
from http_service import ADMIN, ANYWHERE, API, Running, fill, give_tokens, json_of, running, settings, until
from stores import Embedded

pytest_plugins = ("http_fixtures",)

Start = Callable[..., subprocess.Popen[str]]
_ADDRESS = re.compile(r"Mail Trace is at (http://\S+)")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Give a folder with the log of a real mail server."""
    captures.forms_named(["postfix_amavis-rfc3339"])[0].unpacked(tmp_path / "logs")
    return tmp_path / "logs"


def address_told(program: subprocess.Popen[str]) -> str:
    """Where a program says that its page is; it waits for that."""
    assert program.stderr is not None
    read = []
    for line in program.stderr:
        read.append(line)
        if found := _ADDRESS.search(line):
            return found[1].rstrip("/")
    raise AssertionError("".join(read))


def answers(address: str) -> bool:
    """Whether anything answers there."""
    try:
        return httpx.get(f"{address}/healthz", timeout=2.0).status_code == 200
    except httpx.TransportError:
        return False


def total(address: str) -> int:
    """How many traces are found."""
    found: int = json_of(httpx.get(f"{address}{API}/traces", timeout=20.0))["total"]["value"]
    return found


def ended(program: subprocess.Popen[str], seconds: float = 20) -> tuple[int, str]:
    """How a program ended, and what else it said; it is killed where it does not end in time."""
    assert program.stderr is not None
    late = threading.Timer(seconds, program.kill)
    late.start()
    told = program.stderr.read()
    code = program.wait()
    late.cancel()
    late.join()
    return code, told


# Serve --------------------------------------------------------------------------------------------------------------------


def test_serve_answers_until_it_is_told_to_stop(mailtrace_process: Start, tmp_path: Path) -> None:
    """It tells its address when it can be opened, says that it is open to this machine, and stops with exit code 0."""
    fill(Embedded(tmp_path / "data" / "store"), generate.traces(seed=2, count=30))
    program = mailtrace_process("serve", "--port", "0")
    address = address_told(program)
    assert urlsplit(address).hostname == "127.0.0.1"
    assert answers(address)
    assert total(address) > 10
    program.send_signal(signal.SIGTERM)
    code, told = ended(program)
    assert code == 0
    assert "No access token is configured" in told
    assert "Traceback" not in told
    assert not answers(address)


def test_serve_stops_on_an_interrupt_as_other_commands_do(mailtrace_process: Start) -> None:
    """Ctrl-C ends it at once, without a trace of its inside."""
    program = mailtrace_process("serve", "--port", "0")
    address_told(program)
    program.send_signal(signal.SIGINT)
    code, told = ended(program)
    assert code == 130
    assert "Traceback" not in told


def test_serve_with_tokens_says_nothing_of_being_open(mailtrace_process: Start, tmp_path: Path) -> None:
    """Tokens made by the command guard it; other addresses may then be listened on."""
    made = mailtrace_process("token", "create", "Ann", "--role", "admin")
    secret = made.communicate(timeout=20)[0].strip()
    program = mailtrace_process("serve", "--port", "0", "--host", ANYWHERE)
    address = address_told(program)
    assert urlsplit(address).hostname == "127.0.0.1"
    assert httpx.get(f"{address}{API}/traces").status_code == 401
    assert httpx.get(f"{address}{API}/traces", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    program.send_signal(signal.SIGTERM)
    code, told = ended(program)
    assert (code, "No access token" in told, secret in told) == (0, False, False)


def test_what_is_under_way_comes_to_its_end(mailtrace_process: Start, tmp_path: Path) -> None:
    """An export that was begun before the stop is whole."""
    fill(Embedded(tmp_path / "data" / "store"), generate.traces(seed=3, count=6_000, events=False))
    program = mailtrace_process("serve", "--port", "0")
    address = address_told(program)
    expected = total(address)
    with httpx.stream("GET", f"{address}{API}/traces", headers={"Accept": "application/x-ndjson"}, timeout=20.0) as response:
        pieces = response.iter_bytes(1_000)
        content = next(pieces)
        program.send_signal(signal.SIGTERM)
        content += b"".join(pieces)
    assert content.count(b"\n") == expected > 1_000
    assert ended(program)[0] == 0


def test_a_port_in_use_is_told_in_one_sentence(mailtrace_process: Start) -> None:
    """Exit code 1, for `serve` and `run` alike; `run` reads nothing then."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words in (("serve", "--port", port), ("run", "--port", port, "/dev/null")):
            program = mailtrace_process(*words)
            out, told = program.communicate(timeout=30)
            assert (program.returncode, out) == (1, "")
            assert f"cannot listen on 127.0.0.1:{port}" in " ".join(told.split())
            assert len(told.strip().splitlines()) <= 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--port", "70000"), 2, "70000"),
        (("--port", "x"), 2, "x"),
        (("--host", "203.0.113.250"), 1, "no access token"),
        (("--nonsense",), 2, "--nonsense"),
    ],
)
def test_what_cannot_be_meant_is_told(mailtrace_process: Start, words: tuple[str, ...], code: int, said: str) -> None:
    """One sentence and no trace of the inside."""
    program = mailtrace_process("serve", *words)
    _, told = program.communicate(timeout=30)
    assert (program.returncode, said in told, "Traceback" in told) == (code, True, False)


def test_a_wrong_certificate_is_told_before_anybody_asks(mailtrace_process: Start, tmp_path: Path) -> None:
    """The two files are named."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mailtrace.toml").write_text('[http]\ncertificate = "/dev/null"\nkey = "/dev/null"\n')
    program = mailtrace_process("serve", "--port", "0")
    _, told = program.communicate(timeout=30)
    assert (program.returncode, "certificate" in told, "Traceback" in told) == (1, True, False)


# Run ----------------------------------------------------------------------------------------------------------------------


def children(program: subprocess.Popen[str]) -> list[int]:
    """The processes that a program started."""
    return [int(word) for word in Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_run_follows_the_logs_and_serves_them(mailtrace_process: Start, logs: Path) -> None:
    """What is read is found on the page, also what is written later; a stop ends both processes, and the next start goes on."""
    program = mailtrace_process("run", "--port", "0", str(logs))
    address = address_told(program)
    until(lambda: total(address) > 20)
    (server,) = children(program)
    before = total(address)
    with (logs / "mail.log").open("ab") as file:
        file.write(
            b"2026-11-24T05:00:00.000000+00:00 mx1 postfix/smtpd[77]: NOQUEUE: reject: RCPT from late.example[192.0.2.99]: "
            b"554 5.7.1 <late@example.net>: Relay access denied; from=<ann@late.example> to=<late@example.net> proto=ESMTP helo=<late>\n"
        )
    until(lambda: total(address) == before + 1)
    (row,) = json_of(httpx.get(f"{address}{API}/traces", params={"recipient": "late@example.net"}))["traces"]
    assert (row["disposition"], row["sender"]) == ("rejected", "ann@late.example")
    program.send_signal(signal.SIGTERM)
    code, told = ended(program)
    assert (code, "Traceback" in told) == (0, False)
    until(lambda: not alive(server))
    assert not answers(address)
    again = mailtrace_process("run", "--port", "0", str(logs))
    assert total(address_told(again)) == before + 1
    again.send_signal(signal.SIGTERM)
    assert ended(again)[0] == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_however_run_ends_its_service_ends_too(mailtrace_process: Start, logs: Path, how: signal.Signals) -> None:
    """Nothing is left behind that answers, also where nobody could tell it to stop."""
    program = mailtrace_process("run", "--port", "0", str(logs))
    address = address_told(program)
    (server,) = children(program)
    assert answers(address)
    program.send_signal(how)
    program.wait(timeout=20)
    until(lambda: not alive(server))
    assert not answers(address)


def test_run_says_when_its_service_has_ended_by_itself(mailtrace_process: Start, logs: Path) -> None:
    """Without its page `run` is not what was asked for: it stops reading in order, and ends with one sentence and exit code 1."""
    program = mailtrace_process("run", "--port", "0", str(logs))
    address_told(program)
    (server,) = children(program)
    os.kill(server, signal.SIGKILL)
    code, told = ended(program)
    assert code == 1
    assert told.splitlines()[-1].startswith("mailtrace: the service of the page ended by itself (code -9)")


# Slow clients -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service with an export of some megabytes."""
    folder = tmp_path_factory.mktemp("busy")
    store = Embedded(folder / "store")
    fill(store, generate.traces(seed=6, count=5_000, events=False))
    made = settings(store, folder / "data")
    with running(made, give_tokens(made)) as service:
        yield service


def test_slow_clients_hold_nobody_up(busy: Running) -> None:
    """Fifty that take an export a byte at a time, and fifty that never finish their question, and others are answered as ever."""
    parts = urlsplit(busy.address)
    asked = f"GET {API}/traces HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\nAuthorization: Bearer {busy.secrets[ADMIN.name]}\r\n\r\n"
    with ExitStack() as stack:
        slow = []
        for number in range(100):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.settimeout(20)
            client.connect((parts.hostname, parts.port))
            client.sendall(asked.encode() if number < 50 else asked[:-10].encode())
            slow.append(client)
        for client in slow[:50]:
            assert client.recv(1) == b"H"
        waits = []
        for _ in range(30):
            for client in slow[:50]:
                assert len(client.recv(1)) == 1
            began = time.monotonic()
            assert json_of(busy.get("/traces", [("limit", "50")]))["traces"]
            assert busy.get("/health").status_code == 200
            waits.append(time.monotonic() - began)
        assert sorted(waits)[27] < 2.0, waits
        # A whole export beside them comes too.
        rows = busy.get("/traces", accept="text/csv").text.count("\r\n")
        assert rows - 1 == json_of(busy.get("/traces", [("count", "exact")]))["total"]["value"]
    until(lambda: answers(busy.address))


def test_many_at_once_get_their_own_answers(busy: Running) -> None:
    """Answers are not mixed up between callers who ask at the same time."""
    people = [name for name in busy.secrets if name not in ("Expired", "Revoked")]
    alone = {name: json_of(busy.get("/traces", [("limit", "20")], name))["traces"] for name in people}

    def ask(name: str) -> bool:
        with busy.fresh(headers={"Authorization": f"Bearer {busy.secrets[name]}"}) as client:
            return all(json_of(client.get(f"{API}/traces?limit=20"))["traces"] == alone[name] for _ in range(10))

    with ThreadPoolExecutor(len(people)) as pool:
        assert all(pool.map(ask, people))
