"""Sessions end when they should, cookies go nowhere else, and tokens that open nothing are refused, noted and limited."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import http_mail
import httpx
import pytest
from http_service import ADMIN, API, PEOPLE, Running, csrf_of, fill, give_tokens, json_of, problem_of, running, settings, until
from litestar import Request
from stores import Embedded
from test_access import HOST, SESSION, VISIT, cookies_of, lines, sign_in

from mailtrace.access import access_folder
from mailtrace.settings import Http, Settings
from search.http import strangers
from search.http.sessions import IDLE_S, LIFE_S, AnyRequest, BrowserSession, Sessions
from search.http.tokens import digest

pytest_plugins = ("http_fixtures",)


@pytest.fixture
def store(tmp_path: Path) -> Embedded:
    """Give a store with a little mail."""
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


@pytest.fixture
def browser(guarded: Running) -> Iterator[httpx.Client]:
    """Give what keeps cookies as a browser does."""
    with guarded.fresh() as client:
        yield client


def with_cookie(service: Running, session: str, path: str = "/trace") -> int:
    """The status of a page for a copy of a cookie."""
    with service.fresh(headers={"Cookie": f"{SESSION}={session}"}) as client:
        return client.get(path).status_code


def sign_out(browser: httpx.Client) -> httpx.Response:
    """Send the form."""
    return browser.post("/sign-out", data={"csrf": csrf_of(browser.get("/trace").text)})


# Their ends ---------------------------------------------------------------------------------------------------------------


def test_signing_out_ends_the_session_at_the_server(guarded: Running, browser: httpx.Client, made: Settings) -> None:
    """No copy of the cookie opens a page or the API any more; other sessions of the same token go on."""
    sign_in(browser, guarded.secrets[ADMIN.name])
    copy = browser.cookies[SESSION]
    with guarded.fresh() as other:
        sign_in(other, guarded.secrets[ADMIN.name])
        assert with_cookie(guarded, copy) == 200
        assert sign_out(browser).status_code == 303
        assert [with_cookie(guarded, copy, path) for path in ("/trace", f"{API}/traces", "/audit")] == [303, 401, 303]
        assert other.get("/trace").status_code == 200
    kept = access_folder(made) / "signed-out.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert copy not in kept.read_text()


def test_a_session_that_was_signed_out_stays_so_after_a_restart(made: Settings) -> None:
    """What ended is kept with the tokens, not in memory."""
    secrets = give_tokens(made)
    with running(made, secrets) as service, service.fresh() as client:
        sign_in(client, secrets[ADMIN.name])
        copy = client.cookies[SESSION]
        sign_out(client)
    with running(made, secrets) as service:
        assert with_cookie(service, copy) == 303


def sign_in_over(browser: httpx.Client, token: str) -> httpx.Response:
    """Send the form of signing in while signed in."""
    return browser.post("/sign-in", data={"token": token, "next": "/", "csrf": csrf_of(browser.get("/trace").text)})


def test_signing_in_again_ends_the_session_before(guarded: Running, browser: httpx.Client) -> None:
    """And gives a new one: no session outlives a change of who it is, also one that somebody else put into the browser."""
    with guarded.fresh() as attacker:
        sign_in(attacker, guarded.secrets[PEOPLE[2].name])
        planted = attacker.cookies[SESSION]
    with guarded.fresh(headers={"Cookie": f"{SESSION}={planted}; {VISIT}=abc"}) as victim:
        done = sign_in_over(victim, guarded.secrets[ADMIN.name])
        assert done.status_code == 303
        fresh = cookies_of(done)[SESSION].value
    assert fresh != planted
    assert [with_cookie(guarded, one) for one in (planted, fresh)] == [303, 200]


def asked(*headers: tuple[bytes, bytes]) -> AnyRequest:
    """A request without TLS."""
    scope: Any = {"type": "http", "scheme": "http", "headers": list(headers), "state": {}}
    return Request(scope)


def cookie_of(made: Settings, token: str, *, began_s: int, asked_s: int) -> str:
    """A cookie as the service made it so many seconds ago."""
    kept = Sessions(access_folder(made))
    now = int(time.time())
    found = kept._session_cookie(asked(), BrowserSession(f"s{began_s}.{asked_s}", digest(token), now - began_s, now - asked_s))
    assert found.value is not None
    return found.value


@pytest.mark.parametrize(
    ("began_s", "asked_s", "status"),
    [
        (0, 0, 200),
        (LIFE_S - 60, 0, 200),
        (LIFE_S, 0, 303),
        (IDLE_S, IDLE_S - 60, 200),
        (IDLE_S, IDLE_S, 303),
        (LIFE_S + 9, LIFE_S + 9, 303),
    ],
)
def test_a_session_ends_at_its_time_and_when_nothing_is_asked(
    guarded: Running, made: Settings, began_s: int, asked_s: int, status: int
) -> None:
    """Twelve hours in all, half an hour without a click."""
    assert with_cookie(guarded, cookie_of(made, guarded.secrets[ADMIN.name], began_s=began_s, asked_s=asked_s)) == status


def test_a_question_keeps_a_session_alive_and_a_page_that_lies_open_does_not(guarded: Running, made: Settings) -> None:
    """The cookie is given anew with the time of the question; forms that were shown before still count."""
    old = cookie_of(made, guarded.secrets[ADMIN.name], began_s=3_000, asked_s=1_700)
    with guarded.fresh(headers={"Cookie": f"{SESSION}={old}; {VISIT}=abc"}) as client:
        assert SESSION not in cookies_of(client.get("/freshness"))
        assert SESSION not in cookies_of(client.get(f"{API}/traces"))
        page = client.get("/trace")
        renewed = cookies_of(page)[SESSION].value
        assert renewed not in ("", old)
    with guarded.fresh(headers={"Cookie": f"{SESSION}={renewed}; {VISIT}=abc"}) as client:
        assert SESSION not in cookies_of(client.get("/trace"))
        assert client.post("/sign-out", data={"csrf": csrf_of(page.text)}).status_code == 303
    # The older form of the cookie is the same session.
    assert with_cookie(guarded, old) == 303


def test_what_was_signed_out_is_kept_no_longer_than_it_lives(made: Settings) -> None:
    """The file does not grow with the years."""
    now = [1_000_000.0]
    kept = Sessions(access_folder(made), clock=lambda: now[0])
    for _ in range(50):
        cookie = kept.begin(asked(), "d")
        signed = asked((b"cookie", f"{SESSION}={cookie.value}".encode()))
        assert kept.of(signed) is not None
        kept.end(signed)
        assert kept.of(signed) is None
        now[0] += LIFE_S / 10
    assert len(json.loads((access_folder(made) / "signed-out.json").read_bytes())) <= 11


def test_a_damaged_file_of_ended_sessions_opens_nothing(guarded: Running, browser: httpx.Client, made: Settings) -> None:
    """Rather nobody is signed in than somebody who signed out."""
    sign_in(browser, guarded.secrets[ADMIN.name])
    sign_out(browser)
    sign_in(browser, guarded.secrets[ADMIN.name])
    (access_folder(made) / "signed-out.json").write_bytes(b"[[")
    problem_of(browser.get(f"{API}/traces"), 500)
    assert guarded.get("/traces").status_code == 200


# Cookies and headers ------------------------------------------------------------------------------------------------------


def test_over_tls_cookies_are_of_this_host_alone(guarded: Running) -> None:
    """`__Host-` where it may be; and a cookie without the prefix, which others could have set, is none then."""
    with guarded.fresh(headers={"X-Forwarded-Proto": "https"}) as client:
        page = client.get("/sign-in")
        (visit,) = (one for name, one in cookies_of(page).items() if name == HOST + VISIT)
        form = {"token": guarded.secrets[ADMIN.name], "next": "/", "csrf": csrf_of(page.text)}
        done = client.post("/sign-in", data=form, headers={"Cookie": f"{HOST}{VISIT}={visit.value}"})
        session = cookies_of(done)[HOST + SESSION]
        for one in (visit, session):
            assert (one["secure"], one["httponly"], one["path"], one["domain"], one["samesite"].lower()) == (True, True, "/", "", "lax")
        for name, status in ((HOST + SESSION, 200), (SESSION, 303)):
            assert client.get("/trace", headers={"Cookie": f"{name}={session.value}"}).status_code == status


def test_below_a_base_cookies_have_the_prefix_that_fits(store: Embedded, tmp_path: Path) -> None:
    """`__Host-` would need the whole host."""
    chosen = settings(store, tmp_path / "data", Http(base="/mail", timezone="UTC"))
    with running(chosen, give_tokens(chosen)) as service, service.fresh(headers={"X-Forwarded-Proto": "https"}) as client:
        assert set(cookies_of(client.get("/sign-in"))) == {f"__Secure-{VISIT}"}


def test_over_tls_browsers_are_told_to_stay_with_it(guarded: Running) -> None:
    """`Strict-Transport-Security` with every answer, also with refusals; never without TLS, where it means nothing."""
    for path in ("/sign-in", "/trace", "/healthz", "/nowhere", f"{API}/traces", "/static/x/style.css"):
        with guarded.fresh() as client:
            assert client.get(path, headers={"X-Forwarded-Proto": "https"}).headers["strict-transport-security"] == "max-age=31536000"
            assert "strict-transport-security" not in client.get(path).headers


# Refused tokens -----------------------------------------------------------------------------------------------------------


def wrong(service: Running, count: int, **headers: str) -> list[httpx.Response]:
    """Send so many tokens that open nothing."""
    with service.fresh() as client:
        sent = [{"Authorization": f"Bearer mt_wrong-{number}-{'x' * 30}", **headers} for number in range(count)]
        return [client.get(f"{API}/traces", headers=one) for one in sent]


def test_refused_tokens_stand_in_the_audit_log(guarded: Running, made: Settings) -> None:
    """From where, and which, without the token: the first digits of its hash tell a revoked one from a guess."""
    with guarded.fresh(headers={"Authorization": f"Bearer {guarded.secrets['Revoked']}"}) as client:
        refused = client.get(f"{API}/traces")
    (entry,) = (one for one in lines(made) if one["what"] == "token refused")
    assert entry["request_id"] == refused.headers["x-request-id"]
    assert (entry["address"], entry["status"], entry["question"]) == ("127.0.0.1", 401, f"{API}/traces")
    assert str(entry["note"]) == f"sha256 {digest(guarded.secrets['Revoked'])[:12]}"
    assert guarded.secrets["Revoked"][3:20] not in json.dumps(lines(made))


def test_very_many_refused_tokens_are_limited_and_told_in_few_lines(guarded: Running, made: Settings) -> None:
    """429 with the headers of the limit, beyond it; a valid token from the same address is answered all the while, and can sign in."""
    answers = wrong(guarded, strangers.LIMIT + 20)
    assert [one.status_code for one in answers] == [401] * strangers.LIMIT + [429] * 20
    last = answers[-1]
    assert problem_of(last, 429)["detail"].startswith("Too many tokens")
    assert (last.headers["ratelimit-policy"], last.headers["ratelimit"][:14]) == ('"refused";q=100;w=60', '"refused";r=0;')
    assert 0 < int(last.headers["retry-after"]) <= 60
    assert guarded.get("/traces").status_code == 200
    with guarded.fresh() as browser:
        page = sign_in(browser, "mt_wrong")
        assert (page.status_code, "Too many tokens" in page.text) == (429, True)
        assert sign_in(browser, guarded.secrets[ADMIN.name]).status_code == 303
        assert browser.get("/trace").status_code == 200
    # Another client, as a proxy tells it, has its own count.
    assert wrong(guarded, 1, **{"X-Forwarded-For": "198.51.100.7"})[0].status_code == 401
    assert len([one for one in lines(made) if "refused" in str(one["what"])]) == strangers.SINGLY + 1


def test_what_was_not_told_singly_is_told_as_a_sum(guarded: Running, made: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the minute is over, with the next request of anybody."""
    monkeypatch.setattr(strangers, "WINDOW_S", 0.8)
    wrong(guarded, 12)

    def told() -> list[str]:
        guarded.client(None).get("/healthz")
        return [str(one["note"]) for one in lines(made) if one["what"] == "tokens refused"]

    until(lambda: bool(told()), 5)
    # One more where the window ended between them.
    assert sum(int(one.split(" ")[0]) for one in told()) + len([one for one in lines(made) if one["what"] == "token refused"]) == 12


