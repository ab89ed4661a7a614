#!/usr/bin/env python3
"""Read small logs into a fresh store, and compare what Mail Trace says of them with what their lines tell.

    check.py MAILTRACE FOLDER... [--only NAME] [--show] [--goal PERCENT] [--python PYTHON]

MAILTRACE is the command; a FOLDER holds cases (README.md says what a case is) or is one. Nothing but the standard library is needed.
Each disagreement is one line; the last line counts. Exit code 0: all right (or, with --goal, at least so many per cent of the facts);
1: not; 2: wrong use.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: What stands in a case for "there is none", as TOML has no null.
NONE = "(none)"
READ = ["--timezone", "UTC", "--year", "2026"]
SECONDS = 120

#: Runs under the product's own Python, through its public interface: all traces, their reports, and both again as each customer sees them.
PROBE = """
import json, sys
import msgspec, mailtrace
store, views = sys.argv[1], json.loads(sys.argv[2])
def look(mail, ids=None):
    traces = [msgspec.to_builtins(trace) for trace in mail.walk(mailtrace.Query())]
    reports = {}
    for id in ids if ids is not None else [trace["id"] for trace in traces]:
        try:
            report = mail.report(id)
        except Exception as error:
            reports[id] = {"failed": f"{type(error).__name__}: {error}"}
        else:
            if report is not None:
                reports[id] = msgspec.to_builtins(report)
    return {"traces": traces, "reports": reports}
with mailtrace.asking(store) as mail:
    everything = look(mail)
    ids = [trace["id"] for trace in everything["traces"]]
    everything["views"] = {name: look(mail.narrowed(domains), ids) for name, domains in views.items()}
print(json.dumps(everything))
"""

CASE_KEYS = {
    "kind",
    "source",
    "read",
    "runs",
    "written",
    "settings",
    "note",
    "traces",
    "unknown_lines",
    "said",
    "said_not",
    "trace",
    "no_trace",
    "as_customer",
}
VIEW_KEYS = {"customer", "domains", "sees", "must", "must_not"}
#: Of a [[trace]]: what is asked of its report, not of the trace.
REPORT_KEYS = {
    "who",
    "decides",
    "timeline",
    "related",
    "in_summary",
    "not_in_summary",
    "in_customer_text",
    "not_in_customer_text",
    "in_report",
    "not_in_report",
}
TRACE_KEYS = {
    "time",
    "last_event",
    "host",
    "sending_server",
    "sender",
    "header_from",
    "recipient",
    "original_recipient",
    "disposition",
    "verdict",
    "reason",
    "detail",
    "quarantine_id",
    "return_code",
    "error",
    "message_id",
    "subject",
    "size",
    "score",
    "queue_ids",
    "direction",
    "relay",
    "attempts",
    "incomplete",
}
PREFIXES = {"time", "last_event"}


class CaseError(Exception):
    """A case, or the command, that cannot be used."""


@dataclass
class Case:
    """A folder with log files and case.toml."""

    path: Path
    told: dict[str, Any]

    @property
    def name(self) -> str:
        """The folder's."""
        return self.path.name

    @property
    def files(self) -> list[Path]:
        """The logs."""
        return sorted(p for p in self.path.iterdir() if p.is_file() and p.name not in ("case.toml", "README.md"))


@dataclass
class Answer:
    """What the product said and found."""

    said: str
    traces: list[dict[str, Any]]
    reports: dict[str, dict[str, Any]]
    views: dict[str, dict[str, Any]]
    texts: dict[str, str] = field(default_factory=dict)


