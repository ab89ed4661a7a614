"""The figures: what they say when nothing is easy, and that whoever asks for them can do no harm."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import httpx
import pytest
from conftest import Done
from prometheus_client.core import Metric as Family
from watched import watched
from written_mail import log, traffic

from ingest.state import FileState, Watch
from ingest.summary import Summary
from mailtrace.metrics.endpoint import exposed
from mailtrace.metrics.reading import MOST_SOURCES, lag
from mailtrace.metrics.table import TABLE, figure

NOW_S = 1_790_000_000.0


def file_state(
    path: Path, done: int, size: int, *, read_up_to_s: float = NOW_S - 60, at_end: bool = True, measured: bool = True
) -> FileState:
    """A file that was read so far."""
    status = path.stat()
    return FileState(str(path), status.st_dev, status.st_ino, done, size, measured, at_end, read_up_to_s, 0.0)


def test_lag_is_of_now_though_nobody_reads(tmp_path: Path) -> None:
    """What was written since the ingester last looked counts, also where it waits for its store and looks no more."""
    path = tmp_path / "mail.log"
    path.write_bytes(b"x" * 100)
    state = file_state(path, 100, 100)
    assert lag([state], NOW_S) == {str(path): (0, 0.0)}
    with path.open("ab") as file:
        file.write(b"y" * 50)
    assert lag([state], NOW_S) == {str(path): (50, 60.0)}


def test_a_rotated_set_is_one_source(tmp_path: Path) -> None:
    """What waits in the old file and in the new one under its name is added up, and told under the live name."""
    live, old = tmp_path / "mail.log", tmp_path / "mail.log.1"
    live.write_bytes(b"x" * 100)
    before = file_state(live, 60, 100, read_up_to_s=NOW_S - 30)
    live.rename(old)
    live.write_bytes(b"new")
    assert lag([before], NOW_S) == {str(live): (43, 30.0)}
    assert lag([file_state(old, 60, 100, read_up_to_s=NOW_S - 30), file_state(live, 0, 3, read_up_to_s=0.0)], NOW_S) == {
        str(live): (43, 30.0)
    }


def test_a_packed_file_lags_in_time_only(tmp_path: Path) -> None:
    """Its bytes say nothing of its lines; that it is not read to its end does."""
    path = tmp_path / "mail.log.2.gz"
    path.write_bytes(b"packed")
    assert lag([file_state(path, 10, 6, measured=False, at_end=False)], NOW_S) == {str(tmp_path / "mail.log"): (0, 60.0)}
    assert lag([file_state(path, 10, 6, measured=False)], NOW_S) == {str(tmp_path / "mail.log"): (0, 0.0)}


def test_sources_are_bounded(tmp_path: Path) -> None:
    """A thousand log files do not make a thousand series; those that have no name of their own are added up."""
    states = []
    for number in range(MOST_SOURCES + 10):
        path = tmp_path / f"{number:03d}.log"
        path.write_bytes(b"x")
        states.append(file_state(path, 0, 1))
    lags = lag(states, NOW_S)
    assert len(lags) == MOST_SOURCES + 1
    assert lags["other"] == (10, 60.0)


def test_programs_are_bounded(tmp_path: Path) -> None:
    """Whatever programs log, the labels are those of the formats and `other`; counts add up to the lines."""
    mails = log(traffic(2, 20))
    strange = b"".join(b"2026-03-02T12:30:00.0+00:00 mx1 strange%d[7]: hello\n" % number for number in range(300))
    with watched(tmp_path, "ingest") as program:
        program.log.write_bytes(mails + strange + b"no line at all\n")
        program.wait_for(301.0, "mailtrace_lines_total", program="other")
        program.wait_for(float(mails.count(b"postfix/")), "mailtrace_lines_total", program="postfix")
        page = program.get(program.figures)
    assert b"strange" not in page.encode()


def test_a_service_that_hangs_is_seen_and_holds_nobody_up(tmp_path: Path) -> None:
    """The figures of the ingester come all the same, and the service is told as down; it recovers."""
    with watched(tmp_path) as program:
        program.wait_for(1.0, "mailtrace_service_up")
        (child,) = Path(f"/proc/{program.program.pid}/task/{program.program.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGSTOP)
        try:
            for _ in range(2):
                shown = {sample.name: sample.value for sample in program.samples() if sample.labels.get("process") != "ingest"}
                assert shown["mailtrace_service_up"] == 0.0
                assert shown["mailtrace_open_journeys"] == 0.0
                assert "mailtrace_threads" not in shown
        finally:
            os.kill(int(child), signal.SIGCONT)
        program.wait_for(1.0, "mailtrace_service_up")


def test_a_source_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    """A path that is no file of lines is seen in the figures while it is so, and no longer."""
    with watched(tmp_path, "ingest", str(tmp_path / "there")) as program:
        program.wait_for(0.0, "mailtrace_sources_unreadable")
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(str(tmp_path / "there"))
            program.wait_for(1.0, "mailtrace_sources_unreadable")
        (tmp_path / "there").unlink()
        program.wait_for(0.0, "mailtrace_sources_unreadable")


def test_the_service_alone_shows_its_own(tmp_path: Path) -> None:
    """`serve` shows answers, process and store, and nothing of reading."""
    (tmp_path / "data" / "store").mkdir(parents=True)
    with watched(tmp_path, "serve") as program:
        program.get(program.page + "healthz")
        program.wait_for(1.0, "mailtrace_http_request_duration_seconds_count", route="/healthz", status="200")
        assert program.value("mailtrace_build_info", store="embedded") == 1.0
        assert program.value("mailtrace_lines_total") is None


class Slow:
    """A collector that takes its time."""

    def collect(self) -> list[Family]:
        """One figure."""
        return [figure("mailtrace_open_journeys", 7)]


def test_processes_that_join_and_write_have_figures_of_their_own(tmp_path: Path) -> None:
    """With a log domain's lines a joiner is busy; what it and the writer take is told beside what the reader does."""
    with watched(tmp_path, "ingest", MAILTRACE_PROCESSES="3") as program:
        program.log.write_bytes(
            b"2026-11-24T03:22:10.123456+00:00 mx1 postfix/smtpd[71]: 3883718A9F5: client=mail.example.org[192.0.2.7]\n"
        )
        program.wait_for(1.0, "mailtrace_open_journeys")
        told = {sample.labels["process"] for sample in program.samples() if sample.name == "mailtrace_process_resident_memory_bytes"}
        assert told == {"ingest", "join 1", "write 1"}