def test_a_flood_of_wrong_tokens_is_slowed_down(guarded: Running) -> None:
    """Each waits for its turn, however many ask at the same time."""
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: wrong(guarded, 25), range(4)))
    assert time.monotonic() - began > (100 - strangers.FREE_REFUSALS - 4) / strangers.TURNS / 2


def test_the_audit_page_tells_of_refused_tokens(guarded: Running, browser: httpx.Client) -> None:
    """With the client and the digits."""
    wrong(guarded, 1)
    sign_in(browser, guarded.secrets[ADMIN.name])
    page = browser.get("/audit", params={"what": "token refused"})
    assert "sha256 " in page.text
    assert "127.0.0.1" in page.text
    assert json_of(guarded.get("/audit", [("what", "token refused")]))["entries"][0]["note"].startswith("sha256 ")


def test_what_cannot_be_noted_is_not_answered(guarded: Running, made: Settings) -> None:
    """While the audit log cannot be written there is a 503 in place of mail; what needs no line is answered."""
    assert guarded.get("/traces").status_code == 200
    folder = access_folder(made) / "audit"
    folder.rename(folder.with_name("away"))
    folder.write_bytes(b"")
    try:
        told = problem_of(guarded.get("/traces"), 503)
        assert told["detail"] == "The audit log cannot be written, so nothing is answered."
        assert "traces" not in told
        assert guarded.get("/health").status_code == 200
        assert guarded.client(None).get("/healthz").status_code == 200
    finally:
        folder.unlink()
        folder.with_name("away").rename(folder)
    assert guarded.get("/traces").status_code == 200
