"""The API as a frontend developer meets it: pages, links, problems, times, caching, other origins, streams, sub-paths."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import generate
import httpx
import msgspec
import pytest
from http_service import ADMIN, API, PEOPLE, Person, Running, fill, give_tokens, json_of, problem_of, running, settings
from http_world import READ_UP_TO, World
from stores import Embedded

from mailtrace.settings import Elasticsearch, Http, Settings
from mappings.locales import LANGUAGES
from search.answers import TraceAnswer
from search.http.problems import FLAWS, KINDS
from search.query import CRITERIA, Query
from search.rows import CSV_COLUMNS
from search.sorting import Sort

pytest_plugins = ("http_fixtures",)

DESK, OTHER = "https://desk.example.com", "https://evil.example"


# Pages --------------------------------------------------------------------------------------------------------------------


def test_the_link_header_leads_through_all_pages(served: Running, world: World) -> None:
    """`Link: rel="next"` and `next_url` are the same address, keep the question, and end where there is no more."""
    query = Query(disposition=("delivered", "bounced"))
    own = [trace.id for trace in world.mail(ADMIN).walk(query)]
    response = served.get("/traces", [("disposition", "delivered"), ("disposition", "bounced"), ("limit", "40")])
    found, pages = [], 0
    while True:
        answer = json_of(response)
        found += [row["id"] for row in answer["traces"]]
        pages += 1
        assert answer["total"] == {"value": len(own), "relation": "eq"}
        following = response.links.get("next", {}).get("url")
        assert following == answer["next_url"]
        if following is None:
            assert (answer["next"], "link" in response.headers) == (None, False)
            break
        assert response.headers["link"] == f'<{following}>; rel="next"'
        assert answer["next"] in following
        response = served.client(ADMIN).get(following)
    assert (found, pages) == (own, -(-len(own) // 40))


def test_a_page_behind_any_row_goes_on_with_the_next(served: Running, world: World) -> None:
    """The id of a row is a cursor too, also of a trace that is gone meanwhile."""
    own = [trace.id for trace in world.mail(ADMIN).walk()]
    answer = json_of(served.get("/traces", [("cursor", own[10]), ("limit", "5")]))
    assert [row["id"] for row in answer["traces"]] == own[11:16]


@pytest.mark.parametrize("sort", Sort)
def test_rows_come_in_the_order_asked_for(served: Running, world: World, sort: Sort) -> None:
    """Page by page and as a stream, in the caller's scope; a wrong word is told with the right ones."""
    query = Query(sort=sort)
    own = [trace.id for trace in world.mail(ADMIN).walk(query)]
    found, address = [], f"{API}/traces?limit=70&sort={sort.value}"
    while address:
        answer = json_of(served.client(ADMIN).get(address))
        found += [row["id"] for row in answer["traces"]]
        address = answer["next_url"]
    assert found == own
    assert answer["question"] == query.describe()
    lines = served.get("/traces", [("sort", sort.value)], accept="application/x-ndjson").content.splitlines()
    assert [json.loads(line)["id"] for line in lines] == own
    told = problem_of(served.get("/traces", [("sort", f"{sort.value}s")]), 400)
    assert [(one["parameter"], one["hint"]) for one in told["errors"]] == [("sort", f"did you mean “{sort.value}”?")]


@pytest.mark.parametrize("cursor", ["x", "", "0", "u" * 26, "a\r\nSet-Cookie: x=1", "é" * 26])
def test_a_cursor_that_is_none_is_refused(on_embedded: Running, cursor: str) -> None:
    """A cursor is passed on unchanged, or it is an error."""
    told = problem_of(on_embedded.get("/traces", [("cursor", cursor)]), 400)
    assert [(one["parameter"], one["hint"]) for one in told["errors"]] == [("cursor", "pass `next` on unchanged")]


@pytest.mark.parametrize(("limit", "right"), [("1", True), ("10000", True), ("0", False), ("10001", False), ("-1", False), ("x", False)])
def test_a_limit_has_bounds(on_embedded: Running, limit: str, right: bool) -> None:
    """A page holds 1 to 10,000 traces; without a limit 50."""
    response = on_embedded.get("/traces", [("limit", limit)])
    if right:
        answer = json_of(response)
        assert len(answer["traces"]) == min(int(limit), answer["total"]["value"])
    else:
        assert [one["parameter"] for one in problem_of(response, 400)["errors"]] == ["limit"]
    assert len(json_of(on_embedded.get("/traces"))["traces"]) == 50


# Parameters ---------------------------------------------------------------------------------------------------------------


