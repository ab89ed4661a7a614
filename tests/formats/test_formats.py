"""Every format has samples, every program, pattern and kind of fact is in one, and each says what is expected."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from types import ModuleType
from typing import Any

import pytest

import ingest.formats
from formats.format_samples import FOLDER, Sample, all_samples, facts_of, framed, rendered
from ingest.formats import FORMATS, IGNORED, UNKNOWN, Format, framer_of, new_joiner, parser_of
from ingest.formats.postfix import PROGRAMS
from ingest.framing.line import Line
from ingest.joining.places import Place as PlaceInFile
from mappings.facts import FACTS, Unread, fact_of, fields_of, kind_of

SAMPLES = all_samples()
#: Daemons of Postfix whose lines are all known to say nothing of one message: no sample for each.
QUIET = {
    "anvil",
    "flush",
    "master",
    "nbdb_reindexd",
    "post-install",
    "postalias",
    "postcat",
    "postconf",
    "postdrop",
    "postfix",
    "postfix-script",
    "postfix-tls-script",
    "postkick",
    "postlock",
    "postlog",
    "postlogd",
    "postmap",
    "postmulti",
    "postmulti-script",
    "postqueue",
    "posttls-finger",
    "proxymap",
    "proxywrite",
    "scache",
    "sendmail",
    "showq",
    "spawn",
    "tlsmgr",
    "tlsproxy",
    "trivial-rewrite",
    "verify",
}


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_line_says_what_its_sample_expects(sample: Sample) -> None:
    """The line yields the fact that its sample names, with the words for it."""
    assert rendered(sample.outcome) == sample.expected


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_a_format_has_a_sample_file_with_lines_of_every_fate(one: Format) -> None:
    """A format without samples, or with good weather only, does not pass."""
    assert (FOLDER / f"{one.name}.txt").is_file(), f"{one.name} has no samples"
    outcomes = [sample.outcome for sample in SAMPLES if sample.format == one.name]
    assert any(facts_of(outcome) for outcome in outcomes) is not one.helper
    assert IGNORED in outcomes, "no line that is known and says nothing"
    if one.helper:
        assert UNKNOWN in outcomes, "no line that is not known"


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_a_format_shows_a_line_that_it_reads(one: Format) -> None:
    """The example is a whole line of a log: it is framed, its program is the format's, and it states a fact; a helper's is known."""
    line = framer_of("mail.log", UTC, 2026).frame(one.example)
    assert line is not None
    assert line.program in one.programs
    assert parser_of(line.tag, line.program) is one.parse
    outcome = one.parse(line)
    assert outcome is IGNORED if one.helper else facts_of(outcome)
    assert one.title
    assert one.versions


def test_no_sample_file_is_left_without_its_format() -> None:
    """A sample file belongs to an entry of the registry, and its lines are read by that format."""
    assert {path.stem for path in FOLDER.glob("*.txt")} == {one.name for one in FORMATS}
    for sample in SAMPLES:
        one = next(one for one in FORMATS if one.name == sample.format)
        assert parser_of(sample.tag, sample.program) is one.parse, str(sample)


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_every_program_of_a_format_is_in_a_sample_or_quiet(one: Format) -> None:
    """No program is registered that nobody has seen a line of."""
    seen = {sample.program for sample in SAMPLES if sample.format == one.name}
    left = set(one.programs) - seen - (QUIET if one.name == "postfix" else set())
    assert not left


@pytest.mark.parametrize("program", sorted(QUIET))
def test_a_quiet_daemon_is_known_whatever_it_says(program: str) -> None:
    """Its lines are counted as known, never as unknown."""
    assert program in PROGRAMS
    assert PROGRAMS[program](framed(f"postfix/{program}", "80582186537: to=<anna@example.com>, anything")) is IGNORED


@pytest.mark.parametrize("program", sorted(set(PROGRAMS) - QUIET - {"postsuper"}))
def test_an_unknown_line_of_a_known_daemon_is_counted(program: str) -> None:
    """What a newer release may say is neither an error nor silently known."""
    assert PROGRAMS[program](framed(f"postfix/{program}", "what a newer release may say")) is UNKNOWN


@pytest.mark.parametrize("tag", ["smtpd", "cleanup", "qmgr"])
def test_a_daemon_of_postfix_is_known_by_its_instance_only(tag: str) -> None:
    """A bare `smtpd` is a program of somebody else; a tag that only looks like amavis' with an instance is none of ours."""
    assert parser_of(tag, tag) is None
    assert parser_of(f"postfix-out/{tag}", tag) is not None
    assert parser_of(f"postfix/submission/{tag}", tag) is not None
    assert parser_of("mail/amavis", "amavis") is None


def test_every_kind_of_fact_is_in_a_sample() -> None:
    """What correlation can be given is what some real line states; that a line could not be read is stated by none."""
    assert {kind_of(fact) for sample in SAMPLES for fact in facts_of(sample.outcome)} == set(FACTS) - {kind_of(Unread())}


