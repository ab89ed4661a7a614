"""The client of the service: what it answers is what the query layer answers on the spot, and what goes wrong is told in one sentence."""

from __future__ import annotations

import http.server
import itertools
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from captures import SHORT
from litestar.exceptions import LitestarDeprecationWarning

import mailtrace
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
from mailtrace.settings import Http, Settings
from mappings.codes import UnknownCode
from mappings.faults import StoreError
from mappings.locales import LANGUAGES
from search.access import Role
from search.client import Client, NotAllowed, ServiceError
from search.counting import CountsAsked
from search.query import Query
from search.query_error import QueryError
from search.service import MailTrace
from search.speech import Reader

_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class There:
    """A service that listens below a path, and the query layer on the spot."""

    address: str
    tokens: dict[str, str]
    mail: MailTrace

    def client(self, who: str = "admin") -> Client:
        """Ask as somebody."""
        return Client(self.address, self.tokens[who])


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Give the address of a service that listens in a thread."""
    from mailtrace.serving import service

    told: list[str] = []
    listens, stop = threading.Event(), threading.Event()

    def tell(address: str, _open: bool) -> None:
        told.append(address)
        listens.set()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        with service(settings, None, None, tell) as made:
            thread = threading.Thread(target=made.run_until, args=(stop,))
            thread.start()
            try:
                assert listens.wait(_PATIENCE_S)
                yield told[0]
            finally:
                stop.set()
                thread.join()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    """Give a service over what a capture's log holds, with a token for an admin and one for a customer."""
    from mailtrace.access import tokens

    folder = tmp_path_factory.mktemp("service")
    log = folder / "mail.log"
    log.write_bytes(SHORT.content("mail.log"))
    sink = EmbeddedSink(folder / "store")
    Ingest(IngestOptions(paths=(str(log),), timezone=UTC), sink, folder / "data").run_once()
    sink.close()
    settings = Settings(data=str(folder / "data"), store=f"sqlite:{folder}/store", http=Http(port=0, base="/mail", timezone="UTC"))
    with mailtrace.asking(settings.store) as mail:
        domain = next(trace.recipient for trace in mail.walk() if trace.recipient).partition("@")[2]
        known = tokens(settings)
        made = {"admin": known.create("Ada", Role.ADMIN, 0), "customer": known.create("Cid", Role.CUSTOMER, 0, domains=(domain,))}
        known.create("nobody", Role.ADMIN, 0, expires_ms=1)
        with served(settings) as address:
            yield There(address, made, mail)


def questions(mail: MailTrace) -> list[Query]:
    """Questions of many kinds, with values that are in the store and some that are not."""
    traces = list(mail.walk())
    some = next(one for one in traces if one.sender and one.recipient and one.message_id)
    kept = next(one for one in traces if one.quarantine_id)
    assert some.sender
    assert some.recipient
    assert some.message_id
    assert kept.quarantine_id
    middle_ms = mail.engine.state().newest_ms
    assert middle_ms is not None
    return [
        Query(),
        Query(sender=(some.sender,)),
        Query(sender=("",)),
        Query(recipient=(some.recipient, "nobody+at all@example.org")),
        Query(sender=(some.sender,), recipient=(some.recipient,)),
        Query(quarantine_id=(kept.quarantine_id,)),
        Query(message_id=(some.message_id,)),
        Query(queue_id=(some.queue_ids[0],)),
        Query(disposition=("quarantined", "bounced"), reason=("virus", "spam")),
        Query(address=("*@*.example", "ünknown@bücher.example")),
        Query(until_ms=middle_ms),
        Query(since_ms=middle_ms),
        Query(recipient=("100% & more = less@example.org",)),
    ]


def test_searches_and_counts_are_those_of_the_query_layer(there: There) -> None:
    """Every question gets the same traces, total, window, state and warnings over HTTP, and the same count."""
    with there.client() as client:
        for query in questions(there.mail):
            asked, expected = client.search(query, limit=7), there.mail.search(query, limit=7)
            # How far behind a source is goes on with the clock; everything else stands still.
            assert asked == expected, query
            assert client.count(query) == there.mail.count(query)


