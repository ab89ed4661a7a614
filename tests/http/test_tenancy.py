"""Nothing leaks: callers x endpoints x ids x questions, each answer held against a model that holds only what the caller may see."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import generate
import httpx
import msgspec
import pytest
from http_service import ADMIN, API, CUSTOMER_DOMAINS, EXPIRED, PEOPLE, REVOKED, Person, Running, builtins, json_of, problem_of
from http_world import READ_UP_TO, World

from mappings import identity
from mappings.address import fold
from mappings.trace import Trace
from search.answers import trace_answer
from search.engines import Total
from search.inside import Mask
from search.query import Query
from search.report import email_report
from search.rows import csv_header, csv_rows
from search.scope import Scope
from search.service import MailTrace
from search.speech import IN_ENGLISH
from search.stated import stated

pytest_plugins = ("http_fixtures",)

SCOPED = [person for person in PEOPLE if person.sees is not None]
_ADDRESS = re.compile(r"[^\s\"\\<>(),;:\[\]]+@[^\s\"\\<>(),;:\[\]]+")
people = pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
scoped = pytest.mark.parametrize("person", SCOPED, ids=lambda person: person.name)


def without_time(answer: Any) -> Any:
    """An answer to a search without how long it took."""
    assert answer.pop("took_ms") >= 0
    return answer


def expected_page(mail: MailTrace, query: Query, params: list[tuple[str, str]], limit: int, cursor: str | None) -> Any:
    """The page that the model answers, as the API says it."""
    found = builtins(mail.search(query, limit=limit, cursor=cursor))
    following = None
    if found["next"]:
        given = [(name, value) for name, value in params if name != "cursor"]
        following = f"{API}/traces?{httpx.QueryParams([*given, ('cursor', found['next'])])}"
    return {**found, "next_url": following, "question": query.describe()}


def assert_page(answer: Any, expected: Any, context: object) -> None:
    """Compare two pages; links may be quoted in different ways."""
    links = [answer.pop("next_url"), expected.pop("next_url")]
    first, second = (link and (urlsplit(link).path, parse_qsl(urlsplit(link).query, keep_blank_values=True)) for link in links)
    assert first == second, context
    assert answer == expected, context


# Rows, totals, pages, streams ---------------------------------------------------------------------------------------------


@people
def test_questions_are_answered_from_the_callers_mail_alone(served: Running, world: World, person: Person, thorough: bool) -> None:
    """Rows, totals, exact counts, cursors, pages behind them, chosen fields, warnings, CSV and NDJSON are the model's."""
    chance, mail = random.Random(f"rows {person.name}"), world.mail(person)
    asked = 0
    for _ in range(40 if thorough else 20):
        query, limit = generate.query(chance, world.with_queue_ids), chance.choice((1, 5, 50))
        params = [*query.to_params(), ("limit", str(limit))]
        answer = without_time(json_of(served.get("/traces", params, person)))
        assert_page(answer, expected_page(mail, query, params, limit, None), (person.name, query))
        ids = [trace.id for trace in mail.walk(query)]
        cursor = chance.choice(ids) if ids else chance.choice(world.ids)
        paged = [*params, ("cursor", cursor)]
        answer = without_time(json_of(served.get("/traces", paged, person)))
        assert_page(answer, expected_page(mail, query, paged, limit, cursor), (person.name, query, cursor))
        counted = json_of(served.get("/traces", [*params, ("count", "exact"), ("fields", "id,recipient")], person))
        assert counted["total"] == builtins(Total(len(ids)))
        assert [row["id"] for row in counted["traces"]] == ids[:limit]
        assert all(set(row) == {"id", "recipient"} for row in counted["traces"])
        rows = list(mail.walk(query))
        table = served.get("/traces", query.to_params(), person, accept="text/csv")
        assert table.content.decode() == csv_header() + csv_rows(rows), (person.name, query)
        lines = served.get("/traces", query.to_params(), person, accept="application/x-ndjson")
        assert [msgspec.json.decode(line) for line in lines.content.splitlines()] == [builtins(row) for row in rows], (person.name, query)
        asked += 5
    assert asked >= (200 if thorough else 100)


@people
def test_a_walk_by_links_gives_each_own_trace_once(served: Running, world: World, person: Person) -> None:
    """Following `next_url` to the end gives all of a caller's traces, each once, newest first."""
    path: str | None = f"{API}/traces?limit=37"
    found: list[str] = []
    while path is not None:
        answer = json_of(served.client(person).get(path))
        found += [row["id"] for row in answer["traces"]]
        path = answer["next_url"]
    own = [name for name, one in world.whole.traces.items() if person.may_see(one) and not one.superseded_by]
    assert found == sorted(own, reverse=True)