#: Lines as programs write them into files of their own, or in pieces, of each format that frames or joins by itself.
OWN_LINES = {
    "amavis": ("Nov 24 03:53:14 mx1 amavis[235]: (00235-02) Passed CL...", "Nov 24 03:53:14 mx1 amavis[235]: (00235-02) ...EAN"),
    "exim": (
        "2026-11-24 03:53:14 [90] 1xVhsP-00001T-1p <= <> R=1xVhsO-00001S-1o U=Debian-exim P=local S=1",
        "2026-11-24 03:53:14 [90] 1xVhsP-00001T-1p Completed",
        "Nov 24 03:53:14 mx1 exim4[90]: [1\\2] 2026-11-24 03:53:14 1xVhsP-00001T-1p F=<> rejected after DATA: no",
        "Nov 24 03:53:14 mx1 exim[90]: [2\\2] Envelope-from: <>",
        "Nov 24 03:53:14 mx1 docker/mail[8]: 2026-11-24 03:53:14 1xVhsP-00001T-1p Completed",
        "Nov 24 03:53:14 mx1 1f0e3dad9990[8]: 2026-11-24 03:53:14 H=(x) [192.0.2.5] F=<a@b.example> rejected RCPT <c@d.example>: no",
    ),
    "rspamd": (
        "2026-11-24 03:53:14 #100(rspamd_proxy) <dd29ba>; proxy; x",
        '{"ts": 1795492394, "pid": 123, "worker_type": "normal", "message": "x"}',
    ),
    "spamassassin": ("Tue Nov 24 03:53:14 2026 [85] info: spamd: server started",),
    "dovecot": (
        "Nov 24 03:53:14 lmtp(bob@example.org)<9127><0v8bJeRqnFrfIwAAb3FXvA>: Info: msgid=<a1@client.example>: saved mail to INBOX",
        "2026-11-24 03:53:14 lda(bob): Error: msgid=<a1@client.example>: save failed to INBOX: Quota exceeded",
        "Nov 24 03:53:14 master: Info: Dovecot v2.3.19.1 (9b53102964) starting up for lmtp, imap",
    ),
    "clamav": ("Tue Nov 24 03:53:14 2026 -> SelfCheck: Database status OK.",),
}


def read(lines: Iterable[str]) -> list[Line]:
    """Lines of one file as the pipeline frames and joins them, in records."""
    framer, joiner, place = framer_of("own.log", UTC, 2026), new_joiner(), PlaceInFile(0, 0, 0, None)
    framed_lines = [framer.frame(text) for text in lines]
    return [record for line in framed_lines if line is not None for record, _ in joiner.feed(line, place)]


@pytest.mark.parametrize("one", [one for one in FORMATS if one.frame or one.join], ids=lambda one: one.name)
def test_what_a_program_writes_in_its_own_way_is_its_own(one: Format) -> None:
    """The stamps of its own files and the pieces of its records lead to its parser."""
    records = read(OWN_LINES[one.name])
    assert records
    assert {parser_of(record.tag, record.program) for record in records} == {one.parse}
    assert (len(records) < len(OWN_LINES[one.name])) is (one.join is not None)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_fact_comes_back_from_its_document(sample: Sample) -> None:
    """A document keeps the kind and the fields, and the fact is the same when it is read again."""
    for fact in facts_of(sample.outcome):
        assert fact_of(kind_of(fact), fields_of(fact)) == fact


class Noting:
    """Stands for a pattern and notes whether it ever matched."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.hit = False

    def __getattr__(self, name: str) -> Any:
        """The pattern's own method, whose result is noted."""
        method = getattr(self.pattern, name)
        if not callable(method):
            return method

        def noted(*arguments: Any, **named: Any) -> Any:
            found = method(*arguments, **named)
            if name == "finditer":
                found = list(found)
            if name in {"sub", "split"}:
                self.hit |= self.pattern.search(arguments[-1]) is not None
            else:
                self.hit |= bool(found)
            return iter(found) if name == "finditer" else found

        return noted


def modules() -> Iterator[ModuleType]:
    """Every module of the formats."""
    for found in pkgutil.walk_packages(ingest.formats.__path__, "ingest.formats."):
        yield importlib.import_module(found.name)


def test_every_pattern_is_hit_by_some_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that no sample meets is either dead or untested."""
    noting: dict[int, Noting] = {}
    names: dict[int, str] = {}
    for module in modules():
        for name, value in list(vars(module).items()):
            assert not isinstance(getattr(value, "__self__", None), re.Pattern), (
                f"{module.__name__}.{name}: keep the pattern, call its method"
            )
            if isinstance(value, re.Pattern):
                one = noting.setdefault(id(value), Noting(value))
                names.setdefault(id(value), f"{module.__name__}.{name}")
                monkeypatch.setattr(module, name, one)
    assert len(noting) > 20
    for sample in SAMPLES:
        assert rendered(sample.outcome) == sample.expected
    for lines in OWN_LINES.values():
        read(lines)
    assert [names[key] for key, one in noting.items() if not one.hit] == []