@dataclass
class Product:
    """The command that is checked, and the Python it is installed in."""

    command: Path
    python: str

    def run(self, arguments: list[str], data: Path) -> str:
        """Run one command on the data folder, and give all it prints."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAILTRACE_")}
        environment |= {"TZ": "UTC", "COLUMNS": "240", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
        arguments = [str(self.command), *arguments, "--config", str(data / "mailtrace.toml"), "--data", str(data)]
        done = subprocess.run(arguments, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False)
        if done.returncode:
            raise CaseError(f"{arguments[1]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout + done.stderr

    def probe(self, data: Path, views: dict[str, list[str]]) -> dict[str, Any]:
        """Ask for all there is, as the operator and as each customer."""
        done = subprocess.run(
            [self.python, "-c", PROBE, f"sqlite:{data / 'store'}", json.dumps(views)],
            capture_output=True,
            text=True,
            env={**os.environ, "TZ": "UTC"},
            timeout=SECONDS,
            cwd=data,
            check=False,
        )
        if done.returncode:
            raise CaseError(f"asking ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def product_of(command: str, python: str | None) -> Product:
    """Find the command, and its Python by its first line."""
    found = shutil.which(command)
    if found is None:
        raise CaseError(f"there is no command {command}")
    if python is None:
        first = Path(found).read_bytes().split(b"\n", 1)[0].decode(errors="replace")
        python = first[2:].strip() if first.startswith("#!") else ""
        if "python" not in python or not Path(python.split()[0]).exists():
            python = str(Path(found).resolve().parent / "python")
        if not Path(python.split()[0]).exists():
            raise CaseError(f"{found} does not say which Python runs it: give --python")
    return Product(Path(found).absolute(), python.split()[0])


def cases_in(folders: Iterable[str], only: list[str]) -> Iterator[Case]:
    """Give the cases of folders, in the order of their names."""
    paths = []
    for folder in map(Path, folders):
        paths += [folder] if (folder / "case.toml").is_file() else sorted(p.parent for p in folder.glob("*/case.toml"))
    if not paths:
        raise CaseError("no case is there: a case is a folder with a case.toml")
    for path in paths:
        if only and not any(word in path.name for word in only):
            continue
        try:
            told = tomllib.loads((path / "case.toml").read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise CaseError(f"{path}/case.toml: {error}") from error
        unknown = set(told) - CASE_KEYS
        for table in told.get("as_customer", []):
            unknown |= set(table) - VIEW_KEYS
        for table in [*told.get("trace", []), *told.get("no_trace", [])]:
            unknown |= {key for key in table if key.removesuffix("_not") not in TRACE_KEYS and key not in REPORT_KEYS}
        if unknown:
            raise CaseError(f"{path}/case.toml: nobody knows {', '.join(sorted(unknown))}")
        yield Case(path, told)


def view_name(view: dict[str, Any]) -> str:
    """How a view is called in the answer."""
    return str(view.get("customer") or ",".join(view["domains"]))


def answer_to(product: Product, case: Case) -> Answer:
    """Read the case's files into a fresh store and ask for everything."""
    told = case.told
    with tempfile.TemporaryDirectory(prefix="field-") as folder:
        data, logs = Path(folder, "data"), Path(folder, "logs")
        data.mkdir()
        logs.mkdir()
        settings = told.get("settings", "")
        (data / "mailtrace.toml").write_text(settings, encoding="utf-8")
        for path in case.files:
            shutil.copy(path, logs / path.name)
            if "written" in told:
                stamp = datetime.datetime.fromisoformat(told["written"]).timestamp()
                os.utime(logs / path.name, (stamp, stamp))
        said = ""
        for names in told.get("runs", [[path.name for path in case.files]]):
            said += product.run(["ingest", "--once", *told.get("read", READ), *(str(logs / name) for name in names)], data)
        customers = {c["name"]: c.get("domains", []) for c in tomllib.loads(settings).get("customer", [])}
        views = {view_name(v): v.get("domains") or customers[v["customer"]] for v in told.get("as_customer", [])}
        found = product.probe(data, views)
        answer = Answer(said.replace(f"{logs}/", ""), found["traces"], found["reports"], found["views"])
        if any(key in table for table in told.get("trace", []) for key in ("in_report", "not_in_report")):
            for trace in answer.traces:
                text = product.run(["report", trace["id"]], data)
                # What people read, without the log lines under it: they hold whatever their writers wrote.
                answer.texts[trace["id"]] = " ".join(" ".join(x for x in text.splitlines() if not x.lstrip().startswith("|")).split())
        return answer


def value_of(trace: dict[str, Any], name: str) -> Any:
    """Take a field of a trace, as sending_server.ip too."""
    value: Any = trace
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def fields_of(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give the expected fields of a trace with dotted names."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from fields_of(value, f"{prefix}{name}.")
        elif prefix or name not in REPORT_KEYS:
            yield prefix + name, value


def is_one(name: str, value: Any, wanted: Any) -> bool:
    """Whether a value is the one that is wanted."""
    if wanted == NONE:
        return value is None
    if value is None:
        return False
    if name in PREFIXES:
        return str(value).startswith(str(wanted))
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool) and isinstance(value, (int, float)):
        return abs(value - wanted) < 0.005
    if name in ("sender", "recipient", "original_recipient"):
        return str(value).casefold() == str(wanted).casefold()
    return bool(value == wanted)


