"""Who gets in: tokens made and revoked by the command, sessions of people, a service without tokens, and what is written down of it all."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import http_mail
import httpx
import pytest
import structlog
from conftest import Done
from http_service import (
    ADMIN,
    ANYWHERE,
    API,
    CUSTOMERS,
    PEOPLE,
    Running,
    csrf_of,
    fill,
    give_tokens,
    json_of,
    problem_of,
    running,
    settings,
    until,
)
from stores import Embedded
from structlog.testing import CapturingLogger

from mailtrace.access import access_folder, tokens
from mailtrace.settings import Http, Settings
from search.access import Role

pytest_plugins = ("http_fixtures",)

SESSION, VISIT = "mailtrace_session", "mailtrace_visit"
#: Stands before a cookie's name over TLS.
HOST = "__Host-"


@pytest.fixture
def store(tmp_path: Path) -> Embedded:
    """Give a store with a little mail of several tenants."""
    made = Embedded(tmp_path / "data" / "store")
    fill(made, http_mail.mail(seed=4, count=12), {"mx7": http_mail.START_MS})
    return made


@pytest.fixture
def made(store: Embedded, tmp_path: Path) -> Settings:
    """Give the settings of a service over it."""
    return settings(store, tmp_path / "data")


@pytest.fixture
def guarded(made: Settings) -> Iterator[Running]:
    """Give a service with tokens of its own."""
    with running(made, give_tokens(made)) as service:
        yield service


# Tokens by the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_customers(tmp_path: Path, mailtrace: Callable[..., Done]) -> Callable[..., Done]:
    """Give the command with the customers in its settings."""
    tables = [f"[[customer]]\nname = {json.dumps(one.name)}\ndomains = {json.dumps(list(one.domains))}\n" for one in CUSTOMERS]
    config = tmp_path / "mailtrace.toml"
    config.write_text("\n".join(tables), encoding="utf-8")
    return lambda *words, **environ: mailtrace(*words, MAILTRACE_CONFIG=str(config), **environ)


def test_a_token_is_shown_once_and_kept_as_a_hash(with_customers: Callable[..., Done], made: Settings) -> None:
    """Standard output is the token alone; no file of the data folder holds it, and its file is for its owner only."""
    done = with_customers("token", "create", "Integrator", "--role", "integrator", "--customer", "North", "--customer", "East")
    assert done.returncode == 0
    secret = done.stdout.strip()
    assert secret.startswith("mt_")
    assert len(secret) > 40
    assert "this once" in done.stderr
    assert secret not in done.stderr
    listed = with_customers("token", "list")
    assert (secret in listed.stdout, "Integrator" in listed.stdout, "customer North, customer East" in listed.stdout) == (False, True, True)
    with running(made) as service:
        headers = {"Authorization": f"Bearer {secret}"}
        assert json_of(service.client(None).get(f"{API}/domains", headers=headers))["domains"]
        assert_nowhere(secret, made.data_dir)
    kept = access_folder(made)
    assert stat.S_IMODE((kept / "tokens.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((kept / "session.key").stat().st_mode) == 0o600
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (kept / "audit").iterdir())


def assert_nowhere(secret: str, folder: Path) -> None:
    """No file below a folder holds a secret or a part of it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 2
    for path in files:
        assert secret[3:23].encode() not in path.read_bytes(), path


