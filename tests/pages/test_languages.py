"""Every page speaks the reader's language whole: in a language in which each phrase is marked, no word stands outside the marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from html.parser import HTMLParser
from urllib.parse import unquote_plus

import httpx
import pytest
from reading import Place

from mappings.locales import ENGLISH, LANGUAGES, Books, book
from pages.browsing import serving
from pages.conftest import CUSTOMERS, NOW_MS
from search.access import Role
from search.http.pages.pins import PINS, as_cookie
from search.http.tokens import Tokens
from search.query import Query
from search.scope import EVERYTHING

#: What is no text of the pages: values of strangers, what is typed in the query language, commands, keys, code, times, ids, and what
#: is marked as of another language (the API's own description, the names of languages).
_DATA_TAGS = frozenset({"code", "pre", "kbd", "time", "script", "style", "textarea", "datalist"})
_DATA_CLASSES = frozenset({"mono", "addr", "quote", "texts", "boxed", "second-tick", "who", "question"})
_BLOCKS = frozenset(
    {"title", "p", "li", "td", "th", "h1", "h2", "h3", "dt", "dd", "div", "section", "caption", "option", "label", "summary"}
)
_VOID = frozenset({"input", "link", "meta", "br", "wbr", "rect", "line", "use", "img", "hr"})
_SAID = ("aria-label", "title", "placeholder", "alt", "data-busy", "data-l")
#: Names, which are the same in every language: of programs, formats, zones, units, months, servers and people of the capture; addresses.
_NAMES = re.compile(
    "|".join(
        (
            r"Mail Trace|Europe/Berlin|\bC?ES?T\b|\bUTC\b|\bCSV\b|\bcurl\b|OpenAPI|HTTP|\bkB\b|\bMB\b|\bmin\b|Deutsch",
            r"Postfix|Amavis|Rspamd|SpamAssassin|ClamAV|OpenDKIM|OpenDMARC|[a-z-]+, mail\.log",
            r"Jan\b|März|Mai|Nov\b|Dez\b",
            r"Example Ltd|Example Club|this machine|\bmx1\b|server-\d+",
            r"https?:\S*|[\w.+-]+@[\w.-]+|[\w-]+(?:\.[\w-]+)+|<>",
        )
    )
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")


def marked(code: str) -> dict[str, Mapping[str, object]]:
    """A language in which each text stands between marks."""
    tables: dict[str, dict[str, object]] = {}
    for key, texts in book(ENGLISH).parts.items():
        section, _, name = key.partition(".")
        text = texts.get("all") or texts.get("other")
        plain = section in ("words", "told")
        tables.setdefault(section, {})[name] = f"⟦{text}⟧" if plain else {one: f"⟦{each}⟧" for one, each in texts.items()}
    return {code: tables}


class _Words(HTMLParser):
    """Gathers the words of a page that are outside of marks and are no data."""

    def __init__(self, data: str = "") -> None:
        super().__init__(convert_charrefs=True)
        self._data = data
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        data = self._silent or tag in _DATA_TAGS or bool(classes & _DATA_CLASSES) or given.get("lang", "de") != "de"
        if not data:
            for name in _SAID:
                self._look(given.get(name) or "", f"{tag} {name}")
            if tag == "input" and given.get("type") in ("submit", "button"):
                self._look(given.get("value") or "", "input value")
        if tag not in _VOID:
            self._open.append((tag, data))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag in _BLOCKS:
            # Of a sentence only its beginning or its end may be shown.
            self._depth = 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._look(data, self._open[-1][0] if self._open else "")

    @property
    def _silent(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    _depth = 0

    def _look(self, text: str, where: str) -> None:
        """What of a text is outside of marks; marks may be opened in one text and closed in a later one, around data."""
        kept = [""]
        for character in text:
            if character == "⟦":
                self._depth += 1
            elif character == "⟧":
                kept = ["", *([] if self._depth == 0 else kept)]
                self._depth = max(self._depth - 1, 0)
            elif self._depth == 0:
                kept[-1] += character
        foreign = where == "bdi" or where.endswith(("aria-label", "title"))
        for one in kept:
            piece = one.strip(" :;,.…()\n")
            if _LETTERS.search(_NAMES.sub("", piece)) and not (foreign and piece in self._data):
                self.found.append(f"{where}: {piece!r}")


def strays(html: str, data: str = "") -> list[str]:
    """The words of a page that are not said in the reader's language; `data` is what is a stranger's where it is shown as such."""
    parser = _Words(data)
    parser.feed(html)
    parser.close()
    return parser.found


@pytest.fixture(scope="session")
def data(captured: Place) -> str:
    """Give all words of the logs."""
    with closing(captured.store.engine()) as engine:
        known = [text or "" for one in engine.walk(Query(), EVERYTHING) for text in (one.subject, one.reply_text, one.detail)]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in captured.logs.rglob("*") if path.is_file()]
    return "\n".join([str(captured.logs), *map(str, captured.logs.rglob("*")), *known, *texts])


@pytest.fixture(scope="module")
def pseudo(captured: Place) -> Iterator[httpx.Client]:
    """Give a client whose language is one of marked phrases, of a service open to this machine."""
    with (
        closing(captured.store.engine()) as engine,
        serving(captured.data, engine, NOW_MS, customers=CUSTOMERS, books=Books(marked("de"))) as where,
        httpx.Client(base_url=where, headers={"accept-language": "de"}, follow_redirects=True, timeout=60.0) as client,
    ):
        yield client


def test_the_head_says_whose_page_it_is(pseudo: httpx.Client) -> None:
    """Where no token is configured that is no name, but words of ours."""
    assert '<span class="who"><bdi>⟦this machine⟧</bdi></span>' in pseudo.get("/help").text


PAGES = (
    "/domains",
    "/domains?side=sent",
    "/domains?filter=nothing-like-it",
    "/domains?sort=domain",
    "/trace",
    "/trace?since=30d",
    "/trace?since=30d&sort=size",
    "/trace?since=30d&sort=oldest&columns=time,sender,recipient,direction,verdict,reason,disposition,size,score,delay,spf,incomplete,code",
    "/trace?since=30d&disposition=bounced&disposition=expired&reason=spam&direction=inbound",
    "/trace?recipient=nobody-here%40example.com",
    "/trace?recipient=nobody-here%40example.com&since=24h&disposition=held",
    "/trace?sender=%3C%3E",
    "/trace?query=not+disposition%3A+delivered+and+size+%3E+10",
    "/trace?query=sender%3A+example.org+or+(subject%3A+x*+and+score+%3E%3D+5)+or+any*+or+time+%3E%3D+now-1d",
    "/trace?text=bob%40example.com",
    "/trace?query=sendr%3A+x",
    "/trace?since=nonsense",
    "/trace?by=sender",
    "/trace?by=colour",
    "/trace?limit=0",
    "/trace?columns=colour",
    "/trace?recipent=x",
    "/trace?since=this-week&off=not+sender%3A+%22x%40y.example%22&off=disposition%3A+%22bounced%22",
    "/trace?disposition=bounced&disposition=expired&off=disposition%3A+(%22delivered%22+or+%22released%22)+or+text",
    "/trace/counted?since=30d",
    "/trace/counted?recipient=nobody-here%40example.com",
    "/trace/fields",
    "/trace/fields?since=30d&of=disposition",
    "/trace/fields?of=sender",
    "/trace/fields?of=is_local",
    "/trace/fields?of=colour",
    "/trace/counted?since=nonsense",
    "/trace/fields?of=user&recipient=nobody-here%40example.com",
    "/errors",
    "/errors?q=nothing-like-it",
    "/errors?move=sender",
    "/errors/5.1.1",
    "/errors/550",
    "/errors/9.9.9",
    "/insights",
    "/insights?range=",
    "/insights?range=&by=differs",
    "/insights?range=&disposition=quarantined&by=differs",
    "/insights?range=&by=disposition",
    "/insights?range=&by=verdict",
    "/insights?range=&by=colour",
    "/insights?since=2001-01-01&until=2001-01-02",
    "/sources",
    "/audit",
    "/audit?who=nobody-like-it",
    "/help",
    "/api",
    "/preferences",
    "/no-such-page",
    "/freshness",
)


@pytest.mark.parametrize("path", PAGES)
def test_no_word_of_a_page_is_left_in_english(pseudo: httpx.Client, data: str, path: str) -> None:
    """Texts, titles, labels and placeholders are said in the reader's language, or are data."""
    answer = pseudo.get(path)
    assert answer.status_code in (200, 400, 404), answer.status_code
    # What was asked stands in the page as it was written.
    assert strays(answer.text, f"{data}\n{unquote_plus(path)}") == []


