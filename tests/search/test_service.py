"""The query layer as a Python API: pages, counts, reports, errors, empty answers, and the scope in all of them."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from answer_samples import ANN, BOB, CARLA, HOST, T0, kept_journey, only, scanned_journey, stored, trace

import mailtrace
from mappings.codes import UnknownCode, entries
from mappings.losses import Loss
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from search.empty import how_many, why_empty
from search.engines import StoreState, Total
from search.losses import in_words
from search.query import Query
from search.query_error import QueryError
from search.scope import EVERYTHING, Scope
from search.service import LARGEST_PAGE, MailTrace

DAY = 86_400_000
NOW = T0 + 60_000
ROOT = Path(__file__).resolve().parents[2]


def many(number: int, recipient: str = BOB) -> list[Trace]:
    """Give so many messages, a second apart."""
    return [trace(recipient, first=f"{n:010X}", time_ms=T0 + 1_000 * n) for n in range(number)]


def rejected(code: int | None, enhanced: str | None, number: int, recipient: str = BOB) -> list[Trace]:
    """Give so many refusals with this reply."""
    return [
        trace(recipient, first=f"{code}{enhanced}{n}", disposition=Disposition.REJECTED, reply_code=code, enhanced_code=enhanced)
        for n in range(number)
    ]


# Pages --------------------------------------------------------------------------------------------------------------------


def test_pages_give_every_trace_once_newest_first(tmp_path: Path) -> None:
    """Going from cursor to cursor gives each trace once, in the order of a walk."""
    with stored(tmp_path, *many(25)) as mail:
        seen, cursor = [], None
        while True:
            answer = mail.search(limit=10, cursor=cursor)
            seen += answer.traces
            assert answer.total == Total(25)
            if (cursor := answer.next) is None:
                break
        assert [one.time for one in seen] == sorted((one.time for one in seen), reverse=True)
        assert len({one.id for one in seen}) == 25
        assert list(mail.walk()) == seen


def test_a_walk_goes_on_beyond_its_own_pages(tmp_path: Path) -> None:
    """A walk gives everything, also where that is more than it reads at once, and goes on behind a cursor."""
    with stored(tmp_path, *many(1_050)) as mail:
        whole = [one.id for one in mail.walk()]
        assert len(set(whole)) == 1_050
        assert [one.id for one in mail.walk(cursor=whole[999])] == whole[1_000:]


def test_an_answer_tells_its_window_and_how_far_the_logs_were_read(tmp_path: Path) -> None:
    """The time range that was searched and the state of each source stand in the answer."""
    with stored(tmp_path, trace(), read_up_to={"mx2": T0, "mx1": T0 + 5_000}) as mail:
        answer = mail.search(Query(since_ms=T0 - 1, until_ms=T0 + 1))
        assert (answer.since, answer.until) == ("2026-11-24T04:06:41.999Z", "2026-11-24T04:06:42.001Z")
        assert answer.as_of == {"mx1": "2026-11-24T04:06:47.000Z", "mx2": "2026-11-24T04:06:42.000Z"}
        assert answer.complete
        open_answer = mail.search()
        assert (open_answer.since, open_answer.until, open_answer.warnings) == (None, None, [])


def test_a_range_that_begins_before_the_store_is_said_so(tmp_path: Path) -> None:
    """An answer with mail in it still says where the store begins after the range does."""
    with stored(tmp_path, trace()) as mail:
        (warning,) = mail.search(Query(since_ms=T0 - DAY)).warnings
        assert "24 Nov 2026 04:06 UTC" in warning


@pytest.mark.parametrize("limit", [0, -1, LARGEST_PAGE + 1])
def test_a_limit_that_is_none_is_refused(tmp_path: Path, limit: int) -> None:
    """A page of no or endless size is a bad question, in one sentence."""
    with stored(tmp_path) as mail, pytest.raises(QueryError, match=r"limit: .* is not a number from 1 to 10,000"):
        mail.search(limit=limit)


@pytest.mark.parametrize("cursor", ["", "x", "' OR 1=1", "0" * 25 + "u", "z" * 26])
def test_a_cursor_that_is_none_of_ours_is_refused(tmp_path: Path, cursor: str) -> None:
    """A made-up cursor is a bad question, never an empty page that looks like the end."""
    with stored(tmp_path, trace()) as mail:
        with pytest.raises(QueryError, match="cursor"):
            mail.search(cursor=cursor)
        with pytest.raises(QueryError, match="cursor"):
            mail.walk(cursor=cursor)


# Scope --------------------------------------------------------------------------------------------------------------------


def test_every_question_keeps_to_the_scope(tmp_path: Path) -> None:
    """Search, count, walk, report and counted errors know only what the caller may see."""
    theirs = trace(CARLA, first="BBBBBBBBBB")
    with stored(tmp_path, trace(), theirs, *rejected(550, "5.1.1", 2, CARLA), scope=only("example.net")) as mail:
        assert [one.recipient for one in mail.search().traces] == [BOB]
        assert mail.search().total == Total(1)
        assert mail.count() == 1
        assert [one.recipient for one in mail.walk()] == [BOB]
        assert mail.report(theirs.id) is None
        assert {answer.seen for answer in mail.errors(seen=True)} <= {0}


def test_a_scope_is_narrowed_and_never_widened(tmp_path: Path) -> None:
    """Asking for more domains than one has gives no more; asking for none of them gives nothing."""
    with stored(tmp_path, trace(), trace(CARLA)) as mail:
        tenant = mail.narrowed(["example.net"])
        assert tenant.count() == 1
        assert tenant.narrowed(["example.net", "other.example"]).scope == only("example.net")
        assert tenant.narrowed(["other.example"]).count() == 0
        assert mail.scope == EVERYTHING


def test_an_empty_answer_is_the_same_whether_others_have_such_mail(tmp_path: Path) -> None:
    """Nobody learns from an empty answer that mail outside his domains exists."""
    with stored(tmp_path / "with", trace(CARLA), trace(), scope=only("example.net")) as mail:
        exists = mail.search(Query(recipient=(CARLA,)))
    with stored(tmp_path / "without", trace("zoe@third.example"), trace(), scope=only("example.net")) as mail:
        missing = mail.search(Query(recipient=(CARLA,)))
    assert exists == missing
    assert exists.warnings[-1] == "You can search the mail of your own domains: example.net."


# Reports ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["", "nonsense", "0" * 26, "U" * 26, "x" * 100_000, "../../etc/passwd"])
def test_an_unknown_id_has_no_report(tmp_path: Path, wanted: str) -> None:
    """What is no id and what is nobody's id are told the same way."""
    with stored(tmp_path, trace()) as mail:
        assert mail.report(wanted) is None