def test_a_token_opens_what_its_role_and_customers_say(with_customers: Callable[..., Done], made: Settings) -> None:
    """By customer, by domain in any spelling, by both; an admin sees the audit log."""
    given: dict[str, set[str]] = {}
    for words, domains in (
        (("--role", "integrator", "--customer", "north"), {"example.org", "bücher.example"}),
        (("--role", "customer", "--domain", "EXAMPLE.net", "--domain", "xn--bcher-kva.example"), {"example.net", "bücher.example"}),
        (("--role", "customer", "--domain", "x.example", "--customer", "East"), {"x.example", "sub.example.net"}),
    ):
        done = with_customers("token", "create", f"Token {len(given)}", *words)
        given[done.stdout.strip()] = domains
    admin = with_customers("token", "create", "Admin", "--role", "admin").stdout.strip()
    with running(made) as service:
        client = service.client(None)
        for secret, domains in given.items():
            headers = {"Authorization": f"Bearer {secret}"}
            assert {row["domain"] for row in json_of(client.get(f"{API}/domains", headers=headers))["domains"]} == domains
            assert client.get(f"{API}/audit", headers=headers).status_code == 403
        assert client.get(f"{API}/audit", headers={"Authorization": f"bearer  {admin}"}).status_code == 200


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("create",), 2, "needs a NAME"),
        (("create", "x"), 2, "--role"),
        (("create", "x", "--role", "king"), 2, "king"),
        (("create", "x", "--role", "customer"), 1, "needs a customer or a domain"),
        (("create", "x", "--role", "admin", "--domain", "example.org"), 1, "an admin sees everything"),
        (("create", "x", "--role", "customer", "--customer", "Nowhere"), 2, "Nowhere"),
        (("create", "x", "--role", "admin", "--expires", "soon"), 2, "soon"),
        (("create", "x", "--role", "admin", "--expires", "forever"), 2, "30d"),
        (("create", "x", "--role", "admin", "--expires", "20GB"), 2, "20GB"),
        (("create", " ", "--role", "admin"), 1, "printable"),
        (("create", "a\nb", "--role", "admin"), 1, "printable"),
        (("revoke",), 2, "needs a NAME"),
        (("revoke", "nobody"), 1, "no token named"),
        (("frobnicate",), 2, "frobnicate"),
    ],
)
def test_what_cannot_be_made_is_told_in_one_sentence(
    with_customers: Callable[..., Done], words: tuple[str, ...], code: int, said: str
) -> None:
    """No token is made then."""
    done = with_customers("token", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "No access token was made yet" in with_customers("token", "list").stdout


def test_a_name_can_be_used_again_when_its_token_is_revoked(with_customers: Callable[..., Done]) -> None:
    """Two valid ones of a name could not be told apart in the audit log."""
    first = with_customers("token", "create", "Ann", "--role", "admin")
    again = with_customers("token", "create", "Ann", "--role", "admin")
    assert (first.returncode, again.returncode, again.stdout) == (0, 1, "")
    assert "revoke it first" in " ".join(again.stderr.split())
    assert with_customers("token", "revoke", "Ann").returncode == 0
    assert with_customers("token", "create", "Ann", "--role", "admin").returncode == 0
    listed = with_customers("token").stdout.splitlines()
    assert [" revoked " in line for line in listed] == [True, False]


def test_a_revocation_holds_at_once_in_a_running_service(with_customers: Callable[..., Done], made: Settings) -> None:
    """The next request is refused; the tokens of others go on."""
    secrets = {name: with_customers("token", "create", name, "--role", "admin").stdout.strip() for name in ("Ann", "Bob")}
    with running(made, secrets) as service:
        assert [service.get("/health", who=name).status_code for name in ("Ann", "Bob")] == [200, 200]
        assert with_customers("token", "revoke", "Ann").returncode == 0
        assert [service.get("/health", who=name).status_code for name in ("Ann", "Bob")] == [401, 200]
        secrets["Carl"] = with_customers("token", "create", "Carl", "--role", "customer", "--domain", "example.org").stdout.strip()
        assert service.get("/health", who="Carl").status_code == 200


def test_a_token_ends_at_its_time(with_customers: Callable[..., Done], made: Settings) -> None:
    """`--expires` is told in the list; from that moment on nothing opens."""
    assert with_customers("token", "create", "For long", "--role", "admin", "--expires", "30d").returncode == 0
    assert "expires" in with_customers("token", "list").stdout
    now_ms = time.time_ns() // 1_000_000
    secret = tokens(made).create("Short", Role.ADMIN, now_ms, expires_ms=now_ms + 1_500)
    with running(made, {"Short": secret}) as service:
        assert service.get("/health", who="Short").status_code == 200
        until(lambda: service.get("/health", who="Short").status_code == 401, 5)
    assert " expired " in with_customers("token", "list").stdout


def test_damaged_tokens_open_nothing(guarded: Running, made: Settings) -> None:
    """Where the file cannot be read nobody gets in, also not with a token that was valid; the service says that it is its fault."""
    path = access_folder(made) / "tokens.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    told = problem_of(guarded.get("/traces"), 500)
    assert told["detail"] == "Something went wrong on our side."
    assert guarded.get("/traces", who=None).status_code == 401
    path.write_bytes(whole)
    assert guarded.get("/traces").status_code == 200


# Without any token --------------------------------------------------------------------------------------------------------


def test_without_a_token_whoever_is_on_this_machine_sees_all(made: Settings) -> None:
    """The service says so, and listens on the loopback address alone."""
    with running(made) as service:
        assert service.open
        assert urlsplit(service.address).hostname == "127.0.0.1"
        assert json_of(service.get("/traces", who=None))["total"]["value"] > 0
        assert json_of(service.get("/audit", who=None))["entries"][0]["who"] == "this machine"
        # A token that is wrong is not taken for none.
        assert service.client(None).get(f"{API}/traces", headers={"Authorization": "Bearer mt_x"}).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ANYWHERE, "localhost.evil.example:8025", "[::2]:1"]
)
def test_without_a_token_it_is_reached_by_names_of_this_machine_only(made: Settings, host: str) -> None:
    """A page elsewhere could reach it by a name of its own that leads here; such a name is refused."""
    with running(made) as service:
        client = service.client(None)
        for path in (f"{API}/traces", "/domains", f"{API}/openapi.json", "/healthz"):
            problem_of(client.get(path, headers={"Host": host}), 421)
        port = urlsplit(service.address).port
        for own in (f"localhost:{port}", f"127.0.0.1:{port}", "LOCALHOST:1", "[::1]:8025", "localhost", "127.0.0.1"):
            assert client.get(f"{API}/health", headers={"Host": own}).status_code == 200, own


