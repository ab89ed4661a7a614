"""What the operator says, does and runs is his alone: in every report of the captures, in the API, on the pages and as plain text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from captures import RUNS
from http_service import ADMIN, API, Person, Running, builtins, give_tokens, running, settings
from reading import Place, read
from stores import Embedded

from ingest.telling.ownership import Owner
from mailtrace.settings import CustomerTable
from mappings.locales import LANGUAGES
from search.access import Role
from search.query import Query
from search.scope import EVERYTHING
from search.service import MailTrace
from search.speech import Reader

_DOMAINS = ("example.com", "example.org", "example.net")
#: A customer for each domain, and who looks after two of them.
_PEOPLE = (
    *(Person(domain, Role.CUSTOMER, frozenset((domain,)), domains=(domain,)) for domain in _DOMAINS),
    Person("Integrator", Role.INTEGRATOR, frozenset(_DOMAINS[:2]), domains=_DOMAINS[:2]),
)
_PRIVATE = r"(?:10|127|192\.168|172\.(?:1[6-9]|2[0-9]|3[01]))(?:\.[0-9]{1,3}){2,3}"
_INTERNAL_ADDRESS = re.compile(rf"(?<![0-9.])(?:{_PRIVATE})(?![0-9.]*[0-9])")
_COMMANDS = re.compile(r"amavisd-release|postqueue|postsuper|postcat|mailq|exim -|doveadm|Look at the kept", re.IGNORECASE)
#: How the operator speaks of himself, in each language.
_US = re.compile(r"\b(?:we|us|ours?|wir|uns|unser(?:e[mnrs]?)?|nous|notre|nos)\b", re.IGNORECASE)
#: Sentences of ours; what others wrote (lines, replies, subjects, details) stands elsewhere.
_SENTENCES = (
    "summary",
    "customer_text",
    "explanation",
    "warnings",
    "evidence",
    "words",
    "meaning",
    "next_step",
    "move_sentence",
    "move_word",
)
#: What belongs to the mail itself, and names hosts that its people know.
_OF_THE_MAIL = frozenset(
    {"sender", "recipient", "header_from", "original_recipient", "message_id", "subject", "recipients", "user", "mailbox"}
)


@dataclass
class Asked:
    """A service over a captured run, and what its logs name."""

    place: Running
    hosts: frozenset[str]
    ids: dict[str, list[str]]
    #: The same store without a service between.
    mail: MailTrace


@contextmanager
def _asked(form: Any, folder: Any) -> Iterator[Asked]:
    place = Place(folder / "logs", folder / "data", Embedded(folder / "data" / "store"))
    read(place, form.unpacked(place.logs), customers=tuple(Owner(domain, frozenset((domain,))) for domain in _DOMAINS))
    ids: dict[str, list[str]] = {one.name: [] for one in _PEOPLE}
    made = settings(place.store, place.data, customers=tuple(CustomerTable(name=domain, domains=(domain,)) for domain in _DOMAINS))
    with closing(place.store.engine()) as engine, running(made, give_tokens(made, (ADMIN, *_PEOPLE))) as service:
        traces = [engine.get(trace.id, EVERYTHING) for trace in engine.walk(Query(), EVERYTHING)]
        hosts = {event.host for trace in traces if trace is not None for event in trace.events if event.host}
        for one in _PEOPLE:
            ids[one.name] += [trace.id for trace in traces if trace is not None and one.may_see(trace)]
        yield Asked(service, frozenset(hosts), ids, MailTrace(engine))


@pytest.fixture(scope="module", params=RUNS, ids=str)
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Give a service over each captured run."""
    with _asked(request.param, tmp_path_factory.mktemp("readers")) as made:
        yield made


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of an answer with the name of its field."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, name)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, key)


def _flaws(found: Any, hosts: frozenset[str]) -> list[str]:
    """What of an answer only the operator may read."""
    named = re.compile(rf"(?<![\w.@-])(?:{'|'.join(map(re.escape, sorted(hosts)))})(?![\w@-]|\.\w)") if hosts else None
    flaws = []
    for name, text in _texts(found):
        if name in _OF_THE_MAIL:
            continue
        if _INTERNAL_ADDRESS.search(text) or (named is not None and named.search(text)):
            flaws.append(f"{name}: {text}")
        if name in _SENTENCES and (_COMMANDS.search(text) or _US.search(text)):
            flaws.append(f"{name}: {text}")
    return flaws


def _words_of(page: str) -> str:
    """What a page shows, without tags."""
    return html.unescape(re.sub(r"<script.*?</script>|<[^>]*>", " ", page.replace("<wbr>", ""), flags=re.DOTALL))


def _read(client: httpx.Client, path: str, **headers: str) -> httpx.Response:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer


@pytest.mark.parametrize("who", _PEOPLE, ids=lambda one: one.name)
def test_no_report_says_what_is_the_operators(asked: Asked, who: Person) -> None:
    """For every caller with a part of the mail, every report and every language: no "us", no command, no server, no address inside."""
    mail = asked.mail.narrowed(who.sees or ())
    for number, trace_id in enumerate(asked.ids[who.name]):
        found = msgspec.to_builtins(mail.report(trace_id, lang=LANGUAGES[number % len(LANGUAGES)]))
        assert _flaws(found, asked.hosts) == [], trace_id
        assert found["summary"] == found["explanation"]["meaning"]