def ids(client: httpx.Client) -> list[str]:
    """One trace of each outcome that there is, and more."""
    found: list[str] = []
    for outcome in (
        "delivered",
        "quarantined",
        "bounced",
        "deferred",
        "rejected",
        "expanded",
        "discarded",
        "expired",
        "unknown",
        "tempfailed",
    ):
        found += re.findall(r'<tr data-id="([^"]+)"', client.get("/trace", params={"disposition": outcome}).text)[:4]
    return found


def test_no_word_of_a_report_is_left_in_english(pseudo: httpx.Client, data: str) -> None:
    """Reports of every outcome, their print view, and the panel beside the list."""
    listed = ids(pseudo)
    assert len(listed) > 10
    left = {}
    for one in listed:
        for view in ("", "?view=print", "/side", "?from=since%3D30d%26disposition%3Dbounced"):
            if words := strays(pseudo.get(f"/trace/{one}{view}").text, data):
                left[one + view] = words
    assert left == {}


def test_no_word_of_what_is_pinned_is_left_in_english(pseudo: httpx.Client, data: str) -> None:
    """On the empty page, and on a result that has it."""
    parts = ('disposition: "delivered"', 'not sender: "x@y.example"')
    headers = {"cookie": f"{PINS}={as_cookie(parts)}"}
    for path in ("/trace", "/trace?query=disposition%3A+%22delivered%22"):
        answer = pseudo.get(path, headers=headers)
        assert 'class="pin"' in answer.text
        assert strays(answer.text, data) == [], path


