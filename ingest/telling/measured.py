"""Measured: how long a copy took, where the lines say so, by whom it was authenticated, and which tests of filters it met."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.telling.about import About
from ingest.telling.outcome import Fate
from ingest.telling.recipient import Recipient
from mappings.authentication import AuthCheck, AuthMethod, strongest
from mappings.facts import Attempted, Filed, Judged, Scanned
from mappings.log_words import Filing
from mappings.reply_shape import shape_of
from mappings.trace import Trace


def set_measured(trace: Trace, about: About, one: Recipient, fate: Fate) -> None:
    """Put into a trace what is measured and checked."""
    _set_delays(trace, about, one, fate.relay)
    _set_connections(trace, about, fate.relay)
    _set_tests(trace, about, one, fate)
    _set_checks(trace, about, fate)
    trace.reply_shape = shape_of(trace.reply_text) if trace.reply_text else None


def _set_delays(trace: Trace, about: About, one: Recipient, tried: Attempted | None) -> None:
    """The times of the last try, in seconds, as its program says them."""
    times = [e.time_us // 1000 for e in one.attempts if isinstance(e.fact, Attempted) and not (e.fact.skipped or e.fact.automatic)]
    if times:
        trace.first_try_ms, trace.last_try_ms = min(times), max(times)
    if tried is None:
        return
    trace.delay = tried.delay
    parts = (tried.delays or "").split("/")
    if len(parts) == _PARTS:
        before, queued, connecting, sending = (_number(part) for part in parts)
        trace.delay_before_queue, trace.delay_in_queue, trace.delay_connection, trace.delay_transmission = (
            before,
            queued,
            connecting,
            sending,
        )
    else:
        begun = next((life.received for life in about.lives if life.queue_id == tried.queue_id), None)
        trace.delay_before_queue = begun.took if begun is not None else None
        trace.delay_transmission = tried.took


#: Postfix' `delays=a/b/c/d`: before the queue manager, in the queue, connecting with HELO and TLS, transmission (postconf(5)).
_PARTS = 4


def _number(text: str) -> float | None:
    """A number as it is written, where it is one."""
    return float(text) if text.replace(".", "", 1).isdecimal() else None


def _set_connections(trace: Trace, about: About, tried: Attempted | None) -> None:
    """Login, protocol and cipher of both sides."""
    received = about.received
    trace.login_method = received.login_method if received is not None else None
    trace.tls_version, trace.tls_cipher = _version_and_cipher(trace.tls)
    trace.relay_tls_version, trace.relay_tls_cipher = _version_and_cipher(tried.tls if tried is not None else None)


def _version_and_cipher(text: str | None) -> tuple[str | None, str | None]:
    """`TLSv1.3 TLS_AES_256_GCM_SHA384`, `TLS1.3:TLS_AES_256_GCM_SHA384:256`."""
    if not text:
        return None, None
    version, _, rest = text.replace(":", " ").partition(" ")
    cipher = rest.split(" ", 1)[0].lstrip("_")
    return version.replace("TLS1", "TLSv1"), cipher.removeprefix("_") or None


def _set_tests(trace: Trace, about: About, one: Recipient, fate: Fate) -> None:
    """The tests of the filter whose result counts, and the part that it forbids."""
    judged = fate.judgement.result if fate.judgement is not None else None
    result = one.result or about.tested
    symbols = (judged.symbols if judged is not None else []) or (result.symbols if result is not None else [])
    trace.symbols, trace.symbol_scores = [s.name for s in symbols], [s.score for s in symbols]
    if result is not None:
        trace.file, trace.file_types = result.file, result.file_types


def _set_checks(trace: Trace, about: About, fate: Fate) -> None:
    """SPF, DKIM, DMARC and ARC: the results of the filters and of what stands beside them."""
    if about.checks is None:
        about.checks = _checks_of(about)
    judged = fate.judgement.result if fate.judgement is not None else None
    checks = about.checks if judged is None else [*about.checks, *judged.checks]
    for method in AuthMethod:
        check = strongest(checks, method) if checks else None
        if check is not None:
            setattr(trace, method.value, check.result)
            if method is not AuthMethod.ARC:
                setattr(trace, f"{method.value}_domain", check.domain)


def _checks_of(about: About) -> list[AuthCheck]:
    """For each method the result that counts, of all that is said of the message."""
    checks = [check for fact in (*about.judged, *about.results) if isinstance(fact, Judged | Scanned) for check in fact.checks]
    checks += [check for life in about.lives for check in life.checks]
    found = [strongest(checks, method) for method in AuthMethod] if checks else []
    return [check for check in found if check is not None]


def set_place(trace: Trace, filed: Iterable[Filed]) -> None:
    """Where a mail store put the copy: the last that it says."""
    for fact in filed:
        if fact.what is Filing.STORED:
            trace.mailbox, trace.folder = fact.recipient or trace.mailbox, fact.folder or trace.folder