def fits(trace: dict[str, Any], name: str, wanted: Any) -> bool:
    """Whether a field of a trace is as expected: one of the alternatives, or, with `_not`, none of them."""
    bare = name.removesuffix("_not")
    value = value_of(trace, bare)
    if bare == "queue_ids":
        several = wanted if wanted and isinstance(wanted[0], list) else [wanted]
    else:
        several = wanted if isinstance(wanted, list) else [wanted]
    return any(is_one(bare, value, one) for one in several) is not name.endswith("_not")


def pairs_of(case: Case, answer: Answer) -> list[dict[str, Any] | None]:
    """For each expected trace the one of the answer that fits best; the recipient must be right where it is told."""
    expected = case.told.get("trace", [])
    scores = []
    for n, table in enumerate(expected):
        facts = list(fields_of(table))
        for m, trace in enumerate(answer.traces):
            if "recipient" in table and not fits(trace, "recipient", table["recipient"]):
                continue
            right = sum(fits(trace, *fact) for fact in facts)
            scores.append((-right, n, m))
    chosen: dict[int, int] = {}
    for _, n, m in sorted(scores):
        if n not in chosen and m not in chosen.values():
            chosen[n] = m
    return [answer.traces[chosen[n]] if n in chosen else None for n in range(len(expected))]


def holds(text: str, words: Any) -> bool:
    """Whether a text holds the words, or one of several, in any case."""
    return any(word.casefold() in text.casefold() for word in (words if isinstance(words, list) else [words]))


def in_order(report: dict[str, Any], wanted: list[str]) -> str | None:
    """The first of the wanted pieces that does not stand in a step behind that of the piece before; None where all do."""
    steps = [f"{s.get('kind')} {s.get('words')} {s.get('raw') or ''}".casefold() for s in report["timeline"]]
    place = 0
    for piece in wanted:
        while place < len(steps) and piece.casefold() not in steps[place]:
            place += 1
        if place == len(steps):
            return piece
        place += 1
    return None


Fact = tuple[bool, str]


def report_facts(table: dict[str, Any], report: dict[str, Any], text: str) -> Iterator[Fact]:
    """Compare what a report must say."""
    if "failed" in report:
        yield from ((False, f"the report fails: {report['failed']}" if n == 0 else "") for n in range(len(REPORT_KEYS & set(table))))
        return
    if "who" in table:
        move = report["explanation"].get("move")
        several = table["who"] if isinstance(table["who"], list) else [table["who"]]
        yield move in several, f"whose move is {move}, not {' or '.join(several)}"
    if "decides" in table:
        lines = [s.get("raw") or "" for s in report["timeline"] if s.get("decides")]
        yield any(table["decides"] in line for line in lines), f"the line that decides is not the one with {table['decides']!r}"
    if "timeline" in table:
        lost = in_order(report, table["timeline"])
        yield lost is None, f"the timeline has no {lost!r} at its place"
    for name in table.get("related", []):
        yield any((r.get("recipient") or "") == name for r in report["related"]), f"the trace to {name} is not among the related ones"
    summary, customer = report["summary"], report["customer_text"]
    for key, told, place in (
        ("summary", summary, "summary"),
        ("customer_text", customer, "text for the customer"),
        ("report", text, "report"),
    ):
        for words in table.get(f"in_{key}", []):
            yield holds(told, words), f"the {place} does not say {words!r}" + (f": {told}" if key != "report" else "")
        for words in table.get(f"not_in_{key}", []):
            yield not holds(told, words), f"the {place} says {words!r}" + (f": {told}" if key != "report" else "")