def test_a_parameter_given_again_takes_either_value(on_embedded: Running, world: World) -> None:
    """The same name again is "or", another name is "and"."""
    mail = world.mail(ADMIN)
    for query in (
        Query(domain=("example.org", "far.example")),
        Query(domain=("example.org", "far.example"), disposition=("bounced", "rejected")),
        Query(recipient=("example.net",), sender=("sender.example", "example.org"), code=("5xx", "4.2.0")),
    ):
        expected = [trace.id for trace in mail.walk(query)]
        answer = json_of(on_embedded.get("/traces", [*query.to_params(), ("limit", "1000")]))
        assert [row["id"] for row in answer["traces"]] == expected
        assert answer["question"] == query.describe()
        assert expected


WRONG: list[tuple[str, list[tuple[str, str]], str, str]] = [
    ("/traces", [("nonsense", "1")], "nonsense", "there are sender"),
    ("/traces", [("recipent", "bob@example.net")], "recipent", "did you mean “recipient”?"),
    ("/traces", [("quarantine-id", "x")], "quarantine-id", "did you mean “quarantine_id”?"),
    ("/traces", [("disposition", "quarantine")], "disposition", "did you mean “quarantined”?"),
    ("/traces", [("code", "bad")], "code", "give one such as 550"),
    ("/traces", [("since", "tomorrowish")], "since", "give a time such as"),
    ("/traces", [("since", "2026-11-24T00:00:00+01:00".replace("+", " "))], "since", "write the + of the zone as %2B in a URL"),
    ("/traces", [("since", "7d"), ("until", "8d")], "until", "exchange the two"),
    ("/traces", [("tz", "Mars/Olympus")], "tz", "zones are named like Europe/Berlin or UTC"),
    ("/traces", [("tz", "../../../etc/passwd")], "tz", "zones are named like Europe/Berlin or UTC"),
    ("/traces", [("fields", "id,recipent")], "fields", "did you mean “recipient”?"),
    ("/traces", [("domain", "bob@example.net")], "domain", "ask for it as address"),
    ("/traces", [("sender", "*" * 21)], "sender", "use at most 20"),
    ("/traces", [("sender", "x" * 1_001)], "sender", "at most 1000"),
    ("/traces", [("sender", "a\x00b")], "sender", "? stands for any one character"),
    ("/domains", [("sid", "sent")], "sid", "did you mean “side”?"),
    ("/domains", [("since", "never")], "since", "give a time such as"),
    ("/errors", [("sen", "true")], "sen", "did you mean “seen”?"),
    ("/freshness", [("x", "1")], "x", "there are none here"),
    ("/vocabulary", [("x", "1")], "x", "there are none here"),
    ("/health", [("x", "1")], "x", "there are none here"),
    ("/audit", [("whom", "x")], "whom", "did you mean “who”?"),
    ("/traces/0000000000000000000000000x", [("x", "1")], "x", "there are lang, reader, tz"),
    ("/traces", [("limit", "ten")], "limit", "it is one from 1 to 10,000"),
    ("/traces", [("count", "maybe")], "count", "it is exact, or left out"),
    ("/traces", [("count", "null")], "count", "it is exact, or left out"),
    ("/domains", [("side", "up")], "side", "it is one of received, sent"),
    ("/errors", [("seen", "perhaps")], "seen", "it is one of true, false"),
    ("/complete", [("at", "x")], "at", "it is one from 0 on"),
    ("/traces", [("client", "1.2.3.4/99")], "client", "give one such as 192.0.2.0/24"),
    ("/traces", [("relay", "2001:db8::/200")], "relay", "give one such as 192.0.2.0/24"),
    ("/traces", [("disposition", "kaputt")], "disposition", "it is one of in_progress"),
]

#: Calls that are wrong in several ways, and the parameters that are told at once, with their codes.
MANY: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("/traces", "disposition=kaputt&since=foo", [("since", "bad-time"), ("disposition", "bad-value")]),
    (
        "/traces",
        "limit=0&count=no&sort=up&code=x&recipent=b&fields=x&q=a:&client=1.2.3.4/99&until=a&until=b&tz=Mars",
        [
            *(("recipent", "unknown-parameter"), ("until", "repeated"), ("limit", "bad-value"), ("count", "bad-value")),
            *(("fields", "bad-value"), ("tz", "bad-value"), ("query", "bad-query"), ("sort", "bad-value"), ("client", "bad-value")),
            ("code", "bad-value"),
        ],
    ),
    ("/domains", "side=up&sid=sent", [("sid", "unknown-parameter"), ("side", "bad-value")]),
    ("/counts", "limit=0", [("by", "bad-value"), ("limit", "bad-value")]),
    ("/audit", "limit=x&whom=y", [("whom", "unknown-parameter"), ("limit", "bad-value")]),
    ("/traces", "recipient=%FF", [("recipient", "bad-value")]),
]