def test_a_word_outside_of_marks_is_seen() -> None:
    """The check fails where it should: a text, a label, a title; not where data or a name stands."""
    assert strays("<p>⟦Ask⟧ now</p>") == ["p: 'now'"]
    assert strays('<a aria-label="Close" title="⟦Copy⟧">⟦x <b>y</b>⟧</a>') == ["a aria-label: 'Close'"]
    assert strays("<p>⟦from <bdi>ann</bdi> to⟧ <bdi>bob</bdi> <code>field</code> Mail Trace ⟦in {zone}⟧ CET</p>", "ann bob") == []


def test_whoever_is_not_signed_in_reads_his_language(captured: Place, data: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The page that asks for a token, also with a wrong one; and what a customer reads."""
    tokens = Tokens(tmp_path_factory.mktemp("access") / "tokens.json")
    secret = tokens.create("Club", Role.CUSTOMER, NOW_MS, domains=["example.org"])
    folder = tmp_path_factory.mktemp("guarded")
    with (
        closing(captured.store.engine()) as engine,
        serving(folder, engine, NOW_MS, customers=CUSTOMERS, tokens=tokens, open=False, books=Books(marked("de"))) as where,
        httpx.Client(base_url=where, headers={"accept-language": "de"}, follow_redirects=True, timeout=60.0) as client,
    ):
        asked = client.get("/sign-in")
        assert strays(asked.text) == []
        csrf = re.search(r'name="csrf" value="([^"]+)"', asked.text)
        assert csrf is not None
        wrong = client.post("/sign-in", data={"csrf": csrf[1], "token": "mt_wrong", "next": "/"})
        assert wrong.status_code == 400
        assert strays(wrong.text) == []
        client.post("/sign-in", data={"csrf": csrf[1], "token": secret, "next": "/domains"})
        for path in ("/domains", "/trace?since=30d", "/errors", "/insights?range=", "/help", "/sources", "/trace?recipient=x%40y.example"):
            answer = client.get(path)
            assert strays(answer.text, data) == [], path
            reports = re.findall(r'<tr data-id="([^"]+)"', answer.text)[:5]
            for one in reports:
                assert strays(client.get(f"/trace/{one}").text, data) == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_says_which_language_it_is_in(address: str, code: str) -> None:
    """As the browser asks, and as was chosen."""
    assert f'<html lang="{code}"' in httpx.get(f"{address}/domains", headers={"accept-language": f"{code},en;q=0.5"}).text
    assert f'<html lang="{code}"' in httpx.get(f"{address}/domains", cookies={"lang": code}, headers={"accept-language": "en"}).text