def test_an_id_may_be_typed_in_capitals(tmp_path: Path) -> None:
    """An id read out over the phone is found however it is written down."""
    wanted = scanned_journey()
    with stored(tmp_path, wanted) as mail:
        report = mail.report(f" {wanted.id.upper()} ")
        assert report is not None
        assert report.trace.id == wanted.id


def test_a_superseded_id_answers_with_its_successor(tmp_path: Path) -> None:
    """A link to a trace that was replaced leads to what replaced it."""
    wanted = trace()
    gone = trace(first="DDDDDDDDDD", superseded_by=[wanted.id])
    with stored(tmp_path, wanted, gone) as mail:
        report = mail.report(gone.id)
        assert report is not None
        assert report.trace.id == wanted.id
        assert mail.count() == 1


# Errors -------------------------------------------------------------------------------------------------------------------


def test_the_list_of_errors_is_whole_and_not_counted_unless_asked(tmp_path: Path) -> None:
    """Without `seen` the list is the whole list, in its own order, and says nothing of the store."""
    with stored(tmp_path, *rejected(550, "5.1.1", 3)) as mail:
        answers = mail.errors()
        assert [(a.code, a.enhanced, a.meaning) for a in answers] == [(e.code, e.enhanced, e.meaning) for e in entries()]
        assert {a.seen for a in answers} == {None}


def test_seen_errors_are_counted_most_first(tmp_path: Path) -> None:
    """Each refusal is counted once, under the entry that fits it best; the most common stands first."""
    refusals = [*rejected(550, "5.1.1", 3), *rejected(452, "4.2.2", 5), *rejected(559, "5.9.9", 1), *rejected(None, "4.4.1", 2)]
    with stored(tmp_path, trace(), *refusals) as mail:
        answers = mail.errors(seen=True)
        counts = [a.seen or 0 for a in answers]
        assert counts == sorted(counts, reverse=True)
        assert sum(counts) == 11
        assert (answers[0].enhanced, answers[0].seen) == ("4.2.2", 5)
        assert any((a.code, a.enhanced, a.seen) == (559, "5.9.9", 1) for a in answers)
        assert len(answers) >= len(entries())