@people
@pytest.mark.parametrize("customer", [*CUSTOMER_DOMAINS, "north", "Nowhere"])
def test_a_customer_narrows_and_never_widens(served: Running, world: World, person: Person, customer: str) -> None:
    """`customer=` stands for those of its domains that the caller sees; one that he does not see is not there for him."""
    named = next((domains for name, domains in CUSTOMER_DOMAINS.items() if name.casefold() == customer.casefold()), ())
    own = tuple(domain for domain in named if person.sees is None or domain in person.sees)
    params = [("customer", customer), ("limit", "1000")]
    if not own:
        for path in ("/traces", "/domains"):
            told = problem_of(served.get(path, params[:1], person), 400)
            assert told["errors"] == [{"parameter": "customer", "detail": f"there is no customer “{customer}”", "code": "bad-value"}]
        return
    query = Query(domain=own)
    answer = without_time(json_of(served.get("/traces", params, person)))
    assert_page(answer, expected_page(world.mail(person), query, params, 1000, None), person.name)
    narrowed = MailTrace(world.seen[person.name], Scope(frozenset(own)))
    for side in ("received", "sent"):
        counted = json_of(served.get("/domains", [("customer", customer), ("side", side)], person))
        expected = builtins(narrowed.domains(side="recipient" if side == "received" else "sender"))
        assert {row["domain"]: row["counts"] for row in counted["domains"]} == {domain: expected.get(domain, {}) for domain in own}


@scoped
def test_a_domain_of_others_finds_only_what_is_ones_own(served: Running, world: World, person: Person) -> None:
    """`domain=` of another tenant finds own mail from or to it, not his."""
    for domain in (*generate.OWN_DOMAINS, "sender.example", "nobody.example"):
        query = Query(domain=(domain,))
        answer = json_of(served.get("/traces", [("domain", domain), ("limit", "1000")], person))
        own = [trace.id for trace in world.mail(person).walk(query)]
        assert [row["id"] for row in answer["traces"]] == own
        assert all(person.may_see(world.whole.traces[one]) for one in own)


@scoped
def test_an_empty_answer_says_the_same_whether_others_have_such_mail(served: Running, world: World, person: Person) -> None:
    """What is asked for by an exact word that only others' mail holds is answered, word for word, as what nobody has."""
    hidden = [one for one in world.written if not person.may_see(one) and one.recipient and one.recipient.startswith("secret")]
    shown = {trace.id for trace in world.mail(person).walk()}
    compared = 0
    for trace in random.Random(person.name).sample(hidden, 16):
        kept = trace.quarantine_id or f"q/virus-{trace.queue_ids[0]}" if trace.queue_ids else "q/virus-none"
        for field, value, absent in (
            ("recipient", trace.recipient or "", "secret0nobody@far.example"),
            ("queue_id", (trace.queue_ids or ["none"])[0], "5FFFFFFFFFF"),
            ("message_id", trace.message_id or "none@client.example", "never@client.example"),
            ("quarantine_id", kept, "q/virus-mail9999ffff"),
        ):
            answer = without_time(json_of(served.get("/traces", [(field, value)], person)))
            if any(row["id"] in shown for row in answer["traces"]):
                # A copy of the same message is his own.
                continue
            other = without_time(json_of(served.get("/traces", [(field, absent)], person)))
            assert (answer["traces"], answer["next"], answer["next_url"], answer["total"]["value"]) == ([], None, None, 0)
            offers = [warning for warning in answer["warnings"] if "found" not in warning]
            assert offers == [warning for warning in other["warnings"] if "found" not in warning]
            said = {"question": "", "warnings": [], "did_you_mean": []}
            assert {**answer, **said} == {**other, **said}
            mail = world.mail(person)
            assert answer["warnings"] == mail.search(Query.of({field: [value]}, now_ms=0, zone=UTC)).warnings
            compared += 1
    assert compared >= 25


# Reports ------------------------------------------------------------------------------------------------------------------


def reportable(world: World, person: Person, thorough: bool) -> Iterator[str]:
    """The ids whose reports are asked for: all, or a part of them."""
    chance = random.Random(f"reports {person.name}")
    ids = world.ids
    # From an admin nothing is hidden.
    yield from ids if thorough and person.sees is not None else chance.sample(ids, 60)