@pytest.mark.parametrize(
    "asked",
    [
        CountsAsked("disposition"),
        CountsAsked("symbols", then="verdict", limit=3),
        CountsAsked("recipient_domain", of="size", percentiles=(50, 99.5)),
        CountsAsked("time", then="disposition", interval="1h"),
        CountsAsked("time", of="size", percentiles=(95,)),
    ],
)
def test_counts_are_those_of_the_query_layer(there: There, asked: CountsAsked) -> None:
    """Counts by a field, by two and over time are the same over HTTP, in any zone."""
    with there.client() as client:
        for query in questions(there.mail):
            for zone in (UTC, ZoneInfo("Asia/Kolkata")):
                assert client.counts(asked, query, zone=zone) == there.mail.counts(asked, query, zone=zone), query


def test_what_differs_and_how_to_go_on_are_those_of_the_query_layer(there: There) -> None:
    """So are what differs, with what it is compared, completion, and what is wrong with a word."""
    kept, inbound = Query(disposition=("quarantined",)), Query(query="direction: inbound")
    with there.client() as client:
        assert client.differs(kept) == there.mail.differs(kept)
        assert client.differs(kept).values
        assert client.differs(kept, against=inbound.query, limit=2) == there.mail.differs(kept, against=inbound, limit=2)
        for text, at in (("", None), ("dispo", None), ("sender: ", None), ("recip and size > 1", 5)):
            assert client.complete(text, at) == there.mail.complete(text, at)
        for mail in (client, there.mail):
            with pytest.raises(QueryError, match="subjekt"):
                mail.counts(CountsAsked("subjekt"))


def test_pages_follow_one_another(there: There) -> None:
    """Going from cursor to cursor gives every trace once, as a walk on the spot does."""
    with there.client() as client:
        found, cursor = [], None
        while True:
            answer = client.search(limit=9, cursor=cursor)
            found += answer.traces
            if (cursor := answer.next) is None:
                break
    assert found == list(there.mail.walk())


def test_a_walk_is_the_same_and_can_be_left(there: There) -> None:
    """The stream gives what a walk gives, in its order, and may be left in the middle."""
    with there.client() as client:
        for query in questions(there.mail):
            assert list(client.walk(query)) == list(there.mail.walk(query))
        walking = client.walk()
        assert list(itertools.islice(walking, 3)) == list(itertools.islice(there.mail.walk(), 3))
        walking.close()  # type: ignore[attr-defined]  # it is a generator
        assert client.count() == there.mail.count()


def test_reports_are_the_same(there: There) -> None:
    """Every report is the same over HTTP; an id that is none, or of nothing, gives None."""
    with there.client() as client:
        for trace in there.mail.walk():
            assert client.report(trace.id) == there.mail.report(trace.id)
        for wrong in ("", "..", "../errors", "x" * 26, "0" * 26, "ä/?#"):
            assert client.report(wrong) is None
            assert there.mail.report(wrong) is None


def test_what_customers_can_be_told_is_the_same(there: There) -> None:
    """Of each trace of a page what its report says, in each language, for whom and in the zone that is asked for; also to a customer."""
    domains = [next(trace.recipient for trace in there.mail.walk() if trace.recipient).partition("@")[2]]
    for who, mail in (("admin", there.mail), ("customer", there.mail.narrowed(domains))):
        with there.client(who) as client:
            page = mail.search(limit=20)
            for lang in LANGUAGES:
                for reader, zone in ((None, UTC), (Reader.LINK, ZoneInfo("Asia/Tokyo"))):
                    found = client.customer_texts(limit=20, reader=reader, lang=lang, zone=zone)
                    assert found == mail.customer_texts(limit=20, reader=reader, lang=lang, zone=zone)
                    assert list(found) == [trace.id for trace in page.traces]
                    for trace, text in found.items():
                        report = mail.report(trace, reader=reader, lang=lang, zone=zone)
                        assert report is not None
                        assert text == report.customer_text
            rest = client.customer_texts(limit=100, cursor=page.next)
            assert list(rest) == [trace.id for trace in mail.search(limit=100, cursor=page.next).traces]
    with there.client("customer") as client, pytest.raises(QueryError, match="operator"):
        client.customer_texts(reader=Reader.OPERATOR)


