"""Deliveries: `to=<a>,<b>, delay=..., mailer=..., relay=..., dsn=..., stat=...` (`logdelivery` in deliver.c).

All of a line have one fate. Its own words come before those of other servers, which stand in `reply=` (from 8.17 on, where a server
refused) and `stat=`, with nothing escaped but what is not printable.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from ingest.formats.outcome import UNKNOWN, Outcome
from ingest.formats.replies import filter_answer, log_id_in, next_id_in, session_in
from ingest.formats.sendmail.parts import BOX, Address, NextServer, address_at, addresses_at, server_of
from ingest.formats.side_copies import side_copy
from mappings.codes import split_reply
from mappings.facts import Attempted, Reply, Ruled
from mappings.log_words import Action, By, Stage, Status

_MORE = ", [more]"
_OWNER = ", ctladdr="
_OWNER_ID = re.compile(r" \(\d{1,10}/\d{1,10}\)")
_SPAN = r"(?:\d{1,6}\+)?\d\d:\d\d:\d\d"
#: Builds may add a few words of their own (`_FFR_LOG_...`).
_FIELDS = re.compile(
    rf", delay=({_SPAN})(?:, xdelay=({_SPAN}))?(?:, mailer=([^,\s]{{1,64}}))?"
    r"(?:, (?:tls_verify|tls_version|cipher)=[^,\s]{1,64})*(?:, pri=-?\d{1,20})?"
    r"(?:, relay=([^,\s]{1,255})(?: \[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\])?|, quarantine=.{1,80}(?=, stat=quarantined$))?"
    r"(?:, dsn=(\d\.\d{1,3}\.\d{1,3}))?(?:, (?:ntries|stage)=[^,\s]{1,32})*(?:, reply=(.*?))?, stat=(.*)$",
    re.DOTALL,
)
_STAT = ", stat="
#: Where it says another thing than no (`250 ok`, `read error from mx.example.com`), `stat=` says what came of it.
_REFUSED, _FOR_GOOD = 400, 500
_SENT = re.compile(r"Sent(?: \((.*?)\)?)?$", re.DOTALL)
_DEFERRED = re.compile(r"Deferred(?:: (.*))?$", re.DOTALL)
_CODE = re.compile(r"[45]\d\d[ -]")
#: What a server's refusal comes to in Sendmail's own words, where what the server said is not logged (`smtprcptstat` in usersmtp.c).
_REFUSALS = frozenset({"User unknown", "Service unavailable", "Data format error", "Remote protocol error"})
#: So it calls each recipient whom a server refuses with 550, 551 or 553, for whatever reason: the server's own enhanced code says that.
_UNKNOWN_USER = "User unknown"
_OF_RECIPIENTS = frozenset({None, "5.1.1", "5.1.6"})
#: And the others where a program, a disk or the protocol failed: any other code says more.
_OF_SYSTEMS = ("5.0.", "5.3.", "5.5.")
_DISCARDED = "discarded"
#: Nothing was tried.
_WAITS = frozenset({"queued", "quarantined"})
#: The client gave up before its message was complete: at which command, in Sendmail's own words.
_ABORTED = frozenset({"aborted by sender", "rset", "quit", "helo", "ehlo", "mail", "starttls", "auth"})


def delivery(queue_id: str, text: str) -> Outcome:
    """A fact for each recipient of a `to=` line; `text` is what follows `to=`."""
    listed = addresses_at(text, 0)
    if listed is None:
        return UNKNOWN
    recipients, at = listed
    at += len(_MORE) if text.startswith(_MORE, at) else 0
    owner: Address | None = None
    if text.startswith(_OWNER, at):
        owner, at = address_at(text, at + len(_OWNER))
        user = _OWNER_ID.match(text, at)
        at = at if user is None else user.end()
    match = _FIELDS.match(text, at)
    if match is None or not match[8]:
        return UNKNOWN
    delay, took, mailer, name, ip, dsn, said, stat = match.groups()
    if mailer is None and name is None and stat != _DISCARDED:
        return _not_taken(queue_id, recipients, dsn, stat)
    tried = _attempted(queue_id, server_of(name, ip), mailer, (dsn, said, stat))
    return tuple(_to(replace(tried, delay=_seconds(delay), took=_seconds(took)), address, owner) for address in recipients)


def _seconds(span: str | None) -> float | None:
    """`1+02:03:04`, days before the sign; None where there is none."""
    if span is None:
        return None
    days, _, clock = span.rpartition("+")
    hours, minutes, seconds = map(int, clock.split(":"))
    return float(int(days or 0) * 86_400 + hours * 3600 + minutes * 60 + seconds)


def _to(tried: Attempted, address: Address, owner: Address | None) -> Attempted:
    """The attempt for one of the recipients."""
    if address.name == "/dev/null":
        tried = replace(tried, discarded=tried.status is Status.SENT)
    if address.name.startswith(BOX):
        return replace(tried, recipient=owner.name if owner is not None else address.name.removeprefix(BOX))
    if address.agent and owner is not None:
        # Into a program or a file: the mailbox is the address that it was made from.
        copy = side_copy(command=address.name)
        return replace(tried, recipient=owner.name, relay=address.name, automatic=copy.automatic, aside=copy.aside)
    return replace(tried, recipient=address.name)


def _attempted(queue_id: str, server: NextServer, mailer: str | None, said: tuple[str | None, str | None, str]) -> Attempted:
    """What became of the copies of all of them."""
    status, reply, by = _result(server, *said)
    remote, stat = by is By.REMOTE, said[2]
    verdict, detail, did = filter_answer(reply.text) if remote else (None, None, None)
    session = session_in(reply.text) if remote and status is Status.SENT else None
    return Attempted(
        queue_id=queue_id,
        recipient="",
        status=status,
        # A host without an address that said nothing was not reached.
        relay=None
        if stat in _WAITS or (server.name and server.ip is None and not remote and status is not Status.SENT)
        else server.named or mailer,
        relay_name=server.name,
        relay_ip=server.ip,
        reply=reply,
        by=by,
        next_id=next_id_in(reply.text) if remote and status is Status.SENT else None,
        log_id=log_id_in(reply.text) if remote else None,
        stored=session is not None,
        session=session,
        discarded=status is Status.SENT and (mailer == "discard" or stat == _DISCARDED),
        skipped=stat in _WAITS,
        transport=mailer,
        verdict=verdict,
        detail=detail,
        did=did,
    )


def _result(server: NextServer, dsn: str | None, said: str | None, stat: str) -> tuple[Status, Reply, By]:
    """What the line says of the attempt, what was answered, and by whom."""
    code, enhanced, words = split_reply(said) if said is not None else (None, None, "")
    if code is not None and code >= _REFUSED:
        # Where a server's words imitate what follows them, its code says whether for good.
        put_off = code < _FOR_GOOD if _STAT in stat else _DEFERRED.match(stat) is not None
        return (Status.DEFERRED if put_off else Status.BOUNCED), Reply(code, enhanced or dsn, words), By.REMOTE
    sent, deferred = _SENT.match(stat), _DEFERRED.match(stat)
    if sent is not None and (server.ip is not None or code is not None):
        # Sendmail mostly leaves the code out.
        return Status.SENT, Reply(code or 250, dsn, sent[1] or "", inferred=code is None), By.REMOTE
    if sent is not None or stat == _DISCARDED:
        return Status.SENT, Reply(None, dsn, (sent[1] or "") if sent is not None else stat), By.LOCAL
    if deferred is not None:
        text = deferred[1] or ""
        if server.ip is None or _CODE.match(text) is None:
            return Status.DEFERRED, Reply(None, dsn, text), By.LOCAL
        code, enhanced, words = split_reply(text)
        return Status.DEFERRED, Reply(code, enhanced or dsn, words), By.REMOTE
    if stat in _REFUSALS:
        # A mailer of the host gives its code, too.
        told = dsn in _OF_RECIPIENTS if stat == _UNKNOWN_USER else dsn is None or dsn.startswith(_OF_SYSTEMS)
        return Status.BOUNCED, Reply(None, dsn, stat if told else ""), By.LOCAL if server.ip is None else By.REMOTE
    return (Status.DEFERRED if stat in _WAITS else Status.BOUNCED), Reply(None, dsn, stat), By.LOCAL


def _not_taken(queue_id: str, recipients: list[Address], dsn: str | None, stat: str) -> Outcome:
    """Without a mailer it is no attempt: the message was refused when it was complete, and this is whom it would have gone to."""
    names = [one.name for one in recipients]
    if stat.lower() in _ABORTED:
        return Ruled(queue_id, Action.ABORT, Stage.DATA, recipients=names, text=stat)
    code, enhanced, words = split_reply(stat)
    reply = Reply(code, enhanced or dsn, words)
    return Ruled(queue_id, Action.REJECT, Stage.END_OF_MESSAGE, recipients=names, reply=reply, text=words)