@pytest.mark.parametrize(("path", "query", "flaws"), MANY)
def test_all_that_is_wrong_is_told_at_once(on_embedded: Running, path: str, query: str, flaws: list[tuple[str, str]]) -> None:
    """In one voice, each flaw with a code for programs; no word of a library is in it."""
    told = problem_of(on_embedded.client().get(f"{API}{path}?{query}"), 400)
    assert told["type"] == "urn:mailtrace:problem:bad-parameters"
    assert sorted((one["parameter"], one["code"]) for one in told["errors"]) == sorted(flaws)
    assert all(one["detail"] in told["detail"] for one in told["errors"])
    assert not re.search(r"Expected|Invalid|`int`|enum|msgspec", told["detail"])


@pytest.mark.parametrize(
    ("accept", "path", "status"),
    [
        ("application/xml", "/traces", 406),
        ("text/csv", "/health", 406),
        ("text/csv", "/traces", 200),
        ("text/*", "/traces", 200),
        ("application/json;q=0", "/traces", 406),
        ("application/json;q=0, */*", "/traces", 200),
        ("application/xml, application/*;q=0.1", "/health", 200),
        ("text/event-stream", "/traces", 406),
        ("application/json", "/traces/live", 406),
        ("", "/health", 200),
        (";;q=x,", "/health", 406),
    ],
)
def test_a_form_that_cannot_be_given_is_refused(on_embedded: Running, accept: str, path: str, status: int) -> None:
    """What nobody asked for is not sent; the refusal says which forms there are."""
    response = on_embedded.get(path, accept=accept)
    if status == 406:
        told = problem_of(response, 406)
        assert told["type"] == "urn:mailtrace:problem:no-such-form"
        assert "This call answers as " in told["detail"]
    else:
        assert response.status_code == 200


