"""`mailtrace ingest`, `run` and `demo` on real files, in real processes."""

from __future__ import annotations

import gzip
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from cli_samples import fill, trace
from files.rights import held_to_rights

from mappings.identity import trace_id

Command = Callable[..., Any]
#: So long a program may take that others leave no core; it matters only where something is wrong.
_PATIENCE_S = 90


@pytest.fixture(scope="session")
def log_lines() -> list[str]:
    """The lines of the bundled log."""
    packed = (files("mailtrace.demo") / "mail.log.gz").read_bytes()
    return gzip.decompress(packed).decode().splitlines(keepends=True)


@pytest.fixture
def log(tmp_path: Path, log_lines: list[str]) -> Path:
    """The beginning of the bundled log as a file."""
    file = tmp_path / "logs" / "mail.log"
    file.parent.mkdir()
    file.write_text("".join(log_lines[:800]), encoding="utf-8")
    return file


def said_by(program: subprocess.Popen[str], words: str) -> str:
    """Wait until a program that follows has said these words on standard error; the result is all that it said."""
    assert program.stderr is not None
    said = ""
    while words not in said:
        assert select.select([program.stderr], [], [], _PATIENCE_S)[0], said
        some = os.read(program.stderr.fileno(), 4096)
        assert some, said
        said += some.decode()
    return said


def rows(mailtrace: Command, *arguments: str) -> list[dict[str, Any]]:
    """The traces that a search finds."""
    return [json.loads(line) for line in mailtrace("search", "--format", "jsonl", "--limit", "0", *arguments).stdout.splitlines()]


def wait_for(found: Callable[[], object]) -> None:
    """Wait until something is there."""
    end = time.monotonic() + _PATIENCE_S
    while not found():
        assert time.monotonic() < end
        # Looking is a whole search: without a pause it takes the core from what is waited for.
        time.sleep(0.3)