@people
def test_reports_are_of_own_mail_and_hold_nothing_of_others(served: Running, world: World, person: Person, thorough: bool) -> None:
    """Each id: the model's report in every part, or the 404 of an id that there is not."""
    mail = world.mail(person)
    absent = problem_of(served.get(f"/traces/{identity.smallest(generate.START_MS)}", who=person), 404)
    shown = hidden = lines = covered = 0
    for wanted in reportable(world, person, thorough):
        response = served.get(f"/traces/{wanted}", who=person)
        expected = mail.report(wanted)
        if expected is None:
            told = problem_of(response, 404)
            assert {**told, "instance": ""} == {**absent, "instance": ""}
            hidden += 1
            continue
        answer = json_of(response)
        assert answer == builtins(expected), (person.name, wanted)
        found = world.whole.traces[answer["trace"]["id"]]
        # What he reads of the operator's servers is tested in `test_readers`; here it is held against what he would read otherwise.
        mask = Mask.of(email_report(found, mail.engine, mail.scope, IN_ENGLISH)) if person.sees is not None else None
        plain = {**builtins(trace_answer(found)), **_covered(found, person)}
        row = builtins(trace_answer(found)) if mask is None else builtins(mask.taken(trace_answer(found)))
        if mask is not None and row["error"] is not None:
            row["error"]["meaning"] = answer["explanation"]["reason_sentence"]
        assert answer["trace"] == {**row, **{name: value for name, value in plain.items() if value is None}}
        assert person.may_see(found)
        assert all(person.may_see(world.whole.traces[one["id"]]) for one in answer["related"])
        some, without = check_lines(answer, found, person, mask)
        shown, lines, covered = shown + 1, lines + some, covered + without
        if found.log_domain in ("mx7", "mx8"):
            check_addresses(response.text, [found, *(world.whole.traces[one["id"]] for one in answer["related"])], person)
    assert shown + hidden == (len(world.ids) if thorough and person.sees is not None else 60)
    if person.name not in ("Idle", "Nobody"):
        assert min(shown, lines) > 0
        assert covered > 0 or person.sees is None
    assert hidden > 0 or person.sees is None


def _covered(trace: Trace, person: Person) -> dict[str, None]:
    """What only the sender's or the recipient's own side reads."""
    hidden = ["user"] if person.sees is not None and trace.sender_domain not in person.sees else []
    hidden += ["mailbox", "folder"] if person.sees is not None and trace.recipient_domain not in person.sees else []
    return dict.fromkeys(hidden)


def check_lines(answer: Any, trace: Trace, person: Person, mask: Mask | None = None) -> tuple[int, int]:
    """Lines are shown whole, or in words alone where they name others; how many of each there were."""
    own = {fold(name) for name in (trace.recipient, trace.original_recipient) if name}
    whole = covered = 0
    assert len(answer["timeline"]) == len(trace.events)
    for step, line in zip(answer["timeline"], stated(trace), strict=True):
        visible = [name for name in line.people if person.sees is None or fold(name) in own or name.rpartition("@")[2] in person.sees]
        # What is not in the fact may stand in the line all the same.
        rest = functools.reduce(lambda text, name: text.replace(name, ""), filter(None, [*visible, trace.sender]), line.event.raw)
        others = [name for name in _ADDRESS.findall(rest) if fold(name.rstrip(".:")).rpartition("@")[2] not in (person.sees or ())]
        known = line.fact is not None and visible == line.people and not line.fact.counts_more()
        may = person.sees is None or (known and not others)
        if may and not all(name.isprintable() for name in visible):
            # An address that ends in a control character may be read as another one: less may be shown.
            may = step["raw"] is not None
        assert step["recipients"] == visible
        raw, words = (line.event.raw, line.words) if mask is None else (mask.text(line.event.raw), mask.text(line.words))
        assert step["raw"] == (raw if may else None)
        assert not may or step["words"] == words
        whole, covered = whole + may, covered + (not may)
    return whole, covered


def check_addresses(text: str, shown: list[Trace], person: Person) -> None:
    """Every address in an answer is in the caller's scope, or stands in the row of a trace that is shown there, which he may see."""
    rows = [(one.sender, one.header_from, one.recipient, one.original_recipient, one.message_id) for one in shown]
    own = {fold(name) for row in rows for name in row if name}
    for address in _ADDRESS.findall(text):
        plain = fold(address.rstrip(".:"))
        assert person.sees is None or plain in own or plain.rpartition("@")[2] in person.sees, (person.name, shown[0].id, address)