def test_each_kind_of_problem_has_a_type_of_its_own(on_embedded: Running) -> None:
    """A program need not read the sentence; each type and code is in the documentation."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
    for kind in (*KINDS, *FLAWS):
        assert f"`{kind}`" in page
    for response, kind in (
        (on_embedded.get("/traces", who=None), "no-token"),
        (on_embedded.get("/audit", who=PEOPLE[3]), "not-allowed"),
        (on_embedded.get("/traces/none"), "not-found"),
        (on_embedded.get("/nothing"), "not-found"),
        (on_embedded.get("/errors/nonsense"), "unknown-code"),
        (on_embedded.client().post(f"{API}/traces"), "bad-method"),
    ):
        assert problem_of(response, response.status_code)["type"] == f"urn:mailtrace:problem:{kind}"


@pytest.mark.parametrize(("path", "params", "parameter", "hint"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_parameter_is_named_with_a_hint(
    on_embedded: Running, path: str, params: list[tuple[str, str]], parameter: str, hint: str
) -> None:
    """What is wrong, where, and what would be right; never passed over."""
    told = problem_of(on_embedded.get(path, params), 400)
    assert told["title"] == "Bad Request"
    (flaw,) = told["errors"]
    assert flaw["parameter"] == parameter
    assert hint in flaw["hint"]
    assert flaw["detail"] in told["detail"]
    assert parameter in told["detail"]


@pytest.mark.parametrize("name", ["since", "until", "customer", "tz", "limit", "cursor", "count", "fields"])
def test_what_can_stand_once_is_refused_twice(on_embedded: Running, name: str) -> None:
    """A second value is never passed over in silence."""
    values = {"since": "7d", "until": "now", "customer": "North", "tz": "UTC", "limit": "5", "count": "exact", "fields": "id"}
    value = values.get(name, "0000000000000000000000000x")
    told = problem_of(on_embedded.get("/traces", [(name, value), (name, value)]), 400)
    assert [one["parameter"] for one in told["errors"]] == [name]


def test_the_place_of_a_mistake_is_told(on_embedded: Running) -> None:
    """`position` counts characters from 0."""
    told = problem_of(on_embedded.get("/traces", [("sender", "ann\x07@example.org")]), 400)
    assert told["errors"][0]["position"] == 3


def test_a_customer_and_a_domain_exclude_each_other(on_embedded: Running) -> None:
    """A customer stands for its domains, so both together cannot be meant."""
    told = problem_of(on_embedded.get("/traces", [("customer", "North"), ("domain", "example.org")]), 400)
    assert [one["parameter"] for one in told["errors"]] == ["customer"]


def test_every_criterion_finds_by_it(on_embedded: Running, world: World) -> None:
    """Each parameter takes a value of a trace and finds that trace."""
    trace = next(one for one in world.mail(ADMIN).engine.walk(Query(), world.scope(ADMIN)) if one.quarantine_id and one.log_domain == "mx7")
    values = {
        "sender": trace.sender,
        "recipient": trace.recipient,
        "address": trace.recipient_domain,
        "domain": trace.recipient_domain,
        "quarantine_id": trace.quarantine_id,
        "message_id": f"<{trace.message_id}>",
        "queue_id": trace.queue_ids[1],
        "client": "203.0.113.0/24",
        "relay": trace.relay_host,
        "code": "2.7.0",
        "direction": trace.direction.value,
        "disposition": "quarantined",
        "verdict": "virus",
        "reason": "virus",
    }
    assert set(values) == set(CRITERIA)
    for name, value in values.items():
        answer = json_of(on_embedded.get("/traces", [(name, value or ""), ("limit", "1000")]))
        assert trace.id in [row["id"] for row in answer["traces"]], name


# Times --------------------------------------------------------------------------------------------------------------------


def test_times_are_echoed_in_utc_and_read_in_the_zone(on_embedded: Running, world: World) -> None:
    """`since` and `until` are told as they were understood; `tz` is the zone of times that name none."""
    for params, since, until in (
        ([("since", "2025-11-25"), ("until", "2025-11-26 12:00")], "2025-11-25T00:00:00.000Z", "2025-11-26T12:00:00.000Z"),
        ([("since", "2025-11-25"), ("tz", "Europe/Berlin")], "2025-11-24T23:00:00.000Z", None),
        ([("until", "2025-11-25T10:00:00+02:00"), ("tz", "Europe/Berlin")], None, "2025-11-25T08:00:00.000Z"),
        ([], None, None),
    ):
        answer = json_of(on_embedded.get("/traces", [*params, ("limit", "1000")]))
        assert (answer["since"], answer["until"]) == (since, until)
        times = [row["time"] for row in answer["traces"]]
        assert times
        assert all((since is None or time >= since) and (until is None or time < until) for time in times)
    ago = json_of(on_embedded.get("/traces", [("since", "9999d")]))
    assert ago["since"] < "2025-01-01"
    assert ago["total"]["value"] == len(list(world.mail(ADMIN).walk()))


def test_an_answer_says_how_far_it_can_be_trusted(on_embedded: Running) -> None:
    """How far logs were read, whether all of the store answered, how long it took."""
    answer = json_of(on_embedded.get("/traces", [("since", "2020-01-01")]))
    assert sorted(answer["as_of"]) == sorted(READ_UP_TO)
    assert (answer["complete"], answer["took_ms"] > 0) == (True, True)
    assert answer["warnings"][0].startswith("The oldest mail in the store is of 24 Nov 2025")
    assert set(answer) == {
        *("traces", "next", "next_url", "total", "since", "until", "as_of", "complete", "warnings", "question", "took_ms"),
    }


# Rows ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TraceAnswer.__struct_fields__)
def test_each_field_can_be_chosen(on_embedded: Running, name: str) -> None:
    """`fields` leaves the others out, and changes nothing else."""
    whole = json_of(on_embedded.get("/traces", [("limit", "30")]))
    some = json_of(on_embedded.get("/traces", [("limit", "30"), ("fields", f" {name} ,id")]))
    assert some["traces"] == [{key: row[key] for key in {name, "id"}} for row in whole["traces"]]
    assert {key: some[key] for key in ("next", "total", "as_of")} == {key: whole[key] for key in ("next", "total", "as_of")}


def test_a_row_holds_the_sentence_of_its_report(on_embedded: Running) -> None:
    """`customer_text` and `explanation` are those of the report, for what the caller sees; a page then has at most 100 rows."""
    for person in (ADMIN, PEOPLE[3]):
        answer = json_of(on_embedded.get("/traces", [("fields", "id,customer_text,explanation"), ("limit", "12")], person))
        assert answer["traces"]
        for row in answer["traces"]:
            report = json_of(on_embedded.get(f"/traces/{row['id']}", who=person))
            assert row == {name: report[name] if name != "id" else row["id"] for name in ("id", "customer_text", "explanation")}
    told = problem_of(on_embedded.get("/traces", [("fields", "customer_text"), ("limit", "101")]), 400)
    assert [one["parameter"] for one in told["errors"]] == ["limit"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_row_speaks_as_its_report_does(on_embedded: Running, lang: str) -> None:
    """In the language and zone that are asked for, or that the caller's program says he reads, for the same reader."""
    fields = [("fields", "id,customer_text,explanation"), ("limit", "8")]
    how: tuple[tuple[list[tuple[str, str]], dict[str, str]], ...] = (
        ([("lang", lang), ("tz", "Asia/Tokyo")], {}),
        ([("lang", lang), ("reader", "link")], {"accept_language": "fr"}),
        ([], {"accept_language": f"{lang}, en;q=0.5"}),
    )
    said = set()
    for person in (ADMIN, PEOPLE[3]):
        for params, headers in how:
            response = on_embedded.get("/traces", [*fields, *params], person, **headers)
            assert response.headers["content-language"] == lang
            assert "accept-language" in response.headers["vary"].lower()
            for row in json_of(response)["traces"]:
                report = json_of(on_embedded.get(f"/traces/{row['id']}", params, person, **headers))
                assert (row["customer_text"], row["explanation"]) == (report["customer_text"], report["explanation"])
                said.add(row["customer_text"].partition(" ")[0])
    assert said <= {"en": {"The"}, "de": {"Die"}, "fr": {"Le"}}[lang]
    assert said