def test_who_connects_and_says_nothing_keeps_nobody_out() -> None:
    """Some idle connections: the next one is answered; too many: those are turned away, and the listener goes on when they end."""
    with exposed("127.0.0.1", 0, [Slow()]) as (host, port):
        idle = [socket.create_connection((host, port)) for _ in range(7)]
        assert "mailtrace_open_journeys 7.0" in httpx.get(f"http://{host}:{port}/metrics").text
        more = [socket.create_connection((host, port)) for _ in range(20)]
        end = time.monotonic() + 20
        while True:
            try:
                assert httpx.get(f"http://{host}:{port}/metrics", timeout=10).status_code == 200
                break
            except httpx.TransportError:
                assert time.monotonic() < end
                time.sleep(0.2)
        for one in idle + more:
            one.close()


def test_what_is_asked_wrongly_is_refused_in_words() -> None:
    """Another path is not found, another method is not there, and nothing tells what answers."""
    with exposed("127.0.0.1", 0, [Slow()]) as (host, port):
        assert httpx.get(f"http://{host}:{port}/").status_code == 404
        assert httpx.post(f"http://{host}:{port}/metrics").status_code == 501
        answer = httpx.get(f"http://{host}:{port}/metrics")
        assert "Python" not in answer.headers["server"]
        # Head without end: bounded by the library that reads it.
        with socket.create_connection((host, port)) as long:
            long.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n")
            assert long.recv(100).startswith(b"HTTP/1.0 4")


@pytest.mark.parametrize("wrong", ["8026", "127.0.0.1", ":8026", "127.0.0.1:x", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused(mailtrace: Callable[..., Done], wrong: str) -> None:
    """The sentence says how one looks."""
    done = mailtrace("serve", "--metrics", wrong)
    assert done.returncode == 2
    assert "say 127.0.0.1:8026" in done.stderr


def test_an_address_that_is_taken_is_told(mailtrace_process: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    """One sentence, before anything is read."""
    (tmp_path / "mail.log").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        program = mailtrace_process("ingest", str(tmp_path / "mail.log"), "--metrics", f"127.0.0.1:{taken.getsockname()[1]}")
        said = program.communicate(timeout=60)[1]
    assert program.returncode == 1
    assert "cannot show metrics on 127.0.0.1" in said


def test_the_table_keeps_to_the_conventions() -> None:
    """Names begin alike, counters end in `_total`, no name stands twice, sentences are sentences."""
    for metric in TABLE:
        assert metric.name.startswith("mailtrace_")
        assert (metric.kind == "counter") == metric.name.endswith("_total")
        assert metric.sentence.endswith(".")
    assert len({metric.name for metric in TABLE}) == len(TABLE)


def test_many_may_ask_at_the_same_time() -> None:
    """Each gets a whole page."""
    pages: list[str] = []
    with exposed("127.0.0.1", 0, [Slow()]) as (host, port):
        asking = [Thread(target=lambda: pages.append(httpx.get(f"http://{host}:{port}/metrics", timeout=10).text)) for _ in range(5)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
    assert len(pages) == 5
    assert all(page.endswith("mailtrace_open_journeys 7.0\n") for page in pages)


def test_failed_lines_are_told_by_their_formats() -> None:
    """Programs are counted under the names of their formats; what no format knows is one."""
    summary = Summary()
    summary.failed.update({"smtpd": 2, "qmgr": 1, "exim": 4, "": 1, "strange": 5})
    watch = Watch()
    watch.look(summary, 0, [], 0)
    assert dict(watch.state.failed) == {"postfix": 3, "exim": 4, "other": 6}


def test_what_the_service_has_to_do_is_told(tmp_path: Path) -> None:
    """Connections are counted as long as they are there."""
    (tmp_path / "data" / "store").mkdir(parents=True)
    with watched(tmp_path, "serve") as program:
        program.wait_for(0.0, "mailtrace_http_connections")
        host, port = program.page.split("/")[2].split(":")
        with socket.create_connection((host, int(port))), socket.create_connection((host, int(port))):
            program.wait_for(2.0, "mailtrace_http_connections")
        program.wait_for(0.0, "mailtrace_http_connections")