@scoped
def test_no_answer_holds_a_secret_of_others(served: Running, world: World, person: Person) -> None:
    """The recipients of other tenants' copies, all named uniquely, are in no answer of any kind."""
    own = {
        fold(name)
        for trace in world.written
        if person.may_see(trace)
        for name in (trace.recipient, trace.original_recipient, trace.sender, trace.header_from)
        if name
    }
    secrets = {
        fold(name)
        for trace in world.written
        for name in (trace.recipient, trace.original_recipient)
        if name and name.startswith(("secret", "alias"))
    } - own
    assert len(secrets) > 25
    texts = [
        served.get(path, params, person, accept=accept).text
        for path, params in (("/traces", [("limit", "5000")]), ("/errors", [("seen", "true")]), ("/domains", []), ("/freshness", []))
        for accept in ("application/json", "text/csv", "application/x-ndjson")
    ]
    texts += [served.get(f"/traces/{one}", who=person).text for one in reportable(world, person, thorough=False)]
    everything = "\n".join(texts).casefold()
    locals_ = re.compile(r"(?:secret|alias)[0-9]+n?[0-9]*x[0-9a-f]{6}")
    told = set(locals_.findall(everything))
    assert not told & {one.partition("@")[0] for one in secrets}
    assert told or person.name in ("Idle", "Nobody")


def test_an_id_in_other_letters_is_the_same_trace_and_the_same_secret(served: Running, world: World) -> None:
    """Capitals and blanks around an id change nothing, for whom it is there and for whom it is not."""
    person = PEOPLE[4]
    own = next(one.id for one in world.mail(person).walk())
    hidden = next(one.id for one in world.written if not person.may_see(one) and not one.superseded_by)
    assert json_of(served.get(f"/traces/{own.upper()}", who=person))["trace"]["id"] == own
    for form in (hidden, hidden.upper(), f"%20{hidden}", "x", "0" * 26, "u" * 26, "%00", "'", "é"):
        told = problem_of(served.get(f"/traces/{form}", who=person), 404)
        assert told["detail"] == "There is no such trace."


# Counts -------------------------------------------------------------------------------------------------------------------


@people
def test_codes_are_counted_in_own_mail(served: Running, world: World, person: Person) -> None:
    """`seen` counts, in the list and for each code, are the model's."""
    mail = world.mail(person)
    listed = json_of(served.get("/errors", [("seen", "true")], person))
    assert listed == builtins(mail.errors(seen=True))
    assert json_of(served.get("/errors", (), person)) == builtins(mail.errors())
    codes = {str(row["enhanced"] or row["code"]) for row in listed[:40]}
    for code in sorted(codes):
        answer = json_of(served.get(f"/errors/{code}", [("seen", "true")], person))
        assert answer == builtins(mail.errors(code, seen=True)), code
    refused = world.seen[person.name].codes_seen(Scope(person.sees))
    assert sum(row["seen"] for row in listed) == sum(number for *_, number in refused)


@people
@pytest.mark.parametrize("side", ["received", "sent"])
def test_domains_are_the_callers_own_with_counts_of_his_mail(served: Running, world: World, person: Person, side: str) -> None:
    """Each domain of the caller, also one without mail, and no other; counts are the model's, over all time and in a range."""
    mail = world.mail(person)
    names = {domain: name for name, domains in CUSTOMER_DOMAINS.items() for domain in domains}
    day = generate.START_MS + generate.DAY_MS
    for params, bounds in (([], {}), ([("since", "2025-11-25T16:00:00Z"), ("until", "2025-11-26T16:00:00Z")], {"since_ms": day})):
        if bounds:
            bounds["until_ms"] = day + generate.DAY_MS
        counts = builtins(mail.domains(side="recipient" if side == "received" else "sender", **bounds))
        answer = json_of(served.get("/domains", [("side", side), *params], person))
        own = set(names) if person.sees is None else set(person.sees)
        listed = own | (set(counts) if person.sees is None else set())
        assert {row["domain"] for row in answer["domains"]} == listed
        for row in answer["domains"]:
            assert row["counts"] == counts.get(row["domain"], {}), row
            assert row["total"] == sum(row["counts"].values())
            assert row["customer"] == (names.get(row["domain"]) if person.sees is None or row["domain"] in person.sees else None)
        order = [(-row["total"], row["domain"]) for row in answer["domains"]]
        assert order == sorted(order)


@people
def test_what_is_no_ones_mail_is_the_same_for_all(served: Running, world: World, person: Person) -> None:
    """How far logs were read, the words and the sign of life do not depend on the caller."""
    fresh = json_of(served.get("/freshness", who=person))
    assert {one["name"]: one["read_up_to_ms"] for one in fresh["sources"]} == READ_UP_TO
    assert (fresh["oldest"], fresh["newest"]) == tuple(builtins(world.mail(ADMIN).freshness())[name] for name in ("oldest", "newest"))
    assert served.get("/vocabulary", who=person).content == served.get("/vocabulary").content
    assert json_of(served.get("/health", who=person)) == {"status": "ok"}


