"""Exim's deliveries: `=>`, `->`, `>>` (done), `*>` (done in a trial only), `**` (failed), `==` (put off).

The first word is the final address, a pipe, a file or a local name; the address as it was before stands behind it in `<...>`.
"""

from __future__ import annotations

import re

from ingest.events import Attempted, Reply, Ruled
from ingest.formats.exim.fields import Fields, Host, address_at, plain, read_fields
from ingest.formats.outcome import UNKNOWN, Outcome
from ingest.formats.replies import next_id_in
from mappings.address import domain_of, local_of, normalise, parse_path
from mappings.codes import split_reply
from mappings.codes.stage import stage_in

ARROWS = {"=>": "sent", "->": "sent", ">>": "sent", "*>": "sent", "**": "bounced", "==": "deferred"}
#: Ends a pipe's command or a file's name: the address that it was made from, or the router.
_TARGET_END = re.compile(r" (?:\([^()\n]{1,1000}\) )?<(?=[^<>\n]{1,400}>(?: |:|$))| [FPRT]=|$")
_DEFER = re.compile(r" ?defer \([^()\s]{1,12}\)")
_DROPPED = re.compile(r"(?:blackhole|discarded) \((\S+ ACL|system filter|[^()]{1,80})[^()]*\)(?:: (.*))?$", re.DOTALL)
_PARENTS = re.compile(r" \(([^()\n]{1,1000})\)(?= <|$| [A-Z]+=)")
#: The other server's reply, and what it was the answer to.
_SAID = re.compile(
    r"(?:[SL]MTP|TLS) error from remote (?:mail server|mailer) after [^:\n]{1,100}?(?::<[^>\n]{0,400}>)?[^:\n]{0,80}: "
    r"(?:host [^\s]{1,255} \[[^\]\s]{1,60}\](?::\d{1,5})?: )?"
)
#: How long it took, behind everything (`log_selector = +deliver_time`).
_TOOK = re.compile(r"(?: [QD]T=[\d.hms]{1,20})+$", re.ASCII)
#: A time-out is told with the host in the middle: `Connection timed out H=mx [ip]: SMTP timeout after initial connection`.
_INSIDE = re.compile(r"([A-Z][A-Za-z ]{1,80}) (?=H=\S)")
_SKIPPED = "retry time not reached"
_GIVEN_UP = ("retry timeout exceeded", "have been failing for a long time")


def delivery(queue_id: str, arrow: str, text: str) -> Outcome:
    """The try that a line states; a whole message thrown away by an ACL is told in the same form."""
    dropped = _DROPPED.match(text) if arrow == "=>" else None
    if dropped is not None:
        stage = dropped[1].partition(" ")[0] if dropped[1].endswith("ACL") else "queue"
        return Ruled(queue_id, "discard", stage, "filter" if stage == "queue" else "acl", text=plain(dropped[2] or dropped[1]))
    target, original, at = _addresses(text)
    fields = read_fields(text, at)
    if not target or not (fields.values or text.startswith(":", fields.end) or arrow == "=="):
        # Cut off: a piece of an address is nobody's.
        return UNKNOWN
    status = ARROWS[arrow]
    said = text[fields.end :]
    if status == "deferred":
        code = _DEFER.match(said)
        if code is None:
            return UNKNOWN
        behind = read_fields(said, code.end())
        fields.host = fields.host or behind.host
        said = said[behind.end :]
    said = plain(_TOOK.sub("", said.removeprefix(":").strip()))
    inside = _INSIDE.match(said)
    if inside is not None:
        behind = read_fields(said, inside.end())
        fields.host = fields.host or behind.host
        said = f"{said[behind.end :].removeprefix(':').strip()}: {inside[1]}"
    return _attempted(queue_id, (target, original), fields, status, said, tried=arrow != "*>")


def _addresses(text: str) -> tuple[str, str | None, int]:
    """The first word, the address in brackets behind it as written, and where the fields begin."""
    if text[:1] in {"|", "/", ">", ":"}:
        end = _TARGET_END.search(text)
        at = end.start() if end else len(text)
        target = text[:at]
    else:
        target, at = address_at(text, 0)
    parents = _PARENTS.match(text, at)
    if parents is not None:
        at = parents.end()
        # Between the two, what it was in the meantime: the last one is the whole address of a local name.
        nearest = parents[1].split(", ")[0].strip("<>")
        if "@" not in target and target and local_of(nearest) == target:
            target = normalise(nearest)
    original = None
    if text.startswith(" <", at):
        raw, at = parse_path(text, at + 1)
        original = normalise(plain(raw))
    return target, original, at


def _attempted(queue_id: str, addresses: tuple[str, str | None], fields: Fields, status: str, said: str, *, tried: bool) -> Attempted:
    """The fact, with whom it is about, where it went and what was answered."""
    target, original = addresses
    host, transport = fields.host, fields.values.get("T")
    confirmed = fields.values.get("C")
    reply, by = _reply(confirmed if confirmed is not None else said, answered=confirmed is not None)
    recipient, place = target, transport
    if target[:1] in {"|", "/", ">", ":"}:
        # Into a command, a file, an automatic answer or a black hole: the mailbox is the address that it was made from.
        recipient, original, place = original or target, None, target
    elif "@" not in target and original is not None and (domain := domain_of(original)):
        # Of a local delivery Exim names the mailbox only.
        recipient = normalise(f"{target}@{domain}")
    if any(words in said for words in _GIVEN_UP) and status == "bounced":
        status = "expired"
    return Attempted(
        queue_id=queue_id,
        recipient=recipient,
        status=status,
        original=original if original != recipient else None,
        relay=_relay(host) if host else place,
        relay_name=(host.name or None) if host else None,
        relay_ip=host.ip if host else None,
        relay_port=host.port if host else None,
        reply=reply,
        by=by,
        next_id=next_id_in(reply.text) if by == "remote" and status == "sent" else None,
        discarded=not tried or (status == "sent" and (target.startswith(":blackhole:") or target == "/dev/null")),
        skipped=_SKIPPED in said and status == "deferred",
        router=fields.values.get("R"),
        transport=transport,
    )


def _relay(host: Host) -> str:
    """The next server in the form that all formats share."""
    return f"{host.name or ''}[{host.ip or ''}]" + (f":{host.port}" if host.port else "")


def _reply(text: str, *, answered: bool) -> tuple[Reply, str]:
    """The reply in a text, and whose it is: of the other server, or Exim's own words."""
    said = None if answered else _SAID.match(text)
    if said is None and not answered:
        return Reply(text=text), "local"
    code, enhanced, words = split_reply(text[said.end() :] if said else text)
    return Reply(code, enhanced, words or text, stage=stage_in(text) if said else None), "remote"
