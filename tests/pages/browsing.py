"""Debian's Chromium, driven by Playwright; and a service over a store of captured mail, at the time of the capture."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvicorn
from debian import installed
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, sync_playwright

from mailtrace.layers import load
from mailtrace.serving import Service, bound, crew_of, site
from search.engines import Engine
from search.http.app import application

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_PATIENCE_S = 20.0
_SERIOUS = ("serious", "critical")
#: What of a page the colours decide; all else is the same by day and by night.
_OF_COLOURS = ["color-contrast", "link-in-text-block"]


def chromium() -> str:
    """The browser's path; on Debian, as root, it is installed where it is missing, with the fonts that make pictures alike."""
    return str(installed("chromium", "chromium", "fonts-noto-core"))


@contextmanager
def browser() -> Iterator[Browser]:
    """Give a browser without a window."""
    path = chromium()
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


@dataclass
class Visit:
    """A page that is open in the browser, and what the browser complained about."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def grave(self) -> list[str]:
        """The complaints but for those about a page that was refused on purpose (400, 404)."""
        return [one for one in self.complaints if "status of 400" not in one and "status of 404" not in one]

    def go(self, path: str) -> Page:
        """Open a path of the service."""
        self.page.goto(f"{self.address}{path}")
        return self.page


@contextmanager
def visit(started: Browser, address: str, *, script: bool = True, width: int = 1280) -> Iterator[Visit]:
    """Give a fresh visitor; every error and every breach of the content policy is kept."""
    context: BrowserContext = started.new_context(
        java_script_enabled=script,
        viewport={"width": width, "height": 900},
        color_scheme="light",
        timezone_id="Europe/Berlin",
        locale="en-GB",
    )
    try:
        page = context.new_page()
        page.set_default_timeout(10_000)
        seen = Visit(page, address)

        def heard(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                seen.complaints.append(f"{message.type}: {message.text}")

        def answered(dialog: Dialog) -> None:
            seen.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("console", heard)
        page.on("pageerror", lambda error: seen.complaints.append(f"script: {error}"))
        page.on("dialog", answered)
        yield seen
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe finds on a page, of what is serious, in light and in dark colours."""
    page.evaluate(f"window.axe || (() => {{ {AXE} }})()")
    found = _found_by_axe(page)
    # Colours that are on their way from one to the other are neither.
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += _found_by_axe(page, runOnly=_OF_COLOURS)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    return found


def _found_by_axe(page: Page, **options: object) -> list[str]:
    """What one run of axe finds; what is well is not looked at closer."""
    asked = {"resultTypes": ["violations"], **options}
    found = page.evaluate("asked => axe.run(asked).then(found => found.violations)", asked)
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:120]}" for one in found if one["impact"] in _SERIOUS for node in one["nodes"][:3]
    ]


@contextmanager
def serving(data: Path, engine: Engine, now_ms: int, **changes: object) -> Iterator[str]:
    """Serve a store at a time of its own; gives the address."""
    settings = load({"data": str(data)}, {"MAILTRACE_HTTP_TIMEZONE": "Europe/Berlin"}, system_file=data / "no-such-file")
    made = replace(site(settings, engine), clock=lambda: now_ms, **changes)  # type: ignore[arg-type]  # fields of a site
    listening = bound("127.0.0.1", 0)
    ready, stop = threading.Event(), threading.Event()
    config = uvicorn.Config(application(made), log_config=None, access_log=False, lifespan="on")
    service = Service(config, listening, ready.set, lambda: None, made.places, crew_of(settings, everybody=True))
    thread = threading.Thread(target=service.run_until, args=(stop,))
    with listening, closing(made.audit):
        thread.start()
        try:
            assert ready.wait(_PATIENCE_S), "the service did not start"
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{made.base}"
        finally:
            stop.set()
            thread.join()