def test_one_code_is_explained_and_counted(tmp_path: Path) -> None:
    """A single code has its own entries only, with their count where that is asked for."""
    with stored(tmp_path, *rejected(550, "5.1.1", 3), *rejected(452, "4.2.2", 5)) as mail:
        assert {a.seen for a in mail.errors("5.1.1")} == {None}
        counted = mail.errors("5.1.1", seen=True)
        assert sum(a.seen or 0 for a in counted) == 3
        assert {a.enhanced for a in counted if a.seen} <= {"5.1.1", None}


def test_a_word_that_is_no_code_is_refused(tmp_path: Path) -> None:
    """Asking for the meaning of something that is no code is an error in words."""
    with stored(tmp_path) as mail, pytest.raises(UnknownCode):
        mail.errors("hello")


# Nothing found, and why -----------------------------------------------------------------------------------------------------

READ = StoreState({HOST: T0}, T0 - DAY, T0)


@pytest.mark.parametrize(
    ("query", "state", "said"),
    [
        (Query(), StoreState({}, None, None), ["No log has been read yet"]),
        (Query(), StoreState({HOST: T0}, None, None), ["No mail was found in the logs", "mx1 is read up to 24 Nov 2026 04:06 UTC"]),
        (Query(sender=(ANN,)), READ, ["mx1 is read up to 24 Nov 2026 04:06 UTC"]),
        (Query(until_ms=T0 - 2 * DAY), READ, ["The oldest mail in the store is of 23 Nov 2026 04:06 UTC"]),
        (Query(since_ms=T0 - 2 * DAY, until_ms=T0 - DAY // 2), READ, ["The oldest mail in the store"]),
        (Query(since_ms=T0 - DAY // 2, until_ms=T0 - DAY // 4), READ, []),
        (Query(since_ms=T0 + 1), READ, ["mx1 is read up to 24 Nov 2026 04:06 UTC"]),
        (Query(since_ms=NOW + DAY), READ, ["begins in the future: it is 24 Nov 2026 04:07 UTC", "mx1 is read up to"]),
        (Query(until_ms=T0 + 5), StoreState({"mx1": T0 + 9, "mx2": T0}, T0 - DAY, T0), ["mx2 is read up to"]),
    ],
)
def test_an_empty_answer_says_only_true_causes(query: Query, state: StoreState, said: Sequence[str]) -> None:
    """Nothing read yet, older than kept, not yet read and in the future are told where they hold, and nowhere else."""
    causes = why_empty(query, state, NOW)
    assert len(causes) == len(said)
    for cause, part in zip(causes, said, strict=True):
        assert part in cause


@pytest.mark.parametrize(
    ("since_ms", "said"),
    [
        (None, "Log lines to 24 Nov 2026 04:06 UTC were gone"),
        (T0 - DAY, "Log lines from 23 Nov 2026 04:06 UTC to 24 Nov 2026 04:06 UTC were gone"),
        (T0 - 1, "Log lines of 24 Nov 2026 04:06 UTC were gone"),
    ],
)
def test_a_loss_says_its_time(since_ms: int | None, said: str) -> None:
    """Times are told to the minute, so a range within one is that minute."""
    loss = Loss("1", "mail.log", 10, 20, since_ms, T0, T0)
    (sentence,) = in_words([loss], Scope(frozenset()))
    assert sentence.startswith(said)


def test_whoever_sees_his_own_mail_only_is_told_of_no_command() -> None:
    """He has no shell there, so how a log is read is no word for him."""
    told = why_empty(Query(), StoreState({}, None, None), NOW, Scope(frozenset({"example.com"})))
    assert told == ["No log has been read yet.", "You can search the mail of your own domains: example.com."]


def test_many_sources_and_domains_are_not_all_listed() -> None:
    """A sentence names the sources that are furthest behind and some domains, and counts the rest."""
    state = StoreState({f"mx{n}": T0 + n for n in range(8)}, T0, T0)
    (behind, domains) = why_empty(Query(), state, NOW, only(*(f"d{n}.example" for n in range(9))))
    assert behind.index("mx0") < behind.index("mx4") < behind.index("3 more")
    assert "mx5" not in behind
    assert domains.endswith("d4.example and 4 more.")
    assert why_empty(Query(), state, NOW, only())[-1] == "You can search no domain, so nothing can be found."


@pytest.mark.parametrize(
    ("query", "offer"),
    [
        (Query(sender=(BOB,)), "3 messages found with it as the recipient: search by recipient."),
        (Query(recipient=(ANN,)), "3 messages found with it as the sender: search by sender."),
        (Query(recipient=(BOB,), since_ms=T0 + DAY), "3 messages found without the time range."),
        (Query(recipient=(BOB,), disposition=("bounced",)), "3 messages found without disposition."),
        (Query(recipient=("bobby@example.net",)), "3 messages found for the whole domain example.net as the recipient."),
        (Query(address=("bobby@example.net",)), "3 messages found for the whole domain example.net as either side."),
    ],
)
def test_an_empty_answer_offers_what_finds_something(tmp_path: Path, query: Query, offer: str) -> None:
    """Each offer was tried: the wrong side, a narrow range, a filter too many, an address of a domain that has mail."""
    with stored(tmp_path, *many(3)) as mail:
        answer = mail.search(query)
        assert answer.traces == []
        assert offer in answer.warnings


@pytest.mark.parametrize(
    "query",
    [
        Query(recipient=("nobody@third.example",)),
        Query(recipient=("bo*@example.net",), since_ms=T0 + DAY),
        Query(recipient=("bobby@example.net", "@third.example")),
    ],
)
def test_an_empty_answer_offers_nothing_that_finds_nothing(tmp_path: Path, query: Query) -> None:
    """No wider question is offered that would be empty too; none is tried for a pattern, and none that is not wider."""
    with stored(tmp_path, *many(3)) as mail:
        assert not any("found" in warning for warning in mail.search(query).warnings)


def test_an_offer_counts_in_scope_only(tmp_path: Path) -> None:
    """What is offered to a tenant counts his own mail alone."""
    with stored(tmp_path, *many(2), *many(3, CARLA), scope=only("example.net")) as mail:
        assert "2 messages found with it as the sender: search by sender." in mail.search(Query(recipient=(ANN,))).warnings


def test_a_last_page_is_not_called_empty(tmp_path: Path) -> None:
    """A page behind the last trace has no traces, and does not say that nothing was found."""
    with stored(tmp_path, *many(2)) as mail:
        last = mail.search().traces[-1].id
        assert mail.search(cursor=last).warnings == []


@pytest.mark.parametrize(
    ("total", "words"),
    [(Total(1), "1 message"), (Total(0), "0 messages"), (Total(10_000, "gte"), "more than 10,000 messages")],
)
def test_a_cut_count_says_more_than(total: Total, words: str) -> None:
    """A count that was cut never looks like an exact one."""
    assert how_many(total) == words


# The public interface -------------------------------------------------------------------------------------------------------


def test_the_public_names_are_sorted_and_exist() -> None:
    """`import mailtrace` gives the names that it promises, in order."""
    assert mailtrace.__all__ == sorted(mailtrace.__all__)
    assert len(set(mailtrace.__all__)) == len(mailtrace.__all__)
    assert {"MailTrace", "Query", "Scope", "Trace", "Event", "Disposition", "Verdict", "Reason"} <= set(mailtrace.__all__)
    public = {name for name in dir(mailtrace) if not name.startswith("_") and not hasattr(getattr(mailtrace, name), "__path__")}
    modules = {name for name in public if type(getattr(mailtrace, name)).__name__ == "module"}
    assert public - modules - {"annotations"} == set(mailtrace.__all__)


def test_the_answers_are_public() -> None:
    """Every struct that an answer holds can be named by a user's own code."""
    for kind in (mailtrace.SearchAnswer, mailtrace.ReportAnswer, mailtrace.ErrorAnswer):
        for field in msgspec.structs.fields(kind):
            for name in re.findall(r"\b[A-Z][A-Za-z]+(?:Answer|Trace)\b|\bStep\b|\bHop\b|\bExplanation\b", str(field.type)):
                assert name in mailtrace.__all__


def test_the_examples_of_the_documentation_run(tmp_path: Path) -> None:
    """Every example in docs/python.md runs as it stands and prints what the page says."""
    with stored(tmp_path, kept_journey()):
        pass
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert "sqlite:/var/lib/mailtrace/store" in page
    blocks = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", page, re.DOTALL)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    for code, printed in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code.replace("/var/lib/mailtrace/store", str(tmp_path)), "docs/python.md", "exec"), names)  # noqa: S102
        if printed:
            assert out.getvalue() == printed


def test_a_mail_trace_is_a_value_that_cannot_be_changed(tmp_path: Path) -> None:
    """Nobody widens the scope of an open `MailTrace` by setting it."""
    with stored(tmp_path, scope=only("example.net")) as mail:
        assert isinstance(mail, MailTrace)
        with pytest.raises(AttributeError):
            mail.scope = EVERYTHING  # type: ignore[misc]