# What is counted, compared and offered --------------------------------------------------------------------------------------


@people
def test_what_differs_and_what_is_offered_come_from_the_callers_mail_alone(served: Running, world: World, person: Person) -> None:
    """As if there were no other mail, whatever is asked."""
    chance, mail = random.Random(f"differs {person.name}"), world.mail(person)
    for text in ("disposition: bounced", "sender: example.org", "not verdict: clean", "relay: mx.example.net", "sub.example.net"):
        query = Query(query=text)
        assert json_of(served.get("/differs", [("query", text), ("limit", "100")], person)) == builtins(mail.differs(query, limit=100))
        params = [("query", text), ("against", "direction: inbound")]
        expected = mail.differs(query, against=Query(query="direction: inbound"))
        assert json_of(served.get("/differs", params, person)) == builtins(expected)
    names = ("sender", "recipient", "client", "relay", "domain", "recipient_domain", "helo", "user", "host", "detail", "subject", "verdict")
    for _ in range(20):
        text = f"{chance.choice(names)}: {chance.choice(('a', 'b', 'o', '1', '2', 'm', 'e', 's', 'x', 'ü'))}"
        assert json_of(served.get("/complete", [("q", text)], person)) == builtins(mail.complete(text)), (person.name, text)


# Who may ask at all -------------------------------------------------------------------------------------------------------

PATHS = ("/traces", "/errors", "/errors/550", "/vocabulary", "/domains", "/freshness", "/health", "/audit", "/nowhere")


@scoped
def test_the_audit_log_is_for_admins(served: Running, person: Person) -> None:
    """Others get a 403, whatever they ask."""
    for params in ([], [("who", person.name)], [("what", "search")], [("limit", "1")]):
        told = problem_of(served.get("/audit", params, person), 403)
        assert told["detail"] == "Only an admin may read the audit log."
    assert json_of(served.get("/audit"))["entries"]


def test_without_a_valid_token_nothing_is_told(served: Running, world: World) -> None:
    """No token, a wrong one, one cut short, an expired and a revoked one: the same 401 everywhere, also for what there is not."""
    right = served.secrets[ADMIN.name]
    headers = [
        {},
        {"Authorization": f"Bearer {served.secrets[EXPIRED]}"},
        {"Authorization": f"Bearer {served.secrets[REVOKED]}"},
        {"Authorization": f"Bearer {right[:-1]}"},
        {"Authorization": f"Bearer {right}x"},
        {"Authorization": f"Basic {right}"},
        {"Authorization": right},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer mt_" + "x" * 5_000},
        {"Cookie": f"mailtrace_session={right}"},
    ]
    bodies = set()
    for path in (*PATHS, f"/traces/{world.ids[0]}", "/traces/none"):
        for sent in headers:
            response = served.client(None).get(f"{API}{path}", headers=sent)
            told = problem_of(response, 401)
            assert response.headers["www-authenticate"] == 'Bearer realm="mailtrace"'
            bodies.add(msgspec.json.encode({**told, "instance": ""}))
    assert len(bodies) == 1
    # A header that is wrong is not made good by a cookie.
    assert served.client(None).get(f"{API}/openapi.json").status_code == 200


def test_both_stores_answer_the_same(on_embedded: Running, on_elasticsearch: Running, world: World) -> None:
    """The same question to either store gives the same JSON but for the time that it took."""
    compared = 0
    for person in PEOPLE:
        chance = random.Random(f"both {person.name}")
        for _ in range(12):
            query = generate.query(chance, world.with_queue_ids)
            params = [*query.to_params(), ("limit", str(chance.choice((2, 100))))]
            one, other = (without_time(json_of(place.get("/traces", params, person))) for place in (on_embedded, on_elasticsearch))
            assert one == other, (person.name, query)
            compared += 1
        for path, params in (
            ("/errors", [("seen", "true")]),
            ("/domains", [("side", "sent")]),
            ("/domains", [("since", "2025-11-25")]),
            *((f"/traces/{wanted}", []) for wanted in chance.sample(world.ids, 12)),
        ):
            answers = [place.get(path, params, person) for place in (on_embedded, on_elasticsearch)]
            one, other = (msgspec.json.decode(re.sub("urn:request:[0-9a-f]+", "", answer.text)) for answer in answers)
            assert (answers[0].status_code, one) == (answers[1].status_code, other), (person.name, path)
            compared += 1
    assert compared >= 200