def facts_of(case: Case, answer: Answer) -> Iterator[Fact]:
    """Compare a case; each fact with the sentence of its disagreement."""
    told = case.told
    if "traces" in told:
        several = told["traces"] if isinstance(told["traces"], list) else [told["traces"]]
        yield len(answer.traces) in several, f"{len(answer.traces)} traces, not {' or '.join(map(str, several))}"
    if "unknown_lines" in told:
        counts = re.findall(r"^Unknown lines: (.*)$", answer.said, re.MULTILINE)
        unknown = sum(int(n.replace(",", "")) for line in counts for n in re.findall(r" ([\d,]*\d)(?=[.,;]|$)", line))
        yield unknown <= told["unknown_lines"], f"{unknown} unknown lines, not {told['unknown_lines']}"
    for words in told.get("said", []):
        yield holds(answer.said, words), f"reading does not say {words!r}"
    for words in told.get("said_not", []):
        yield not holds(answer.said, words), f"reading says {words!r}"
    for table, trace in zip(told.get("trace", []), pairs_of(case, answer), strict=True):
        who = f"{table.get('sender', '...')} -> {table.get('recipient', '...')}"
        fields = list(fields_of(table))
        if trace is None:
            asked = [name for name, _ in fields] + [f"{k}" for k in table if k in REPORT_KEYS]
            yield from ((False, f"{who}: there is no such trace" if n == 0 else "") for n, _ in enumerate(asked))
            continue
        for name, wanted in fields:
            value = value_of(trace, name.removesuffix("_not"))
            word = "may not be" if name.endswith("_not") else "is not"
            yield fits(trace, name, wanted), f"{who}: {name.removesuffix('_not')} {json.dumps(value)} {word} {json.dumps(wanted)}"
        if REPORT_KEYS & set(table):
            report = answer.reports[trace["id"]]
            yield from ((ok, why and f"{who}: {why}") for ok, why in report_facts(table, report, answer.texts.get(trace["id"], "")))
    for trace_id, report in answer.reports.items():
        if "failed" in report:
            yield False, f"the report of {trace_id} fails: {report['failed']}"
    for table in told.get("no_trace", []):
        found = any(all(fits(trace, *fact) for fact in fields_of(table)) for trace in answer.traces)
        yield not found, f"there is a trace that may not be: {json.dumps(table)}"
    for view in told.get("as_customer", []):
        name = view_name(view)
        seen = answer.views[name]
        shown = json.dumps([seen["traces"], seen["reports"]], ensure_ascii=False)
        if "sees" in view:
            yield len(seen["traces"]) == view["sees"], f"{name} sees {len(seen['traces'])} traces, not {view['sees']}"
            yield len(seen["reports"]) == view["sees"], f"{name} gets {len(seen['reports'])} reports, not {view['sees']}"
        for words in view.get("must", []):
            yield words in shown, f"{name} is not shown {words!r}"
        for words in view.get("must_not", []):
            yield words not in shown, f"{name} is shown {words!r}"


def short(trace: dict[str, Any]) -> str:
    """A trace in one line, for --show."""
    code, server = trace["return_code"] or {}, trace["sending_server"] or {}
    parts = [
        trace["time"],
        f"<{trace['sender']}> -> <{trace['recipient']}>",
        trace["disposition"],
        trace["verdict"],
        str(trace["reason"]),
        trace["direction"],
        f"{code.get('code')} {code.get('enhanced')} by {code.get('by')}",
        f"{server.get('name')} [{server.get('ip')}]",
        ",".join(trace["queue_ids"]),
        f"score {trace['score']}",
        f"kept {trace['quarantine_id']}",
        "incomplete" if trace["incomplete"] else "",
    ]
    return "  ".join(parts)


def main() -> int:
    """Check the cases, say what is wrong, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", metavar="MAILTRACE")
    parser.add_argument("folders", metavar="FOLDER", nargs="+")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only cases whose name holds NAME; may be repeated")
    parser.add_argument("--show", action="store_true", help="show each case, and what was found of those that are wrong")
    parser.add_argument("--goal", type=float, metavar="PERCENT", help="exit code 0 where at least so many per cent of the facts are right")
    parser.add_argument("--python", help="the Python that the command is installed in, where its first line does not say it")
    given = parser.parse_args()
    product = product_of(given.command, given.python)
    cases = facts = right_cases = right_facts = 0
    wrong = []
    for case in cases_in(given.folders, given.only):
        cases += 1
        try:
            answer = answer_to(product, case)
            found = list(facts_of(case, answer))
        except (CaseError, subprocess.TimeoutExpired) as error:
            answer, found = None, [(False, str(error))]
        if not found:
            raise CaseError(f"{case.path}/case.toml expects nothing")
        bad = [why for ok, why in found if not ok]
        facts += len(found)
        right_facts += len(found) - len(bad)
        right_cases += not bad
        if bad:
            wrong.append(case.name)
        if given.show:
            print(f"{'wrong' if bad else 'right'}  {case.name}: {len(found) - len(bad)} of {len(found)}  ({case.told['kind']})")
        for why in filter(None, bad):
            print(f"{case.name}: {why}", flush=True)
        if given.show and bad and answer is not None:
            print(*(f"    said: {line}" for line in answer.said.splitlines()), *(f"    found: {short(t)}" for t in answer.traces), sep="\n")
    if not cases:
        raise CaseError("no case has such a name")
    print(f"right {right_cases} of {cases} cases, {right_facts} of {facts} facts; wrong: {', '.join(wrong) or 'none'}")
    good = not wrong if given.goal is None else 100 * right_facts >= given.goal * facts
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CaseError as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)