class TestOnce:
    """`mailtrace ingest --once`."""

    def test_a_log_is_read_and_found(self, mailtrace: Command, log: Path) -> None:
        """Reading says what was read, and a search finds the mail."""
        done = mailtrace("ingest", "--once", str(log))
        found = rows(mailtrace)
        assert done.returncode == 0
        assert done.stderr.splitlines()[-1] == f"Read 1 file, 800 lines; wrote {len(found)} traces."
        assert done.stdout == ""
        assert len(rows(mailtrace, "--recipient", "anna@example.com")) > 3

    def test_reading_again_changes_nothing(self, mailtrace: Command, log: Path) -> None:
        """A second reading writes nothing; one from the start gives the same answers."""
        mailtrace("ingest", "--once", str(log))
        before = rows(mailtrace)
        assert "wrote 0 traces" in mailtrace("ingest", "--once", str(log)).stderr
        assert "800 lines" in mailtrace("ingest", "--once", "--rebuild", str(log)).stderr
        assert rows(mailtrace) == before

    def test_an_answer_says_up_to_when_was_read(self, mailtrace: Command, log: Path) -> None:
        """The answer names the source and the time up to which it was read, and says how that stands when nothing was found."""
        mailtrace("ingest", "--once", str(log))
        answer = json.loads(mailtrace("search", "--sender", "nobody@nowhere.example", "--format", "json").stdout)
        assert list(answer["as_of"]) == ["mx1"]
        assert any("mx1 is read to its end on" in warning for warning in answer["warnings"])

    def test_subjects_can_be_left_out(self, mailtrace: Command, log: Path) -> None:
        """With `subjects = "drop"` no answer holds a subject: not as a field, not in words, not in a kept line."""
        mailtrace("ingest", "--once", str(log))
        subjects = {row["subject"] for row in rows(mailtrace) if row["subject"]}
        assert "Figures for week 47" in subjects
        mailtrace("ingest", "--once", "--rebuild", str(log), MAILTRACE_SUBJECTS="drop", MAILTRACE_DATA=str(log.parent / "bare"))
        bare = ["--data", str(log.parent / "bare")]
        for row in rows(mailtrace, *bare)[-40:]:
            assert row["subject"] is None
            assert "Figures for week 47" not in mailtrace("report", row["id"], "--format", "json", *bare).stdout

    def test_lines_can_be_left_out(self, mailtrace: Command, log: Path) -> None:
        """With --no-raw the report tells the journey in words, without the lines."""
        mailtrace("ingest", "--once", "--no-raw", str(log))
        report = json.loads(mailtrace("report", rows(mailtrace)[0]["id"], "--format", "json").stdout)
        assert report["timeline"]
        assert all(step["raw"] is None and step["words"] for step in report["timeline"])

    def test_customers_decide_the_direction(self, mailtrace: Command, log: Path, tmp_path: Path) -> None:
        """With a customer's domain in the settings, mail to it is inbound, and --customer finds it."""
        config = tmp_path / "mailtrace.toml"
        config.write_text('[[customer]]\nname = "Example"\ndomains = ["EXAMPLE.com"]\n', encoding="utf-8")
        mailtrace("ingest", "--once", str(log), "--config", str(config))
        found = rows(mailtrace, "--customer", "example", "--recipient", "anna@example.com", "--config", str(config))
        assert {row["direction"] for row in found} == {"inbound"}

    def test_sources_of_the_settings_are_read(self, mailtrace: Command, log: Path, tmp_path: Path) -> None:
        """Without a path the [[source]] tables say what is read; a folder is its files."""
        (tmp_path / "mailtrace.toml").write_text('[[source]]\npath = "logs"\n', encoding="utf-8")
        assert "800 lines" in mailtrace("ingest", "--once", "--config", str(tmp_path / "mailtrace.toml")).stderr

    def test_standard_input_is_read_to_its_end(self, mailtrace_process: Command, mailtrace: Command, log: Path) -> None:
        """`mailtrace ingest -` reads what comes through a pipe, and ends with it."""
        with log.open("rb") as stream:
            program = mailtrace_process("ingest", "-", stdin=stream)
            _, said = program.communicate(timeout=60)
        assert program.returncode == 0, said
        assert "800 lines" in said
        assert rows(mailtrace)

    def test_a_slow_pipe_is_read_to_its_end(self, mailtrace_process: Command, log_lines: list[str]) -> None:
        """A pipe that is idle for a moment has not ended: `ssh host cat mail.log | mailtrace ingest -` reads all of it."""
        program = mailtrace_process("ingest", "--once", "-", stdin=subprocess.PIPE)
        for part in (log_lines[:200], log_lines[200:400], log_lines[400:600]):
            program.stdin.write("".join(part))
            program.stdin.flush()
            time.sleep(0.4)
        _, said = program.communicate(timeout=60)
        assert program.returncode == 0
        assert "600 lines" in said

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (["absent.log"], 1, "no such file"),
            (["absent*.log"], 1, "no log file is there"),
            ([], 2, "nothing to read"),
            (["--timezone", "Mars/Olympus", "x"], 2, "unknown time zone"),
            (["--year", "26", "x"], 2, "--year"),
            (["--format", "courier", "x"], 2, "unknown format 'courier'; the formats are postfix"),
            (["--bogus", "x"], 2, "--bogus"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, mailtrace: Command, arguments: list[str], code: int, said: str) -> None:
        """A file that is not there, nothing to read, and options that mean nothing each get a sentence and their exit code."""
        done = mailtrace("ingest", "--once", *arguments)
        assert done.returncode == code
        assert said in done.stderr
        assert "Traceback" not in done.stderr

    def test_files_that_are_no_mail_logs_are_one_line(self, mailtrace: Command, log: Path) -> None:
        """A folder in which other things lie: the log is told by itself, of the others how many and which."""
        for number in range(14):
            (log.parent / f"picture{number:02}.jpg").write_bytes(bytes(range(10, 250)) * 20)
        said = " ".join(mailtrace("ingest", "--once", str(log.parent)).stderr.split())
        assert "14 files are no mail logs" in said
        assert said.count("no mail log") == 1
        assert "picture00.jpg, " in said
        assert "and 6 more" in said
        assert "has no newline yet" not in said

    def test_a_folder_of_folders_says_how_it_is_read(self, mailtrace: Command, log: Path) -> None:
        """The words that it gives read what lies in them."""
        for host in ("mx1", "mx2"):
            (log.parent / host).mkdir()
        log.rename(log.parent / "mx1" / "mail.log")
        done = mailtrace("ingest", "--once", str(log.parent))
        assert (done.returncode, "which holds 2 folders" in done.stderr) == (1, True)
        pattern = f"{log.parent}/**"
        assert f"name '{pattern}' to read those" in " ".join(done.stderr.split())
        assert "800 lines" in mailtrace("ingest", "--once", pattern).stderr

    def test_doctor_opens_the_sources_of_the_settings(self, mailtrace: Command, log: Path, tmp_path: Path) -> None:
        """One that cannot be opened, or has no file, is wrong: code 1; a good one can be opened."""
        settings, closed = tmp_path / "mailtrace.toml", log.parent / "closed.log"
        closed.write_text("x\n")
        closed.chmod(0)
        for path, code, said in (
            (log, 0, "1 file, and can be opened"),
            (closed, 1, "closed.log: permission denied; let the user"),
            (tmp_path / "absent*.log", 1, "no log file is there"),
        ):
            settings.write_text(f'[[source]]\npath = "{path}"\n', encoding="utf-8")
            with held_to_rights():
                done = mailtrace("doctor", "--config", str(settings))
            assert (done.returncode, said in " ".join(done.stdout.split())) == (code, True), done.stdout

    @pytest.mark.parametrize("named", ["{data}/mail.log", "{data}/mail.log*", "{data}"])
    def test_a_log_in_the_data_folder_is_not_passed_over_in_silence(
        self, mailtrace: Command, log: Path, tmp_path: Path, named: str
    ) -> None:
        """Nothing is read there; whoever names a log in it is told, and the exit code says so too."""
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        log.rename(data / "mail.log")
        done = mailtrace("--data", str(data), "ingest", "--once", named.format(data=data))
        assert done.returncode == 1
        assert "lies in the data folder" in done.stderr