def test_who_a_row_may_not_speak_for_is_told(on_embedded: Running) -> None:
    """As of a report; every flaw at once, and a page without such fields says nothing of a language."""
    wrong = problem_of(on_embedded.get("/traces", [("lang", "xx"), ("reader", "boss"), ("limit", "0")]), 400)
    assert sorted(one["parameter"] for one in wrong["errors"]) == ["lang", "limit", "reader"]
    for path in ("/traces", "/traces/live"):
        asked = [("fields", "customer_text"), ("reader", "operator"), ("recipient", "nobody@nowhere.example")]
        told = problem_of(on_embedded.get(path, asked, PEOPLE[3]), 400)
        assert [one["parameter"] for one in told["errors"]] == ["reader"]
    assert "content-language" not in on_embedded.get("/traces", [("lang", "de"), ("limit", "1")]).headers


def test_an_exact_count_is_told(on_embedded: Running, world: World) -> None:
    """`count=exact` gives the number itself; another word is refused."""
    answer = json_of(on_embedded.get("/traces", [("count", "exact"), ("limit", "1")]))
    assert answer["total"] == {"value": world.mail(ADMIN).count(), "relation": "eq"}
    for word in ("all", "null", "", "EXACT"):
        assert [one["parameter"] for one in problem_of(on_embedded.get("/traces", [("count", word)]), 400)["errors"]] == ["count"]


# Headers ------------------------------------------------------------------------------------------------------------------


def tagged(world: World) -> list[str]:
    """The calls whose answers have a tag."""
    own = next(world.mail(PEOPLE[1]).walk()).id
    return [f"/traces/{own}", "/errors", "/errors/5.1.1", "/errors?seen=true", "/vocabulary"]


