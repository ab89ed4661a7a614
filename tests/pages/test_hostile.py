"""Mail of strangers on the pages: nothing in it is obeyed, and it looks like what it is."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from stores import Embedded

from mappings import identity, keys
from mappings.trace import Event, Trace
from mappings.vocabulary import Disposition, Reason, Verdict
from pages.browsing import serving, visit

_NOW_MS = 1_795_500_000_000
_ATTACKS = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "javascript:window.pwned=1",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "\u202emoc.live\u202c <b>bold</b>",
    "\x1b[2J\x00\x07\x9b31m",
    '=HYPERLINK("http://evil.example")',
    "a" * 200_000,
)


def _mail(number: int, attack: str) -> Trace:
    """A message in which everything that a stranger can write is an attack."""
    at = _NOW_MS - 60_000 + number
    event = Event(
        at * 1000,
        True,
        "mx1",
        "smtpd",
        7,
        0,
        f"{number:016x}",
        f"q:mx1/Q{number}",
        "received",
        {"queue_id": f"Q{number}", "client_name": attack, "client_ip": "192.0.2.7"},
        raw=f"Nov 24 mx1 postfix/smtpd[7]: Q{number}: {attack}",
    )
    return Trace(
        id=identity.trace_id(at, "mx1", f"q:mx1/Q{number}", "", str(number)),
        version=1,
        log_domain="mx1",
        time_ms=at,
        last_event_ms=at,
        host="mx1",
        client_name=attack,
        client_ip="192.0.2.7",
        client_helo=attack,
        sender=f"{attack}@evil.example",
        sender_domain="evil.example",
        header_from=f"{attack}@evil.example",
        recipient="bob@example.net",
        recipient_domain="example.net",
        disposition=Disposition.QUARANTINED,
        verdict=Verdict.VIRUS,
        reason=Reason.VIRUS,
        detail=attack,
        quarantine_id=attack[:60],
        reply_code=550,
        enhanced_code="5.7.1",
        reply_text=f"550 5.7.1 {attack}",
        reply_by="remote",
        message_id=attack,
        subject=attack,
        queue_ids=[f"Q{number}"],
        visible_to=["example.net"],
        keys=[keys.queue("mx1", f"Q{number}")],
        events=[event],
    )


@pytest.mark.parametrize("width", [1280, 320])
def test_nothing_that_strangers_write_runs(browser: Browser, tmp_path: Path, width: int) -> None:
    """Scripts, markup, control and bidi characters and very long values are shown as text, on every page they come to."""
    store = Embedded(tmp_path / "store")
    mails = [_mail(number, attack) for number, attack in enumerate(_ATTACKS)]
    with closing(store.sink()) as sink:
        sink.submit(mails)
        sink.flush()
    with (
        closing(store.engine()) as engine,
        serving(tmp_path, engine, _NOW_MS) as address,
        visit(browser, address, width=width) as seen,
    ):
        page = seen.go("/trace?recipient=bob%40example.net")
        assert page.get_by_role("link", name=re.compile("^Email Report")).count() == len(mails)
        counted = ["/insights?since=1d", "/insights?by=sender", "/insights?by=detail", "/insights?by=differs&sender=a%2A"]
        listed = ["/trace?recipient=bob%40example.net", "/domains", "/errors/5.7.1", *counted]
        for path in [*listed, *(f"/trace/{mail.id}" for mail in mails)]:
            seen.go(path)
            assert page.evaluate("window.pwned") is None, path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.locator("main b", has_text="bold").count() == 0, path
            text = page.evaluate("document.documentElement.outerHTML")
            assert "\u202e" not in text, path
            assert not re.search("[\x00\x07\x1b\x9b]", text), path
        seen.go(f"/trace/{mails[0].id}")
        expect(page.get_by_role("main")).to_contain_text("<script>window.pwned=1</script>")
        seen.go(f"/trace/{mails[5].id}")
        expect(page.get_by_role("main")).to_contain_text("U+202E")
        assert not seen.complaints


def test_questions_of_strangers_are_shown_as_text(browser: Browser, address: str) -> None:
    """What stands in an address comes back as text, in the form, the sentence and the title."""
    with visit(browser, address) as seen:
        for attack in _ATTACKS[:5]:
            seen.page.goto(f"{address}/trace?sender={re.sub('[^a-zA-Z0-9]', lambda m: f'%{ord(m[0]):02X}', attack)}")
            assert seen.page.evaluate("window.pwned") is None
            for page, name in (("trace", "text"), ("insights", "text"), ("insights", "by"), ("insights", "query")):
                seen.page.goto(f"{address}/{page}?{name}={re.sub('[^a-zA-Z0-9]', lambda m: f'%{ord(m[0]):02X}', attack)}")
                assert seen.page.evaluate("window.pwned") is None
        assert not seen.grave()
