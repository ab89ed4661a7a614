"""The command line as a user meets it: answers, exit codes, and one sentence where something is wrong."""

from __future__ import annotations

import csv
import io
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_samples import fill, some_traces, trace

from mailtrace.cli import main
from mappings.identity import trace_id
from search.rows import CSV_COLUMNS

#: `mailtrace` within this process; its result has `returncode`, `stdout` and `stderr`.
Command = Callable[..., Any]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A data folder whose store holds `some_traces`."""
    fill(tmp_path / "data" / "store", some_traces())
    return tmp_path / "data"


@pytest.mark.usefixtures("filled")
class TestSearch:
    """`mailtrace search`."""

    def test_a_row_has_what_people_ask_for(self, mailtrace: Command) -> None:
        """The table shows date, sending server, sender, recipient, disposition, error code and id, uncut where it is piped."""
        done = mailtrace("search", "--disposition", "bounced")
        row = done.stdout.splitlines()[1]
        assert done.returncode == 0
        assert row.split()[:2] == ["2026-11-24", "04:06:26"]
        assert row.split()[2:5] == ["mail.sender.example", "ann@sender.example", "bob1@example.net"]
        assert row.split()[5:] == ["bounced", "550", "5.1.1", some_traces()[1].id]
        assert "1 trace." in done.stdout
        assert "mailtrace errors" in done.stdout

    def test_times_are_in_the_local_zone(self, mailtrace: Command) -> None:
        """The zone of the system, or TZ, is the zone of the table."""
        assert "2026-11-24 05:06:26" in mailtrace("search", TZ="Europe/Berlin").stdout

    def test_a_narrow_terminal_gets_three_lines_a_trace(self, mailtrace: Command) -> None:
        """At 80 columns nothing is wider than 80, and addresses and ids stand in full."""
        done = mailtrace("search", COLUMNS="80")
        assert max(map(len, done.stdout.splitlines()[:12])) <= 80
        assert "  ann@sender.example to bob1@example.net" in done.stdout.splitlines()
        assert some_traces()[1].id in done.stdout

    def test_a_wide_table_fits(self, mailtrace: Command) -> None:
        """At 130 columns a long address is cut, the id is not, and no line is wider."""
        done = mailtrace("search", COLUMNS="130")
        assert max(map(len, done.stdout.splitlines()[:5])) <= 130
        assert some_traces()[0].id in done.stdout

    def test_hostile_text_is_shown_as_escapes(self, mailtrace: Command) -> None:
        """What a stranger wrote reaches the terminal without its control characters and bidi marks, in every format."""
        for shown in ("table", "csv", "json", "jsonl"):
            done = mailtrace("search", "--sender", "<>", "--format", shown)
            assert "\x1b" not in done.stdout
            assert "\u202e" not in done.stdout
            assert "evil" in done.stdout

    @pytest.mark.parametrize("null", ["<>", ""])
    def test_the_null_sender_is_searched_as_itself(self, mailtrace: Command, null: str) -> None:
        """`--sender "<>"` and `--sender ""` find bounces, not everything."""
        rows = mailtrace("search", "--sender", null, "--format", "jsonl").stdout.splitlines()
        assert [json.loads(row)["sender"] for row in rows] == [""]

    def test_repeated_options_are_alternatives(self, mailtrace: Command) -> None:
        """An option given twice finds either value; two options must both fit."""
        either = mailtrace("search", "--recipient", "bob0@example.net", "--recipient", "bob1@example.net", "--format", "jsonl")
        both = mailtrace("search", "--recipient", "bob0@example.net", "--disposition", "bounced", "--format", "jsonl")
        assert len(either.stdout.splitlines()) == 2
        assert both.stdout == ""

    def test_json_is_the_contract(self, mailtrace: Command) -> None:
        """`--format json` is the answer of the API, with traces, cursor, total and how far was read."""
        answer = json.loads(mailtrace("search", "--format", "json", "--limit", "2").stdout)
        assert [row["id"] for row in answer["traces"]] == [some_traces()[3].id, some_traces()[2].id]
        assert answer["total"] == {"value": 4, "relation": "eq"}
        assert answer["complete"] is True
        rest = json.loads(mailtrace("search", "--format", "json", "--limit", "2", "--cursor", answer["next"]).stdout)
        assert [row["id"] for row in rest["traces"]] == [some_traces()[1].id, some_traces()[0].id]
        assert rest["next"] is None

    def test_the_next_page_is_named(self, mailtrace: Command) -> None:
        """A page that is not the last names the command for the next one, with the criteria quoted."""
        done = mailtrace("search", "--sender", "*@sender.example", "--limit", "2")
        assert f"Next page: mailtrace search --sender '*@sender.example' --limit 2 --cursor {some_traces()[1].id}" in done.stdout
        assert "2 of 3 traces." in done.stdout

    def test_columns_are_chosen(self, mailtrace: Command) -> None:
        """In the order in which they are named, in a table (times in the local zone) and in csv."""
        table = mailtrace("search", "--columns", "time, size ,recipient", "--limit", "2", TZ="Europe/Berlin").stdout.splitlines()
        assert table[0].split() == ["time", "size", "recipient"]
        assert "+" not in table[1]
        rows = list(csv.reader(io.StringIO(mailtrace("search", "--columns", "recipient,score", "--format", "csv").stdout)))
        assert rows[0] == ["recipient", "score"]
        assert len(rows) == len(some_traces()) + 1

    @pytest.mark.parametrize("options", [[], ["--lang", "de"], ["--lang", "fr", "--reader", "link"]])
    def test_a_column_is_what_the_customer_can_be_told(self, mailtrace: Command, options: list[str]) -> None:
        """In the words of the report, in a table and in csv; what is no language is told."""
        ids = [one.id for one in some_traces()]
        told = {one: json.loads(mailtrace("report", one, "--format", "json", *options).stdout)["customer_text"] for one in ids}
        written = mailtrace("search", "--columns", "id,customer_text", "--format", "csv", *options).stdout
        assert dict(list(csv.reader(io.StringIO(written)))[1:]) == told
        table = mailtrace("search", "--columns", "customer_text,id", *options).stdout
        assert all(text in table for text in told.values())
        assert mailtrace("search", "--columns", "customer_text", "--lang", "xx").returncode == 2

    def test_words_may_be_parted_by_commas(self, mailtrace: Command) -> None:
        """As the page takes them; each is checked."""
        both = mailtrace("search", "--disposition", "bounced, Delivered", "--format", "jsonl").stdout.splitlines()
        assert {json.loads(line)["disposition"] for line in both} == {"bounced", "delivered"}
        wrong = mailtrace("search", "--disposition", "bounced,delivred", "--code", "x")
        assert wrong.returncode == 2
        assert "--disposition: there is no disposition “delivred”; did you mean “delivered”?" in wrong.stderr
        assert "--code: “x” is not a reply code" in wrong.stderr

    def test_the_beginning_of_an_id_is_enough(self, mailtrace: Command) -> None:
        """As much as no other has; of several each is named, and what is too short is none."""
        ids = [trace.id for trace in some_traces()]
        unique = next(one[:length] for one in ids for length in range(6, 26) if sum(other.startswith(one[:length]) for other in ids) == 1)
        assert json.loads(mailtrace("report", unique.upper(), "--format", "json").stdout)["trace"]["id"].startswith(unique)
        done = mailtrace("report", ids[0][:6])
        assert (done.returncode, "several ids begin with" in done.stderr, ids[0] in done.stderr) == (2, True, True)
        assert mailtrace("report", ids[0][:5]).returncode == 1

    def test_rows_are_sorted(self, mailtrace: Command) -> None:
        """--sort turns the order; the next page is asked for in the same order, and another word is told with the right ones."""
        newest = [json.loads(line)["id"] for line in mailtrace("search", "--format", "jsonl").stdout.splitlines()]
        oldest = mailtrace("search", "--format", "jsonl", "--sort", "oldest", "--limit", "0").stdout.splitlines()
        assert [json.loads(line)["id"] for line in oldest] == newest[::-1]
        assert (
            f"Next page: mailtrace search --sort oldest --limit 2 --cursor {newest[-2]}"
            in mailtrace("search", "--sort", "oldest", "--limit", "2").stdout
        )
        sizes = [json.loads(line)["size"] for line in mailtrace("search", "--format", "jsonl", "--sort", "size").stdout.splitlines()]
        assert sizes == sorted(sizes, key=lambda size: (size is None, -(size or 0)))
        wrong = mailtrace("search", "--sort", "sice")
        assert (wrong.returncode, "did you mean “size”?" in wrong.stderr) == (2, True)

    def test_csv_has_its_columns_and_no_formulas(self, mailtrace: Command) -> None:
        """CSV begins with the documented columns, and a cell that begins like a formula gets a quote in front."""
        rows = list(csv.DictReader(io.StringIO(mailtrace("search", "--format", "csv", "--limit", "0").stdout)))
        assert list(rows[0]) == list(CSV_COLUMNS)
        assert rows[0]["subject"] == "'=HYPERLINK(1)"
        assert rows[0]["sender"] == "<>"
        assert [row["code"] for row in rows] == ["250", "250", "550", "250"]

    def test_a_customer_stands_for_his_domains(self, mailtrace: Command, filled: Path) -> None:
        """--customer finds the mail of the domains that the settings name, and refuses what would mean everybody."""
        (filled / "mailtrace.toml").write_text(
            '[[customer]]\nname = "Ann"\ndomains = ["example.net"]\n[[customer]]\nname = "Bob"\ndomains = ["example.com"]\n'
            '[[customer]]\nname = "Nobody"\n'
        )
        assert len(mailtrace("search", "--customer", "ann", "--format", "jsonl").stdout.splitlines()) == 4
        assert mailtrace("search", "--customer", "Bob", "--format", "jsonl").stdout == ""
        for wrong in (["--customer", "Nobody"], ["--customer", "Carol"], ["--customer", "Ann", "--domain", "example.net"]):
            done = mailtrace("search", *wrong)
            assert done.returncode == 2
            assert "--customer" in done.stderr

    def test_a_closed_pipe_is_no_error_message(self, mailtrace_process: Command, tmp_path: Path) -> None:
        """`mailtrace search | head -1` says nothing on standard error."""
        fill(tmp_path / "many", [trace(number) for number in range(3000)])
        program = mailtrace_process("--store", f"sqlite:{tmp_path / 'many'}", "search", "--limit", "0", "--format", "jsonl")
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == ""
        assert program.wait(30) == 128 + signal.SIGPIPE


class TestExitCodes:
    """0 done, 1 could not, 2 wrong usage; one sentence, never a stack trace."""

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (["search"], 0, ""),
            (["--version"], 0, ""),
            (["--help"], 0, ""),
            (["serch"], 2, 'Did you mean "search"?'),
            (["search", "--sende", "x"], 2, "Did you mean --sender?"),
            (["search", "--limit", "many"], 2, "--limit"),
            (["search", "--limit", "-1"], 2, "--limit"),
            (["search", "--limit", "99999"], 2, "--limit"),
            (["search", "--sender"], 2, "--sender"),
            (["search", "--format", "xml"], 2, "--format"),
            (["search", "--since", "soon"], 2, "--since"),
            (["search", "--disposition", "lost"], 2, "--disposition"),
            (["search", "--quarantine-id", ""], 2, "--quarantine-id"),
            (["search", "--cursor", "x"], 2, "--cursor"),
            (["search", "--code", "abc"], 2, "--code"),
            (["errors", "550", "stray"], 2, "stray"),
            (["report"], 2, "ID"),
            (["report", "nonsense"], 1, "there is no trace 'nonsense'"),
            (["errors", "hello"], 2, "'hello' is no reply code"),
            (["retention", "--keep", "a while"], 2, "cannot keep 'a while'"),
            (["copy", "/nonexistent/x"], 1, "There is no store"),
            (["--store", "http://127.0.0.1:1", "search"], 1, "Elasticsearch at http://127.0.0.1:1 does not answer: connection refused.\n"),
            (["--store", "postgres:x", "search"], 2, "no store"),
            (["--config", "/nonexistent.toml", "search"], 1, "No such file"),
            (["--data"], 2, ""),
            (["ingest", "--once", "--metrics", "127.0.0.1:0", "mail.log"], 2, "leave it out with --once"),
            (["run", "--rebuild", "--since", "7d", "--port", "0", "mail.log"], 2, "ingest --once --rebuild"),
            (["deadletters", "--limit", "-1"], 2, "--limit"),
            (["token", "create", "x", "--role", "admin", "--expires", "20GB"], 2, "say 30d, 12h or 52w"),
            (["token", "create", "x", "--role", "admin", "--expires", "soon"], 2, "--expires: 'soon' is no time"),
        ],
    )
    def test_each_end_has_its_code(self, mailtrace: Command, arguments: list[str], code: int, said: str) -> None:
        """The exit code tells whether it was done, could not be done, or was not meant; the sentence says what."""
        done = mailtrace(*arguments)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == (1 if code else 0)

    def test_an_empty_answer_says_why(self, mailtrace: Command) -> None:
        """Nothing found is no failure, and says that nothing has been read yet."""
        done = mailtrace("search")
        assert done.returncode == 0
        assert "No log has been read yet" in done.stdout

    def test_options_stand_before_or_behind_the_command(self, mailtrace: Command, tmp_path: Path) -> None:
        """--data, --store and --config are read in both places, with and without an equals sign."""
        fill(tmp_path / "other" / "store", some_traces())
        other = str(tmp_path / "other")
        for arguments in (["--data", other, "search"], ["search", "--data", other], [f"--data={other}", "search"]):
            assert "4 traces." in mailtrace(*arguments).stdout
        assert "4 traces." in mailtrace("search", "--store", f"sqlite:{other}/store").stdout


@pytest.mark.usefixtures("filled")
class TestReport:
    """`mailtrace report`."""

    def test_the_report_has_its_parts(self, mailtrace: Command) -> None:
        """Headline, reason, Return Code in full with meaning and whose move, a sentence for the customer, timeline and raw line."""
        done = mailtrace("report", some_traces()[2].id)
        assert done.returncode == 0
        assert done.stdout.startswith("Quarantined: virus (Eicar-Test-Signature)\n")
        for part in (
            "virus-pYLzAPuX7vKZ",
            "250 2.7.0 Ok, discarded",
            "said by the filter",
            "Meaning: ",
            "Whose move: ",
            "For the customer",
            "Timeline",
        ):
            assert part in done.stdout
        assert "| 2026-11-24T04:06:25+00:00 mx1 postfix/smtpd[12]: 3883718A902: client=" in done.stdout

    def test_a_clean_message_is_called_clean(self, mailtrace: Command) -> None:
        """The first word of the report is the answer."""
        assert mailtrace("report", some_traces()[0].id).stdout.startswith("Clean: delivered\n")

    def test_json_is_the_contract(self, mailtrace: Command) -> None:
        """`--format json` has the parts that other programs rely on."""
        report = json.loads(mailtrace("report", some_traces()[1].id, "--format", "json").stdout)
        assert {"trace", "summary", "customer_text", "explanation", "timeline", "hops", "related"} <= set(report)
        assert report["trace"]["error"]["enhanced"] == "5.1.1"

    def test_hostile_text_is_shown_as_escapes(self, mailtrace: Command) -> None:
        """No control character of a log line reaches the terminal."""
        done = mailtrace("report", some_traces()[3].id)
        assert "\\x1b[31mevil\\u202egnp.exe" in done.stdout
        assert "\x1b" not in done.stdout


@pytest.mark.usefixtures("filled")
class TestErrors:
    """`mailtrace errors`."""

    def test_the_list_has_meanings(self, mailtrace: Command) -> None:
        """The list of most common errors needs no store."""
        done = mailtrace("errors")
        assert done.returncode == 0
        assert "550 5.1.1" in done.stdout

    def test_one_code_is_explained(self, mailtrace: Command) -> None:
        """A code comes with meaning, whose move it is, next step and a sentence for the customer."""
        done = mailtrace("errors", "550 5.1.1")
        for part in ("Meaning:", "Whose move:", "Next step:", "For the customer:"):
            assert part in done.stdout

    def test_errors_of_the_store_are_counted(self, mailtrace: Command) -> None:
        """--seen puts the codes that decided in the store first, with their number."""
        done = mailtrace("errors", "--seen")
        first = done.stdout.splitlines()[1].split()
        assert (first[:2], first[-1]) == (["550", "5.1.1"], "1")


class TestHousekeeping:
    """`mailtrace retention` and `mailtrace copy`."""

    def test_retention_deletes_what_is_older_than_kept(self, mailtrace: Command, filled: Path) -> None:
        """A store of old mail is emptied, and says so; what is young enough stays."""
        fill(
            filled / "store",
            [trace(0, time_ms=1_000_000_000_000, id=trace_id(1_000_000_000_000, "mx1", "1", "a@example.net", "a@example.net"))],
        )
        assert "1 file deleted; kept: 3650d." in mailtrace("retention", "--keep", "3650d").stdout
        assert len(mailtrace("search", "--format", "jsonl").stdout.splitlines()) == 4
        assert "0 files deleted" in mailtrace("retention", "--keep", "forever").stdout

    def test_a_copy_answers_like_the_store(self, mailtrace: Command, filled: Path, tmp_path: Path) -> None:
        """A copy is a store of its own with the same traces."""
        done = mailtrace("copy", str(tmp_path / "copy"))
        assert done.returncode == 0
        copied = mailtrace("search", "--store", f"sqlite:{tmp_path / 'copy'}", "--format", "jsonl").stdout
        assert copied == mailtrace("search", "--format", "jsonl").stdout
        assert mailtrace("copy", str(tmp_path / "copy")).returncode == 1
        assert (filled / "store").is_dir()


def test_the_console_script_starts(mailtrace_process: Command) -> None:
    """The installed command runs as a process and says its version."""
    program = mailtrace_process("--version")
    out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, "")
    assert out.startswith("mailtrace ")


def test_a_fault_of_ours_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that nobody foresaw is told with its place, without a stack trace."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    main(["--version"])
    capsys.readouterr()
    try:
        raise KeyError("lost")
    except KeyError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert said.startswith("mailtrace: a fault of the program itself at test_commands.py:")
    assert said.count("\n") == 1