def test_errors_domains_and_freshness_are_the_same(there: There) -> None:
    """The lists are those of the query layer, counted or not; what is no code raises as it does there."""
    with there.client() as client:
        assert client.errors() == there.mail.errors()
        assert client.errors(seen=True) == there.mail.errors(seen=True)
        assert client.errors("5.1.1", seen=True) == there.mail.errors("5.1.1", seen=True)
        assert client.errors("550 5.7.1") == there.mail.errors("550 5.7.1")
        with pytest.raises(UnknownCode) as on_the_spot:
            there.mail.errors("../x")
        with pytest.raises(UnknownCode) as over_http:
            client.errors("../x")
        assert str(over_http.value) == str(on_the_spot.value)
        assert client.domains() == there.mail.domains()
        assert client.domains(side="sender") == there.mail.domains(side="sender")
        newest_ms = there.mail.engine.state().newest_ms
        assert client.domains(since_ms=newest_ms) == there.mail.domains(since_ms=newest_ms)
        assert client.domains(until_ms=newest_ms) == there.mail.domains(until_ms=newest_ms)
        asked, expected = client.freshness(), there.mail.freshness()
        assert (asked.oldest, asked.newest) == (expected.oldest, expected.newest)
        assert [one.read_up_to for one in asked.sources] == [one.read_up_to for one in expected.sources]


def test_a_caller_sees_his_own_mail(there: There) -> None:
    """With a customer's token the answers are those of the narrowed query layer."""
    domains = [next(trace.recipient for trace in there.mail.walk() if trace.recipient).partition("@")[2]]
    own = there.mail.narrowed(domains)
    with there.client("customer") as client:
        assert client.search() == own.search()
        assert 0 < client.count() == own.count() < there.mail.count()
        assert list(client.walk()) == list(own.walk())
        assert client.domains() == own.domains()
        strange = next(trace for trace in there.mail.walk() if own.report(trace.id) is None)
        assert client.report(strange.id) is None


def test_a_bad_question_is_told_with_field_and_hint(there: There) -> None:
    """What the service refuses raises `QueryError` with the parts that it was told."""
    with there.client() as client:
        with pytest.raises(QueryError) as told:
            client.search(cursor="not one")
        assert (told.value.field, told.value.hint) == ("cursor", "pass `next` on unchanged")
        with pytest.raises(QueryError) as told:
            client.search(limit=0)
        assert told.value.field == "limit"


@pytest.mark.parametrize("token", [None, "mt_wrong", "nonsense", " "])
def test_a_token_that_opens_nothing_is_told(there: There, token: str | None) -> None:
    """Without a token and with a wrong one every call raises, in one sentence without the token."""
    with Client(there.address, token) as client:
        asks: list[Callable[[], object]] = [client.search, client.count, lambda: list(client.walk()), client.errors, client.freshness]
        for ask in asks:
            with pytest.raises(NotAllowed, match="needs one") as told:
                ask()
            assert not (token or "").strip() or str(token) not in str(told.value)


def test_a_token_that_no_header_can_hold_is_refused() -> None:
    """A token with a line break or other letters is refused before it is sent, and not repeated."""
    for token in ("mt_a\r\nx: y", "mt_ü"):
        with pytest.raises(NotAllowed) as told:
            Client("http://localhost", token)
        assert token not in str(told.value)