class TestFollowing:
    """`mailtrace run` and `mailtrace ingest` without --once."""

    @pytest.mark.parametrize("command", ["run", "ingest"])
    def test_lines_are_found_as_they_come(
        self, mailtrace_process: Command, mailtrace: Command, log: Path, log_lines: list[str], command: str
    ) -> None:
        """What is appended is found while it follows; SIGTERM ends it in order with exit code 0."""
        program = mailtrace_process(command, str(log))
        assert f"Following {log}" in said_by(program, "The store is")
        wait_for(lambda: rows(mailtrace))
        before = len(rows(mailtrace))
        with log.open("a", encoding="utf-8") as stream:
            stream.writelines(log_lines[800:1200])
        wait_for(lambda: len(rows(mailtrace)) > before)
        program.send_signal(signal.SIGTERM)
        assert program.wait(_PATIENCE_S) == 0
        assert "Traceback" not in program.stderr.read()

    def test_a_log_that_is_not_there_yet_is_said(self, mailtrace_process: Command, tmp_path: Path) -> None:
        """A name with a typing mistake is followed for ever and gives nothing; so it is told at the start."""
        program = mailtrace_process("ingest", str(tmp_path / "mial.log"))
        assert f"no log file is there yet: {tmp_path / 'mial.log'}" in said_by(program, "The store is")
        program.send_signal(signal.SIGTERM)
        assert program.wait(_PATIENCE_S) == 0

    def test_a_second_writer_is_refused(self, mailtrace_process: Command, mailtrace: Command, log: Path) -> None:
        """A second run on the same data is refused in one sentence, and Ctrl-C ends the first one quietly with 130."""
        program = mailtrace_process("run", str(log))
        said_by(program, "The store is")
        done = mailtrace("ingest", "--once", str(log))
        assert done.returncode == 1
        assert "is writing to" in done.stderr
        program.send_signal(signal.SIGINT)
        assert program.wait(_PATIENCE_S) == 130
        assert "Traceback" not in program.stderr.read()

    def test_retention_is_applied(self, mailtrace_process: Command, log: Path, tmp_path: Path) -> None:
        """What is older than kept is deleted when it starts to follow, and the log of the service says so."""
        fill(tmp_path / "data" / "store", [trace(0, time_ms=10**12, id=trace_id(10**12, "mx1", "1", "a@example.net", "a@example.net"))])
        program = mailtrace_process("run", str(log), MAILTRACE_KEEP="3650d")
        assert "kept: 3650d" in said_by(program, "partition_dropped")


class TestDemo:
    """`mailtrace demo`."""

    def test_it_shows_a_search_and_a_report(self, mailtrace: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The bundled log is read, listed, and one quarantined message reported; nothing is left behind."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        done = mailtrace("demo")
        assert done.returncode == 0
        assert "Sending server" in done.stdout
        assert "Quarantined: virus" in done.stdout
        assert "For the customer" in done.stdout
        assert list(tmp_path.glob("mailtrace-demo-*")) == []

    def test_its_store_can_be_kept(self, mailtrace: Command, tmp_path: Path) -> None:
        """With --data the store stays and can be searched."""
        mailtrace("demo", "--data", str(tmp_path / "kept"))
        assert len(rows(mailtrace, "--data", str(tmp_path / "kept"))) > 100


def test_damaged_positions_are_told_however_many_processes_read(mailtrace: Command, log: Path) -> None:
    """To look how much there is to read leaves them for the reader, who says that he reads all again."""
    assert mailtrace("ingest", "--once", str(log)).returncode == 0
    positions = Path(os.environ["MAILTRACE_DATA"]) / "positions.json"
    positions.write_bytes(b"{")
    done = mailtrace("ingest", "--once", str(log))
    assert done.returncode == 0
    assert "positions.damaged" in done.stderr
    assert "are damaged" in done.stderr