def test_what_the_caller_has_already_is_not_sent_again(served: Running, world: World) -> None:
    """A strong tag; with `If-None-Match` 304 without a body, and the whole answer where it changed."""
    client = served.client(PEOPLE[1])
    for path in tagged(world):
        first = client.get(API + path)
        tag = first.headers["etag"]
        assert tag.startswith('"')
        assert first.headers["cache-control"] == "private, no-cache"
        for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = client.get(API + path, headers={"If-None-Match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), given
            assert "authorization" in again.headers["vary"].lower()
        changed = client.get(API + path, headers={"If-None-Match": '"other"'})
        assert (changed.status_code, changed.content) == (200, first.content)


def test_tags_tell_nothing_of_others(served: Running, world: World) -> None:
    """Whose trace it is not gets 404, whatever tag is sent along; and the tag of what is counted is of one's own mail."""
    hidden = next(one for one in world.mail(ADMIN).walk() if not PEOPLE[4].may_see(world.whole.traces[one.id]))
    tag = served.get(f"/traces/{hidden.id}").headers["etag"]
    for given in (tag, "*"):
        problem_of(served.get(f"/traces/{hidden.id}", who=PEOPLE[4], if_none_match=given), 404)
    tags = {served.get("/errors", [("seen", "true")], person).headers["etag"] for person in PEOPLE[:5]}
    assert len(tags) == 5


def test_headers_keep_answers_private(served: Running, world: World) -> None:
    """Personal data is in no cache that several share; each answer has an id and says how it must be taken."""
    own = next(world.mail(PEOPLE[1]).walk()).id
    ids = set()
    for path in ("/traces", f"/traces/{own}", "/errors", "/domains", "/freshness", "/health", "/vocabulary", "/nowhere", "/traces/none"):
        for person in (PEOPLE[1], None):
            response = served.get(path, who=person)
            vary = [one.strip().lower() for one in response.headers["vary"].split(",")]
            assert {"authorization", "cookie"} <= set(vary), path
            assert response.headers["cache-control"] in ("private, no-store", "private, no-cache")
            assert response.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in response.headers["content-security-policy"]
            assert "server" not in response.headers
            assert "set-cookie" not in response.headers
            ids.add(response.headers["x-request-id"])
    assert len(ids) == 18
    assert served.get("/traces", who=PEOPLE[1]).headers["cache-control"] == "private, no-store"


def test_methods_that_change_nothing_alone_are_taken(on_embedded: Running) -> None:
    """Others are refused with what would be right."""
    client = on_embedded.client(ADMIN)
    for path in ("/traces", "/errors/550", "/domains"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            response = client.request(method, API + path)
            problem_of(response, 405)
            assert "GET" in response.headers["allow"]


def test_a_head_has_the_headers_and_no_body(served: Running, world: World) -> None:
    """As the answer itself would have them."""
    client = served.client(ADMIN)
    own = next(world.mail(ADMIN).walk()).id
    for path, status in (("/traces?limit=2", 200), (f"/traces/{own}", 200), ("/traces/none", 404), ("/traces?x=1", 400), ("/audit", 200)):
        head, whole = client.head(API + path), client.get(API + path)
        assert (head.status_code, whole.status_code, head.content) == (status, status, b""), path
        for name in ("content-type", "etag", "cache-control", "link", "x-content-type-options"):
            assert head.headers.get(name) == whole.headers.get(name), (path, name)


def test_what_there_is_not_is_a_problem_too(on_embedded: Running) -> None:
    """An unknown path below the API is told as everything else."""
    for path in ("/nowhere", "/traces/a/b", "", "/", "/errors/"):
        response = on_embedded.get(path)
        assert response.status_code in (200, 404)
        if response.status_code == 404:
            problem_of(response, 404)
    problem_of(on_embedded.get("/nowhere"), 404)
    problem_of(on_embedded.get("/errors/teapot"), 404)


def test_long_answers_are_compressed_where_that_is_taken(on_embedded: Running) -> None:
    """JSON and streams, as gzip; not for who does not take it."""
    for accept in ("application/json", "text/csv", "application/x-ndjson"):
        params = [("limit", "500")]
        packed = on_embedded.get("/traces", params, accept=accept, accept_encoding="gzip")
        plain = on_embedded.get("/traces", params, accept=accept, accept_encoding="identity")
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert "accept-encoding" in packed.headers["vary"].lower()
        if accept != "application/json":
            assert packed.content == plain.content
    with on_embedded.client(ADMIN).stream("GET", f"{API}/traces?limit=500", headers={"Accept-Encoding": "gzip"}) as raw:
        assert json_of_bytes(gzip.decompress(b"".join(raw.iter_raw())))["total"]["value"] > 100


def json_of_bytes(content: bytes) -> Any:
    """What JSON holds."""
    return msgspec.json.decode(content)


# Streams ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service over more traces than are written together, or are counted exactly."""
    folder = tmp_path_factory.mktemp("large")
    store = Embedded(folder / "store")
    fill(store, generate.traces(seed=5, count=14_000, events=False))
    made = settings(store, folder / "data")
    with running(made, give_tokens(made)) as service:
        yield service


@pytest.mark.parametrize("person", [ADMIN, PEOPLE[4]], ids=lambda one: one.name)
def test_a_stream_goes_to_the_end(large: Running, person: Person) -> None:
    """Any `limit` aside, the whole result comes, newest first, each trace once, in both forms; JSON counts it."""
    counted = json_of(large.get("/traces", [("count", "exact"), ("limit", "1")], person))["total"]["value"]
    plain = json_of(large.get("/traces", [("limit", "1")], person))["total"]
    assert plain == ({"value": 10_000, "relation": "gte"} if counted > 10_000 else {"value": counted, "relation": "eq"})
    assert counted > (10_000 if person is ADMIN else 2_000)
    with large.client(person).stream("GET", f"{API}/traces?limit=3", headers={"Accept": "text/csv"}) as response:
        assert response.headers["content-type"] == "text/csv; header=present; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(response.read().decode())))
    assert list(rows[0]) == list(CSV_COLUMNS)
    ids = [row["id"] for row in rows]
    assert (len(ids), ids) == (counted, sorted(set(ids), reverse=True))
    lines = large.get("/traces", who=person, accept="application/x-ndjson")
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert [msgspec.json.decode(line)["id"] for line in lines.content.splitlines()] == ids


def test_a_ranking_says_that_there_are_more(large: Running) -> None:
    """By a number the first thousand come: in a page with a warning, in a stream with a header; of a few nothing is said."""
    answer = json_of(large.get("/traces", [("sort", "size"), ("limit", "2000")]))
    said = "More than 1,000 fit: sorted by size, the first 1,000 are listed."
    assert (len(answer["traces"]), answer["next"]) == (1_000, None)
    assert any(said in warning for warning in answer["warnings"])
    stream = large.get("/traces", [("sort", "size")], accept="application/x-ndjson")
    assert [json.loads(line)["id"] for line in stream.content.splitlines()] == [row["id"] for row in answer["traces"]]
    assert said in stream.headers["mail-trace-incomplete"]
    few = [("sort", "size"), ("queue_id", answer["traces"][0]["queue_ids"][0]), ("limit", "1000")]
    assert not any("1,000" in warning for warning in json_of(large.get("/traces", few))["warnings"])


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson"])
def test_a_stream_that_broke_goes_on_behind_its_last_whole_row(on_embedded: Running, accept: str) -> None:
    """Both pieces together are the whole stream, byte for byte; a wrong question or cursor is told before anything is streamed."""
    whole = on_embedded.get("/traces", (), accept=accept).content
    for size in range(9_000, len(whole), len(whole) // 7):
        kept = whole[: whole.rindex(b"\n", 0, size) + 1]
        last = kept.splitlines()[-1]
        cursor = json.loads(last)["id"] if accept.endswith("ndjson") else last.partition(b",")[0].decode()
        given = [] if cursor == "id" else [("cursor", cursor)]
        rest = on_embedded.get("/traces", given, accept=accept).content
        assert (kept if given else b"") + rest == whole
    told = problem_of(on_embedded.get("/traces", [("cursor", "none")], accept=accept), 400)
    assert [one["parameter"] for one in told["errors"]] == ["cursor"]
    problem_of(on_embedded.get("/traces", [("code", "bad")], accept=accept), 400)


def test_of_several_forms_that_are_taken_one_is_given(on_embedded: Running) -> None:
    """What a browser sends gets JSON; a stream is named as it is."""
    for accept, form in (
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("*/*", "application/json"),
        ("text/csv;q=0.9, text/plain", "text/csv"),
        ("TEXT/CSV", "text/csv"),
    ):
        assert on_embedded.get("/traces", accept=accept).headers["content-type"].partition(";")[0] == form


# Other origins, proxies, paths --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def below(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service that lies below a path, and whose API scripts of one origin may call."""
    folder = tmp_path_factory.mktemp("below")
    store = Embedded(folder / "store")
    fill(store, world.written)
    http = Http(base="/mail", origins=(DESK, "https://other.example:8443"), timezone="Europe/Berlin")
    made = settings(store, folder / "data", http)
    with running(made, give_tokens(made)) as service:
        yield service


def host_of(service: Running) -> str:
    """The address of a service without its base."""
    return service.address.removesuffix("/mail")


def test_a_base_path_is_taken_with_it_and_without_it(below: Running) -> None:
    """Whether the proxy takes the base away or not, links lead below it."""
    assert below.address.endswith("/mail")
    with httpx.Client(base_url=host_of(below), headers={"Authorization": f"Bearer {below.secrets[ADMIN.name]}"}) as client:
        answers = [json_of(client.get(f"{prefix}{API}/traces?limit=2")) for prefix in ("/mail", "")]
        links = {answer["next_url"] for answer in answers}
        assert len(links) == 1
        (link,) = links
        assert link.startswith(f"/mail{API}/traces?limit=2&cursor=")
        assert json_of(client.get(link))["traces"][0]["id"] < answers[0]["traces"][-1]["id"]
        assert client.get(f"/mailbox{API}/traces").status_code == 404
        description = json_of(client.get(f"/mail{API}/openapi.json"))
        assert description["servers"] == [{"url": "/mail"}]
        signed_out = httpx.get(f"{host_of(below)}/mail/trace")
        assert (signed_out.status_code, signed_out.headers["location"]) == (303, "/mail/sign-in?next=%2Ftrace")


def test_the_zone_of_the_service_reads_times(below: Running) -> None:
    """Without `tz` times are read in the zone of the settings."""
    assert json_of(below.get("/traces", [("since", "2025-11-25")]))["since"] == "2025-11-24T23:00:00.000Z"
    assert json_of(below.get("/traces", [("since", "2025-11-25"), ("tz", "UTC")]))["since"] == "2025-11-25T00:00:00.000Z"


def preflight(service: Running, origin: str, **headers: str) -> httpx.Response:
    """What a browser asks before a script's call to another origin."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization", **headers}
    return httpx.options(f"{service.address}{API}/traces", headers=asked)


def test_scripts_of_an_allowed_origin_may_call(below: Running) -> None:
    """A pre-flight needs no token and is kept; the answer may be read, with its headers."""
    asked = preflight(below, DESK)
    assert asked.status_code in (200, 204)
    assert asked.headers["access-control-allow-origin"] == DESK
    assert "GET" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    assert int(asked.headers["access-control-max-age"]) >= 600
    answer = below.get("/traces", [("limit", "1")], origin=DESK)
    assert answer.headers["access-control-allow-origin"] == DESK
    assert {"link", "etag", "x-request-id"} <= {one.strip().lower() for one in answer.headers["access-control-expose-headers"].split(",")}
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers


def test_scripts_can_read_what_went_wrong(below: Running) -> None:
    """A problem reaches the script too: a wrong question, no token, what is not there."""
    for path, status, who in (("/traces?x=1", 400, ADMIN), ("/traces", 401, None), ("/traces/none", 404, ADMIN)):
        answer = below.get(path, who=who, origin=DESK)
        problem_of(answer, status)
        assert answer.headers["access-control-allow-origin"] == DESK, status


@pytest.mark.parametrize("origin", [OTHER, "null", f"{DESK}.evil.example", DESK.replace("https", "http"), f"{DESK}:8443"])
def test_scripts_of_other_origins_may_not(below: Running, origin: str) -> None:
    """Neither the pre-flight nor the answer lets them read."""
    asked = preflight(below, origin)
    assert "access-control-allow-origin" not in asked.headers
    answer = below.get("/traces", [("limit", "1")], origin=origin)
    assert "access-control-allow-origin" not in answer.headers


def test_without_origins_in_the_settings_no_script_elsewhere_may_call(on_embedded: Running) -> None:
    """The default is nobody."""
    assert "access-control-allow-origin" not in preflight(on_embedded, DESK).headers
    assert "access-control-allow-origin" not in on_embedded.get("/traces", origin=DESK).headers


# A store that is away -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service whose Elasticsearch does not answer: nobody listens there."""
    made = Settings(
        data=str(tmp_path_factory.mktemp("away")),
        # The discard port, where nothing listens.
        store="http://127.0.0.1:9",
        elasticsearch=Elasticsearch(timeout=2.0),
        http=Http(timezone="UTC"),
    )
    with running(made, give_tokens(made, [ADMIN])) as service:
        yield service


@pytest.mark.parametrize(
    "path",
    ["/traces", "/traces/01kax0000000000000000000ab", "/errors?seen=true", "/domains", "/freshness", "/health", "/traces?count=exact"],
)
def test_a_store_that_is_away_is_told(away: Running, path: str) -> None:
    """503 with the time after which to ask again, and no word of where the store is."""
    response = away.get(path)
    told = problem_of(response, 503)
    assert int(response.headers["retry-after"]) > 0
    assert told["detail"] == "The store does not answer."
    assert "127.0.0.1" not in response.text


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson"])
def test_a_stream_from_a_store_that_is_away_is_told_before_it_begins(away: Running, accept: str) -> None:
    """An empty export would be taken for an answer."""
    problem_of(away.get("/traces", accept=accept), 503)


def test_what_needs_no_store_is_answered_without_it(away: Running) -> None:
    """Words, codes, the audit log and the sign of life of the process; the service itself is not ready."""
    for path in ("/vocabulary", "/errors", "/errors/550", "/audit"):
        assert away.get(path).status_code == 200
    client = away.client(None)
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok")
    assert client.get("/readyz").status_code == 503


def test_a_service_with_its_store_is_ready(served: Running) -> None:
    """Both signs are given to anybody, and tell nothing else."""
    client = served.client(None)
    for path in ("/healthz", "/readyz"):
        assert (client.get(path).status_code, client.get(path).text) == (200, "ok")


def test_a_store_that_was_never_written_is_empty_and_says_so(empty_store: Embedded, tmp_path: Path) -> None:
    """No error: nothing was read yet, and that is said."""
    made = settings(empty_store, tmp_path / "data")
    with running(made, give_tokens(made)) as service:
        answer = json_of(service.get("/traces"))
        assert (answer["traces"], answer["total"]["value"]) == ([], 0)
        assert answer["warnings"] == ["No log has been read yet; `mailtrace ingest PATH` reads one."]
        assert json_of(service.get("/freshness")) == {
            "sources": [],
            "oldest": None,
            "newest": None,
            "warnings": [],
            "readings": [],
            "notice": "",
        }
        assert service.get("/traces", accept="text/csv").text.count("\r\n") == 1
        fill(empty_store, generate.traces(seed=1, count=5), {"mx1": generate.START_MS})
        assert json_of(service.get("/traces"))["total"]["value"] > 0