def test_no_row_says_more_than_its_report(asked: Asked) -> None:
    """Lists with the sentences of reports, in every language: every row is the report's, and holds nothing that is the operator's."""
    for number, who in enumerate(_PEOPLE):
        language = LANGUAGES[number % len(LANGUAGES)]
        client, found, address = asked.place.client(who), [], f"{API}/traces?fields=id,customer_text,explanation&limit=100&lang={language}"
        while address:
            page = _read(client, address).json()
            found += page["traces"]
            address = (page["next_url"] or "").removeprefix(asked.place.address)
        assert {row["id"] for row in found} == set(asked.ids[who.name])
        assert _flaws(found, asked.hosts) == [], who
        scoped = asked.mail.narrowed(who.domains)
        for row in found[::7]:
            report = scoped.report(row["id"], lang=language)
            assert report is not None
            assert row == {"id": row["id"], **builtins({"customer_text": report.customer_text, "explanation": report.explanation})}


def test_what_is_sent_on_by_link_says_nothing_of_either(asked: Asked) -> None:
    """The weakest reader, as whoever sees everything may ask for him: no "us", and no provider of his."""
    for trace_id in sorted({one for ids in asked.ids.values() for one in ids}):
        found = msgspec.to_builtins(asked.mail.report(trace_id, reader=Reader.LINK))
        assert _flaws(found, asked.hosts) == [], trace_id
        assert not re.search(r"\byour?s?\b", json.dumps([found["customer_text"], found["explanation"]])), trace_id


def test_a_customers_pages_say_no_more_than_his_api(asked: Asked) -> None:
    """The page of a report, its print view and its lines as text."""
    who = _PEOPLE[0]
    session = asked.place.fresh()
    with closing(session):
        page = session.get("/sign-in").text
        csrf = re.search(r'name="csrf" value="([^"]*)"', page)
        form = {"csrf": csrf[1] if csrf else "", "token": asked.place.secrets[who.name], "next": "/"}
        assert session.post("/sign-in", data=form).status_code == 303
        for number, trace_id in enumerate(asked.ids[who.name][:25]):
            language = LANGUAGES[number % len(LANGUAGES)]
            api = _read(asked.place.client(who), f"{API}/traces/{trace_id}?lang={language}").json()
            for address in (f"/trace/{trace_id}", f"/trace/{trace_id}?view=print", f"/trace/{trace_id}/raw"):
                shown = _read(session, address, **{"accept-language": language})
                words = _words_of(shown.text.partition('<footer class="foot">')[0])
                assert not _INTERNAL_ADDRESS.search(words), address
                # A program that wrote a line is named as such.
                programs = {text for name, text in _texts(api) if name in ("program", "programs")}
                assert {found[0] for found in _COMMANDS.finditer(words)} <= programs, address
                for host in asked.hosts:
                    for at in re.finditer(rf"(?<![\w.@-]){re.escape(host)}(?![\w@-]|\.\w)", words):
                        of_the_mail = " ".join(str(text) for name, text in _texts(api) if name in _OF_THE_MAIL)
                        assert host in of_the_mail, (address, words[at.start() - 60 : at.end() + 60])


def test_the_operator_reads_his_own_words(asked: Asked) -> None:
    """Who sees everything still reads the servers, and what he does; so nothing above can pass because nothing is ever said."""
    reports = [msgspec.to_builtins(asked.mail.report(trace_id)) for ids in asked.ids.values() for trace_id in ids]
    said = json.dumps(reports)
    assert any(host in said for host in asked.hosts)
    assert _US.search(said)


def test_languages_and_readers_of_the_api(asked: Asked) -> None:
    """Asked for by name, or by what the browser reads; what there is not is refused in words."""
    who, client = _PEOPLE[0], asked.place.client(_PEOPLE[0])
    path = f"{API}/traces/{asked.ids[who.name][0]}"
    assert client.get(path).headers["content-language"] == "en"
    german = client.get(path, headers={"accept-language": "de-CH, en;q=0.5"})
    assert german.headers["content-language"] == "de"
    assert "Accept-Language" in german.headers["vary"]
    assert german.json()["customer_text"].startswith("Die ")
    assert client.get(f"{path}?lang=fr", headers={"accept-language": "de"}).json()["customer_text"].startswith("Le message")
    assert "Uhr MEZ" in client.get(f"{path}?lang=de&tz=Europe/Berlin").json()["customer_text"]
    for wrong, said in (
        ("lang=xx", "there is no language"),
        ("reader=boss", "nobody is called"),
        ("reader=operator", "operator"),
        ("tz=x", "zone"),
    ):
        answer = client.get(f"{path}?{wrong}")
        assert answer.status_code == 400
        assert said in answer.text
    assert client.get(f"{API}/errors?seen=true&lang=de").json()[0]["customer_text"].startswith("Die Nachricht")