def test_with_tokens_it_has_any_name(guarded: Running) -> None:
    """Behind a proxy it is called as the proxy is."""
    headers = {"Host": "mail.example.com", "Authorization": f"Bearer {guarded.secrets[ADMIN.name]}"}
    assert guarded.client(None).get(f"{API}/health", headers=headers).status_code == 200


def test_an_open_service_closes_when_a_token_is_made(made: Settings, with_customers: Callable[..., Done]) -> None:
    """Whoever makes the first token means access to be closed; at once, and for good."""
    with running(made) as service:
        assert service.get("/traces", who=None).status_code == 200
        secret = with_customers("token", "create", "Ann", "--role", "admin").stdout.strip()
        assert service.get("/traces", who=None).status_code == 401
        assert service.client(None).get("/domains").status_code == 303
        assert service.client(None).get(f"{API}/traces", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_expired_tokens_do_not_open_the_service(made: Settings) -> None:
    """That the last token has ended does not mean that everybody may come in."""
    now_ms = time.time_ns() // 1_000_000
    tokens(made).create("Old", Role.ADMIN, now_ms - 2_000, expires_ms=now_ms - 1_000)
    with running(made) as service:
        assert not service.open
        assert service.get("/traces", who=None).status_code == 401


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.0.2.1", "example.org"])
def test_without_a_token_no_other_address_is_listened_on(
    mailtrace_process: Callable[..., subprocess.Popen[str]], host: str, tmp_path: Path
) -> None:
    """One sentence that says what to do, and exit code 1."""
    program = mailtrace_process("serve", "--host", host, "--port", "0")
    out, told = program.communicate(timeout=30)
    assert (program.returncode, out) == (1, "")
    told = " ".join(told.split())
    assert "no access token is configured" in told
    assert "mailtrace token create" in told
    assert told.count(". ") == 0


# People: signing in -------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(guarded: Running) -> Iterator[httpx.Client]:
    """Give what keeps cookies as a browser does."""
    with guarded.fresh() as client:
        yield client


def sign_in(client: httpx.Client, token: str, behind: str = "/", **changes: str) -> httpx.Response:
    """Fill in the form and send it."""
    page = client.get("/sign-in", params={"next": behind})
    form = {"token": token, "next": behind, "csrf": csrf_of(page.text), **changes}
    return client.post("/sign-in", data=form)


def cookies_of(response: httpx.Response) -> dict[str, Morsel[str]]:
    """The cookies that an answer sets."""
    found: dict[str, Morsel[str]] = {}
    for header in response.headers.get_list("set-cookie"):
        jar: SimpleCookie = SimpleCookie()
        jar.load(header)
        found.update(jar)
    return found


def test_a_person_without_a_session_is_sent_to_sign_in_and_back(guarded: Running, browser: httpx.Client) -> None:
    """The page that was wanted is kept on the way, and shown after it."""
    wanted = "/trace?recipient=ann%40example.org&since=7d"
    sent = browser.get(wanted)
    assert sent.status_code == 303
    location = sent.headers["location"]
    assert location.startswith("/sign-in?next=%2Ftrace%3Frecipient%3D")
    page = browser.get(location)
    assert page.status_code == 200
    assert "no-store" in page.headers["cache-control"]
    form = {"token": f" {guarded.secrets[ADMIN.name]}\n", "next": httpx.URL(location).params["next"], "csrf": csrf_of(page.text)}
    done = browser.post("/sign-in", data=form)
    assert (done.status_code, done.headers["location"]) == (303, wanted)
    assert browser.get(wanted).status_code == 200
    # The API knows the same session.
    assert json_of(browser.get(f"{API}/traces"))["total"]["value"] > 0


def test_cookies_are_out_of_reach(guarded: Running, browser: httpx.Client) -> None:
    """No script reads them, no form of another site sends them, none is kept for longer than the session; the token is not in them."""
    page = browser.get("/sign-in")
    visit = cookies_of(page)[VISIT]
    signed = cookies_of(sign_in(browser, guarded.secrets[ADMIN.name]))[SESSION]
    for one in (visit, signed):
        assert (one["httponly"], one["samesite"].lower(), one["path"], one["secure"], one["domain"]) == (True, "lax", "/", "", "")
    assert 0 < int(signed["max-age"]) <= 12 * 3600
    assert guarded.secrets[ADMIN.name] not in signed.value
    assert guarded.secrets[ADMIN.name] not in page.text


def test_behind_tls_cookies_are_secure(guarded: Running) -> None:
    """A proxy on this machine says that the browser came over TLS."""
    with guarded.fresh(headers={"X-Forwarded-Proto": "https"}) as client:
        page = client.get("/sign-in")
        jar = {"Cookie": f"{HOST}{VISIT}={cookies_of(page)[HOST + VISIT].value}"}
        form = {"token": guarded.secrets[ADMIN.name], "next": "/", "csrf": csrf_of(page.text)}
        done = client.post("/sign-in", data=form, headers=jar)
        assert done.status_code == 303
        assert all(one["secure"] for one in (*cookies_of(page).values(), *cookies_of(done).values()))


def test_a_proxy_that_is_not_trusted_is_not_believed(made: Settings, store: Embedded, tmp_path: Path) -> None:
    """Neither what it says of TLS nor of the caller's address."""
    other = settings(store, tmp_path / "data", Http(timezone="UTC", proxies=("192.0.2.1",)))
    for believed, chosen in ((True, made), (False, other)):
        if not believed:
            (access_folder(chosen) / "tokens.json").unlink()
        with running(chosen, give_tokens(chosen)) as service, service.fresh() as client:
            page = client.get("/sign-in", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.77"})
            assert {name: bool(one["secure"]) for name, one in cookies_of(page).items()} == {(HOST if believed else "") + VISIT: believed}
            service.get("/errors", x_forwarded_for="203.0.113.77")
            entry = json_of(service.get("/audit", [("what", "errors")]))["entries"][0]
            assert entry["address"] == ("203.0.113.77" if believed else "127.0.0.1")


def test_cookies_lie_below_the_base(store: Embedded, tmp_path: Path) -> None:
    """Another service at the same name does not get them."""
    chosen = settings(store, tmp_path / "data", Http(base="/mail", timezone="UTC"))
    with running(chosen, give_tokens(chosen)) as service, service.fresh() as client:
        page = client.get("/sign-in")
        assert 'action="/mail/sign-in"' in page.text
        form = {"token": service.secrets[ADMIN.name], "next": "/trace", "csrf": csrf_of(page.text)}
        done = client.post("/sign-in", data=form)
        assert (done.status_code, done.headers["location"]) == (303, "/mail/trace")
        assert {one["path"] for one in (*cookies_of(page).values(), *cookies_of(done).values())} == {"/mail"}
        assert client.get("/trace").status_code == 200


def test_wrong_expired_and_revoked_tokens_get_the_same_answer(guarded: Running, browser: httpx.Client) -> None:
    """Nobody learns which it was, and no session begins."""
    answers = []
    for token in (
        "mt_wrong",
        "",
        guarded.secrets["Expired"],
        guarded.secrets["Revoked"],
        "x" * 10_000,
        "\x00",
        "<script>alert(1)</script>",
    ):
        answer = sign_in(browser, token, "/trace")
        assert answer.status_code == 400
        assert SESSION not in cookies_of(answer)
        assert token not in answer.text or not token
        # The form's mark is another one in each answer.
        answers.append(answer.text.replace(csrf_of(answer.text), ""))
    assert len(set(answers)) == 1
    assert browser.get("/trace").status_code == 303


def test_pages_are_compressed_and_the_mark_of_a_form_is_another_one_each_time(guarded: Running, browser: httpx.Client) -> None:
    """So how well a page compresses tells nothing of it; each of the marks is right, and none of them with a bit changed."""
    assert sign_in(browser, guarded.secrets[ADMIN.name]).status_code == 303
    pages = [browser.get("/trace", headers={"Accept-Encoding": "gzip"}) for _ in range(20)]
    assert {page.headers.get("content-encoding") for page in pages} == {"gzip"}
    assert int(pages[0].headers["content-length"]) < len(pages[0].text) / 2
    marks = [csrf_of(page.text) for page in pages]
    halves = [half for mark in marks for half in (mark[:64], mark[64:])]
    assert len(set(halves)) == len(halves)
    # What stands under the mask is nowhere the same in all of them.
    for place in range(0, 128, 2):
        assert len({mark[place : place + 2] for mark in marks}) > 10
    for wrong in (marks[0][:-1] + ("0" if marks[0][-1] != "0" else "1"), marks[0][:64] + marks[1][64:], marks[0][64:], marks[0] + "00"):
        assert browser.post("/preferences", data={"csrf": wrong, "next": "/"}).status_code == 403
    for mark in marks[:3]:
        assert browser.post("/preferences", data={"csrf": mark, "next": "/"}).status_code == 303


def test_what_a_page_elsewhere_asks_for_is_not_compressed(guarded: Running, browser: httpx.Client) -> None:
    """It chose the question, which stands in the answer beside mail."""
    sign_in(browser, guarded.secrets[ADMIN.name])
    for site, packed in (("cross-site", False), ("same-site", False), ("same-origin", True), ("none", True)):
        answer = browser.get("/trace?since=30d", headers={"Accept-Encoding": "gzip", "Sec-Fetch-Site": site})
        assert (answer.headers.get("content-encoding") == "gzip") is packed, site


def test_a_form_without_its_mark_is_refused(guarded: Running, browser: httpx.Client) -> None:
    """Another site cannot sign somebody in or out, not with the mark of another browser either."""
    right = guarded.secrets[ADMIN.name]
    with guarded.fresh() as other:
        mark = csrf_of(other.get("/sign-in").text)
    browser.get("/sign-in")
    for csrf in (None, "", "x", mark, mark.upper(), "é"):
        form = {"token": right, "next": "/"} | ({} if csrf is None else {"csrf": csrf})
        answer = browser.post("/sign-in", data=form)
        assert answer.status_code == 403
        assert SESSION not in cookies_of(answer)
    # Without any cookie no mark is right.
    with guarded.fresh() as blank:
        assert blank.post("/sign-in", data={"token": right, "next": "/", "csrf": mark}).status_code == 403
    assert sign_in(browser, right).status_code == 303
    assert browser.post("/sign-out", data={"csrf": mark}).status_code == 403
    assert browser.get("/trace").status_code == 200


@pytest.mark.parametrize(
    "behind",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "trace",
        "",
        "/\n/evil.example",
        "/a\r\nSet-Cookie: x=1",
        "/%0d%0aSet-Cookie:x=1" + "\x00",
        "///evil.example",
        "http:evil.example",
        "/\t/evil.example",
    ],
)
def test_after_signing_in_one_stays_here(guarded: Running, browser: httpx.Client, behind: str) -> None:
    """`next` leads to a page of ours, never to an address that a link elsewhere chose."""
    done = sign_in(browser, guarded.secrets[ADMIN.name], behind)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert "x" not in cookies_of(done)


@pytest.mark.parametrize("behind", ["/", "/trace?recipient=a%26b&since=7d", "/errors#x", "/trace/01kax"])
def test_after_signing_in_one_goes_where_one_wanted_to(guarded: Running, browser: httpx.Client, behind: str) -> None:
    """With its question."""
    assert sign_in(browser, guarded.secrets[ADMIN.name], behind).headers["location"] == behind


def test_a_session_dies_with_its_token(guarded: Running, browser: httpx.Client, made: Settings) -> None:
    """Revoked, and the next click asks for a token again."""
    sign_in(browser, guarded.secrets[PEOPLE[1].name])
    assert browser.get("/trace").status_code == 200
    tokens(made).revoke(PEOPLE[1].name, time.time_ns() // 1_000_000)
    assert browser.get("/trace").status_code == 303
    assert browser.get(f"{API}/traces").status_code == 401


def test_signing_out_ends_the_session(guarded: Running, browser: httpx.Client) -> None:
    """The cookie goes; going back shows nothing."""
    sign_in(browser, guarded.secrets[ADMIN.name])
    page = browser.get("/trace")
    assert "no-store" in page.headers["cache-control"]
    done = browser.post("/sign-out", data={"csrf": csrf_of(page.text)})
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
    gone = cookies_of(done)[SESSION]
    assert (gone.value, int(gone["max-age"])) == ("", 0)
    assert SESSION not in browser.cookies
    assert browser.get("/trace").status_code == 303


def test_a_forged_or_altered_session_is_none(guarded: Running, browser: httpx.Client) -> None:
    """A cookie is ours or nothing; that of another service is nothing."""
    sign_in(browser, guarded.secrets[ADMIN.name])
    right = browser.cookies[SESSION]
    digest = json.loads((guarded.data / "access" / "tokens.json").read_bytes())[0]["digest"]
    for forged in (right[:-1], right[1:], right.replace(".", "", 1), digest, f"{digest}.x.y", "", "é", "." * 50, f"{right}x"):
        with guarded.fresh(headers={"Cookie": f"{SESSION}={forged}".encode()}) as client:
            assert client.get(f"{API}/traces").status_code == 401, forged
    with guarded.fresh(headers={"Cookie": f"{SESSION}={right}"}) as client:
        assert client.get(f"{API}/traces").status_code == 200


def test_a_session_outlives_a_restart(made: Settings) -> None:
    """Nothing is kept in memory."""
    secrets = give_tokens(made)
    with running(made, secrets) as service, service.fresh() as client:
        sign_in(client, secrets[ADMIN.name])
        session = client.cookies[SESSION]
    with running(made, secrets) as service, service.fresh(headers={"Cookie": f"{SESSION}={session}"}) as client:
        assert client.get("/trace").status_code == 200


def test_pages_show_what_the_caller_may_see(guarded: Running, browser: httpx.Client) -> None:
    """A session has the scope of its token: another tenant's trace is a page that there is not."""
    person = PEOPLE[4]
    everything = json_of(guarded.get("/traces", [("limit", "1000")]))["traces"]
    own = {row["id"] for row in json_of(guarded.get("/traces", [("limit", "1000")], person))["traces"]}
    sign_in(browser, guarded.secrets[person.name])
    shown = refused = 0
    for row in everything:
        page = browser.get(f"/trace/{row['id']}")
        assert page.status_code == (200 if row["id"] in own else 404)
        shown, refused = shown + (row["id"] in own), refused + (row["id"] not in own)
    assert min(shown, refused) > 3
    assert browser.get("/audit").status_code in (403, 404)


# The audit log ------------------------------------------------------------------------------------------------------------


def lines(made: Settings) -> list[dict[str, object]]:
    """The audit log as it lies there."""
    return [json.loads(line) for path in sorted((access_folder(made) / "audit").glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def entry_of(made: Settings, response: httpx.Response) -> dict[str, object]:
    """The line about an answer; it is written when the answer has been sent."""
    found: list[dict[str, object]] = []

    def there() -> bool:
        found[:] = [one for one in lines(made) if one["request_id"] == response.headers["x-request-id"]]
        return bool(found)

    until(there)
    (entry,) = found
    return entry


def test_who_asked_what_is_written_down(guarded: Running, made: Settings) -> None:
    """Who, when, what, how many rows, how it ended, and the id that the answer told."""
    person = PEOPLE[1]
    rows = json_of(guarded.get("/traces", [("recipient", "example.org"), ("limit", "5")], person))
    asked = [
        ("search", guarded.get("/traces", [("recipient", "example.org"), ("limit", "5")], person), len(rows["traces"])),
        ("report", guarded.get(f"/traces/{rows['traces'][0]['id']}", who=person), 1),
        ("report", guarded.get("/traces/none", who=person), 0),
        ("export", guarded.get("/traces", who=person, accept="text/csv"), json_of(guarded.get("/traces", who=person))["total"]["value"]),
        ("domains", guarded.get("/domains", who=person), 3),
        ("errors", guarded.get("/errors/5.1.1", who=person), len(json_of(guarded.get("/errors/5.1.1", who=person)))),
        ("audit", guarded.get("/audit", [("limit", "2")]), 2),
    ]
    for what, response, number in asked:
        entry = entry_of(made, response)
        assert (entry["what"], entry["rows"], entry["status"]) == (what, number, response.status_code)
        assert entry["who"] == (ADMIN.name if what == "audit" else person.name)
        assert entry["role"] == ("admin" if what == "audit" else "integrator")
        assert entry["address"] == "127.0.0.1"
        path = response.request.url.raw_path.decode()
        assert entry["question"] == path
        assert str(entry["time"]).endswith("Z")
        assert entry["took_ms"] != 0


def test_the_log_is_searched_by_admins(guarded: Running, made: Settings) -> None:
    """By caller, by kind, page by page, newest first, each entry once."""
    for number in range(25):
        guarded.get("/traces", [("limit", str(number + 1))], PEOPLE[1 + number % 3])
    entry_of(made, guarded.get("/domains", who=PEOPLE[2]))
    found, before = [], None
    while True:
        params = [("what", "search"), ("limit", "10"), *([("before", before)] if before else [])]
        answer = json_of(guarded.get("/audit", params))
        found += answer["entries"]
        before = answer["next"]
        if before is None:
            break
    times = [one["time"] for one in found]
    assert times == sorted(times, reverse=True)
    assert len({one["request_id"] for one in found}) == len(found) == 25
    assert {one["who"] for one in found} == {person.name for person in PEOPLE[1:4]}
    assert {one["who"] for one in json_of(guarded.get("/audit", [("who", PEOPLE[2].name)]))["entries"]} == {PEOPLE[2].name}
    assert len(json_of(guarded.get("/audit", [("who", PEOPLE[2].name), ("what", "domains")]))["entries"]) == 1
    assert json_of(guarded.get("/audit", [("who", "nobody")]))["entries"] == []


def test_pages_of_the_log_lose_nothing_of_one_millisecond(guarded: Running, made: Settings) -> None:
    """Many calls end at the same time; each is on one page."""
    entry_of(made, guarded.get("/domains"))
    (line,) = lines(made)
    with (access_folder(made) / "audit" / "audit-2026-01.jsonl").open("a") as file:
        for number in range(20):
            at = f"2026-01-01T00:00:00.00{number // 7}Z"
            file.write(json.dumps({**line, "time": at, "request_id": f"{number:012x}", "who": "Many"}) + "\n")
    found, before = [], None
    while True:
        answer = json_of(guarded.get("/audit", [("who", "Many"), ("limit", "4"), *([("before", before)] if before else [])]))
        found += [one["request_id"] for one in answer["entries"]]
        if (before := answer["next"]) is None:
            break
    assert found == [f"{number:012x}" for number in range(19, -1, -1)]
    for odd in ("_", "x", "9999", "0", "\x00"):
        assert guarded.get("/audit", [("before", odd)]).status_code == 200


def test_signing_in_and_out_is_written_down(guarded: Running, browser: httpx.Client, made: Settings) -> None:
    """Also where it was refused; never the token."""
    sign_in(browser, "mt_wrong-secret-of-somebody")
    sign_in(browser, guarded.secrets[ADMIN.name])
    entry_of(made, browser.post("/sign-out", data={"csrf": csrf_of(browser.get("/trace").text)}))
    kinds = [str(one["what"]) for one in lines(made)]
    assert "sign-in refused" in kinds
    assert f"sign-in as {ADMIN.name}" in kinds
    assert kinds[-1] == "sign-out"
    assert "wrong-secret" not in json.dumps(lines(made))


def test_the_log_is_only_ever_appended(guarded: Running, made: Settings) -> None:
    """What was written stays as it is, from several callers at the same time, each line whole."""
    guarded.get("/traces")
    until(lambda: len(lines(made)) == 1)
    (path,) = (access_folder(made) / "audit").glob("*.jsonl")
    before = path.read_bytes()
    clients = [guarded.fresh(headers={"Authorization": f"Bearer {guarded.secrets[person.name]}"}) for person in PEOPLE[:4]]

    def ask(client: httpx.Client) -> None:
        for number in range(15):
            client.get(f"{API}/traces", params={"sender": f"{number}-{'x' * 900}"})

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    until(lambda: len(lines(made)) == before.count(b"\n") + 60)
    assert path.read_bytes().startswith(before)


def test_half_a_line_spoils_nothing(guarded: Running, made: Settings) -> None:
    """A disk that was full left a part of a line; the others are found."""
    guarded.get("/domains")
    until(lambda: len(lines(made)) == 1)
    (path,) = (access_folder(made) / "audit").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"time":"2026-11\xff\n')
    guarded.get("/errors")
    until(lambda: [one["what"] for one in json_of(guarded.get("/audit", [("who", ADMIN.name)]))["entries"]][-2:] == ["errors", "domains"])


def test_an_export_that_breaks_off_is_written_down_too(guarded: Running, made: Settings) -> None:
    """Whoever reads a part and goes away has read a part."""
    host, port = urlsplit(guarded.address).hostname, urlsplit(guarded.address).port
    with socket.create_connection((host or "", port or 0)) as connection:
        asked = f"GET {API}/traces HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\nAuthorization: Bearer {guarded.secrets[ADMIN.name]}\r\n\r\n"
        connection.sendall(asked.encode())
        assert connection.recv(20).startswith(b"HTTP/1.1 200")
    until(lambda: any(one["what"] == "export" for one in lines(made)))


def test_secrets_are_in_no_log(guarded: Running, made: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the audit log nor in the program's own, also where something went wrong."""
    kept = CapturingLogger()
    structlog.configure(logger_factory=lambda *_: kept, cache_logger_on_first_use=False)
    try:
        for who in (ADMIN, PEOPLE[1], "Expired", "Revoked"):
            for path in ("/traces", "/traces?nonsense=1", "/traces/none", "/nowhere", "/audit"):
                guarded.get(path, who=who)
            with guarded.fresh() as browser:
                sign_in(browser, guarded.secrets[who if isinstance(who, str) else who.name])
        whole = (access_folder(made) / "tokens.json").read_bytes()
        (access_folder(made) / "tokens.json").write_bytes(b"[")
        guarded.get("/traces")
        (access_folder(made) / "tokens.json").write_bytes(whole)
    finally:
        structlog.reset_defaults()
    logs = json.dumps(lines(made)) + caplog.text + repr(kept.calls)
    assert kept.calls
    for secret in guarded.secrets.values():
        assert secret[3:20] not in logs
        assert_nowhere(secret, made.data_dir)