def test_the_token_is_not_shown() -> None:
    """Neither a client's `repr` nor a failure names the token."""
    with Client("http://127.0.0.1:1", "mt_secret", timeout=2) as client:
        assert "mt_secret" not in repr(client)
        with pytest.raises(ServiceError, match="cannot be reached") as told:
            client.search()
        assert "mt_secret" not in str(told.value)
        assert told.value.__cause__ is None


@pytest.mark.parametrize("address", ["", "mail.example.com", "ftp://mail.example.com", "http://", "https://ann:pw@mail.example.com"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    """What is no address of a service is refused at once."""
    with pytest.raises(ServiceError, match="the address of a service"):
        Client(address)


class _Odd(http.server.BaseHTTPRequestHandler):
    """Answers as no service of ours does."""

    def do_GET(self) -> None:
        """Answer as the first word of the path says."""
        word, _, _ = self.path.strip("/").partition("/")
        status, body = {
            "html": (200, b"<html>"),
            "other": (200, b'{"total": "many"}'),
            "away": (503, b'{"detail": "The store does not answer."}'),
            "proxy": (502, b"<html>Bad gateway"),
            "elsewhere": (404, b"<html>not here"),
            "forbidden": (403, b"{}"),
            "moved": (301, b""),
            "cut": (200, b'{"id": "1"'),
        }[word]
        self.send_response(status)
        self.send_header("content-length", str(len(body) + (10 if word == "cut" else 0)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def odd() -> Iterator[str]:
    """Give the address of a server that is not ours."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("html", ServiceError, "not one of Mail Trace"),
        ("other", ServiceError, "not one of Mail Trace"),
        ("away", StoreError, "does not answer"),
        ("proxy", ServiceError, "502"),
        ("elsewhere", ServiceError, "404"),
        ("forbidden", NotAllowed, "does not allow"),
        ("moved", ServiceError, "301"),
        ("cut", ServiceError, "cannot be reached"),
    ],
)
def test_an_answer_that_is_none_is_told(odd: str, path: str, kind: type[Exception], said: str) -> None:
    """A proxy's page, another shape, half an answer: each raises what fits, in one sentence, from every call."""
    with Client(f"{odd}/{path}", "mt_secret") as client:
        asks: list[Callable[[], object]] = [client.search, client.count, lambda: list(client.walk()), lambda: client.report("0" * 26)]
        for ask in asks:
            with pytest.raises(kind, match=said) as told:
                ask()
            assert "mt_secret" not in str(told.value)
            assert "\n" not in str(told.value)


def test_a_service_that_stops_is_told(tmp_path: Path) -> None:
    """A service that went away while a client was open is told, not a traceback of the library."""
    settings = Settings(data=str(tmp_path), store=f"sqlite:{tmp_path}/store", http=Http(port=0))
    with served(settings) as address:
        client = Client(address)
        assert client.count() == 0
    with client, pytest.raises(ServiceError):
        client.count()


def test_the_client_is_public() -> None:
    """The client and its exceptions can be imported from `mailtrace`."""
    assert (mailtrace.Client, mailtrace.ServiceError, mailtrace.NotAllowed) == (Client, ServiceError, NotAllowed)
    assert mailtrace.StoreError is StoreError


def test_the_example_of_the_documentation_runs(there: There, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The example in docs/python.md runs as it stands, asked of another address, and finds what there is."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
    example = re.search(r"```py\n(.*?)```", page, re.DOTALL)
    assert example is not None
    monkeypatch.setenv("MAILTRACE_TOKEN", there.tokens["admin"])
    domain = next(one.recipient for one in there.mail.walk(Query(disposition=("bounced",))) if one.recipient).partition("@")[2]
    code = example[1].replace("https://mail.example.com/trace", there.address).replace("example.net", domain)
    exec(compile(code, "docs/python.md", "exec"), {"mailtrace": mailtrace})  # noqa: S102
    assert domain in capsys.readouterr().out
