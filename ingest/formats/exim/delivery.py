"""Exim's deliveries: `=>`, `->`, `>>` (done), `*>` (done in a trial only), `**` (failed), `==` (put off).

The first word is the final address, a pipe, a file or a local name; the address as it was before stands behind it in `<...>`.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase

from ingest.formats.escapes import plain
from ingest.formats.exim.fields import Fields, Host, address_at, quoted_locals, read_fields
from ingest.formats.outcome import UNKNOWN, Outcome, Silent
from ingest.formats.replies import filter_answer, log_id_in, next_id_in, session_in
from ingest.formats.side_copies import SideCopy, side_copy
from mappings.address import domain_of, local_of, normalise, parse_path
from mappings.codes import split_reply
from mappings.codes.stage import stage_in
from mappings.facts import Attempted, Reply, Ruled
from mappings.log_words import Action, By, Decider, Stage, Status

#: Their lines end with what the other server said.
_ANSWERED = frozenset({"**", "=="})
_REMOTE = " error from remote "
ARROWS = {
    "=>": Status.SENT,
    "->": Status.SENT,
    ">>": Status.SENT,
    "*>": Status.SENT,
    "**": Status.BOUNCED,
    "==": Status.DEFERRED,
}
#: Ends a pipe's command or a file's name: the address that it was made from, or the router.
_TARGET_END = re.compile(r" (?:\([^()\n]{1,1000}\) )?<(?=[^<>\n]{1,400}>(?: |:|$))| [FPRT]=|$")
#: A pipe, a file, an automatic answer, a black hole; and a folder as a filter names it, which is no whole path. The local part that it is
#: for may stand before it.
_AGENT = re.compile(r"([^\s@<>()|/]{1,64} (?=[|/]))?[|/>:]|save (?![<(])")
#: What follows a first word that holds no blank.
_AFTER_WORD = re.compile(r" [<(]| [A-Za-z][A-Za-z0-9]{0,15}\*?=|$")
_DEFER = re.compile(r" ?defer \([^()\s]{1,12}\)")
_DROPPED = re.compile(r"(?:blackhole|discarded) \((\S+ ACL|system filter|[^()]{1,80})[^()]*\)(?:: (.*))?$", re.DOTALL)
_PARENTS = re.compile(r" \(([^()\n]{1,1000})\)(?= <|$| [A-Z]+=)")
#: The other server's reply, and what it was the answer to.
_SAID = re.compile(
    r"(?:[SL]MTP|TLS) error from remote (?:mail server|mailer) after [^:\n]{1,100}?"
    r"(?::<(?:\"[^\"\n]{0,400}\")?[^>\n]{0,400}>)?[^:\n]{0,80}: "
    r"(?:host [^\s]{1,255} \[[^\]\s]{1,60}\](?::\d{1,5})?: )?"
)
#: Whom a mail store took it for, or did not: its answers begin with the address that it was given.
_NAMED = re.compile(r"(?:250 (?:2\.\d\.\d )?|LMTP error from remote mail server after RCPT TO:)<([^<>\s@\"]{1,64}@[^<>\s@\"]{1,255})>")
#: Exim delivers to a local part in small letters, those of ASCII alone.
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
#: How many places are tried where an address may stand once more, with its quotes: an honest line has one.
_MOST_QUOTED = 64
#: How long a try took that failed, behind everything (`log_selector = +deliver_time`); the time in the queue Exim does not say there.
_TOOK = re.compile(r" DT=([\d.wdhms]{1,20})$", re.ASCII)
#: A time-out is told with the host in the middle: `Connection timed out H=mx [ip]: SMTP timeout after initial connection`.
_INSIDE = re.compile(r"([A-Z][A-Za-z ]{1,80}) (?=H=\S)")
#: Exim as somebody's mail program (`mua_wrapper`) tries each recipient once.
_TRIED_ONCE = re.compile(r" (mua_wrapper forced failure for deferred delivery|routing yielded a (?:local|deferred) delivery)$")
_COLONS = (":", " :")
_SKIPPED = "retry time not reached"
_GIVEN_UP = (
    "retry timeout exceeded",
    "delivery cancelled; message timed out",
    "have been failing for a long time",
    "after a long failure period",
)
#: Of these, what is said without another try; behind the words of a try the first stands, too.
_UNTRIED = re.compile(
    r"retry timeout exceeded$|delivery cancelled; message timed out$|.*(?:have been failing for a long time|after a long failure period)",
    re.DOTALL,
)


def delivery(queue_id: str, arrow: str, text: str) -> Outcome:
    """The try that a line states; a whole message thrown away by an ACL is told in the same form."""
    quoted = _quoted(text, answered=arrow in _ANSWERED)
    if quoted is UNKNOWN:
        return UNKNOWN
    dropped = _DROPPED.match(text) if arrow == "=>" and quoted is None else None
    if dropped is not None:
        by_acl = dropped[1].endswith("ACL")
        stage, decider = (Stage(dropped[1].partition(" ")[0]), Decider.ACL) if by_acl else (Stage.QUEUE, Decider.FILTER)
        return Ruled(queue_id, Action.DISCARD, stage, decider, text=plain(dropped[2] or dropped[1]))
    target, original, at = quoted if isinstance(quoted, tuple) else _addresses(text, done=arrow not in _ANSWERED)
    if quoted is None and arrow not in _ANSWERED and ' <"' in text[at:]:
        # An address in quotes that does not agree with the words before it: these may be a stranger's.
        return UNKNOWN
    fields = read_fields(text, at, all_fields=arrow not in _ANSWERED)
    once = _TRIED_ONCE.match(text, at) if arrow == "**" else None
    if not target or not (fields.values or text.startswith(_COLONS, fields.end) or arrow == "==" or once is not None):
        # Cut off: a piece of an address is nobody's.
        return UNKNOWN
    status = ARROWS[arrow]
    said = text[fields.end :].lstrip(" ") if once is None else once[1]
    if status is Status.DEFERRED:
        code = _DEFER.match(said)
        if code is None:
            return UNKNOWN
        behind = read_fields(said, code.end())
        fields.host = fields.host or behind.host
        said = said[behind.end :]
    said = said.removeprefix(":").strip()
    took = _TOOK.search(said)
    if took is not None:
        fields.values["DT"] = took[1]
        said = said[: took.start()]
    said = plain(said)
    inside = _INSIDE.match(said)
    if inside is not None:
        behind = read_fields(said, inside.end())
        fields.host = fields.host or behind.host
        said = f"{said[behind.end :].removeprefix(':').strip()}: {inside[1]}"
    return _attempted(queue_id, (target, original), fields, arrow, said)


def _addresses(text: str, *, done: bool) -> tuple[str, str | None, int]:
    """The first word, the address in brackets behind it as written, and where the fields begin; where it is `done`, all is Exim's."""
    agent = _AGENT.match(text)
    if agent is not None:
        end = _TARGET_END.search(text)
        at = end.start() if end else len(text)
        target = text[agent.end(1) if agent[1] else 0 : at]
    elif done and (named := _name_with_blanks(text)) is not None:
        target, at = named, len(named)
    else:
        # The local part may begin with a blank, too.
        target, at = address_at(text, len(text) - len(text.lstrip(" ")))
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


def _name_with_blanks(text: str) -> str | None:
    """A name of the configuration that holds blanks, such as a folder's: the address that it is for stands behind it."""
    if _AFTER_WORD.match(text, address_at(text, 0)[1]):
        return None
    end = _TARGET_END.search(text)
    name = text[: end.start()] if end is not None and end[0].endswith("<") else ""
    return name if name.strip() and not any(sign in name for sign in "@<:=") else None


def _quoted(text: str, *, answered: bool) -> tuple[str, str, int] | Silent | None:
    """`a <b@c> d@example.net <"a <b@c> d"@example.com>`: what needs quotes stands without them first; None where nothing does.

    Of a local delivery the first may be the local part alone. What stands in quotes may imitate all of this, so the last that agrees with
    what is before it counts. In a line that ends with another server's words (`answered`), these may be what imitates.
    """
    best, last, lower = None, -1, text.translate(_SMALL)
    at = text.find(' <"')
    for _ in range(_MOST_QUOTED):
        if at < 0:
            break
        raw, end = parse_path(text, at + 1)
        for local in quoted_locals(raw):
            folded, domain = local.translate(_SMALL), text[len(local) + 1 : at]
            if local and (lower[:at] == folded or (lower.startswith(f"{folded}@") and " " not in domain)):
                target = raw if lower[:at] == folded else f"{raw[: raw.rfind('@')]}@{domain}"
                best, last = (normalise(plain(target)), normalise(plain(raw)), end), at
        at = text.find(' <"', at + 3)
    return UNKNOWN if at >= 0 or (answered and _REMOTE in text[: max(last, 0)]) else best


def _attempted(queue_id: str, addresses: tuple[str, str | None], fields: Fields, arrow: str, said: str) -> Attempted:
    """The fact, with whom it is about, where it went and what was answered."""
    target, original = addresses
    status = ARROWS[arrow]
    host, transport = fields.host, fields.values.get("T")
    confirmed = fields.values.get("C")
    reply, by = _reply(confirmed if confirmed is not None else said, answered=confirmed is not None)
    recipient, place = target, transport
    gone = target == "discarded" and transport is None and original is not None
    if gone or _AGENT.match(target) or (" " in target and "@" not in target and original is not None):
        # Into a command, a file, an automatic answer or a black hole: the mailbox is the address that it was made from.
        recipient, original, place = original or target, None, target
    elif "@" not in target and original is not None and (domain := domain_of(original)):
        # Of a local delivery Exim names the mailbox only; a mail store may name all of it.
        named = _NAMED.match(confirmed if confirmed is not None else said)
        whole = normalise(plain(named[1])) if named is not None else ""
        recipient = whole if local_of(whole) == target else normalise(f"{target}@{domain}")
    if any(words in said for words in _GIVEN_UP) and status is Status.BOUNCED:
        status = Status.EXPIRED
    verdict, detail, did = filter_answer(reply.text) if by is By.REMOTE else (None, None, None)
    session = session_in(reply.text) if status is Status.SENT and by is By.REMOTE else None
    router = fields.values.get("R")
    copy = SideCopy() if host else side_copy(router, transport, command=target if place is target else None)
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
        delay=fields.seconds("QT"),
        took=fields.seconds("DT"),
        tls=fields.values.get("X") if host else None,
        log_id=log_id_in(reply.text) if by is By.REMOTE else None,
        next_id=next_id_in(reply.text) if by is By.REMOTE and status is Status.SENT else None,
        stored=session is not None,
        session=session,
        automatic=target.startswith(">") or copy.automatic,
        aside=copy.aside,
        discarded=arrow == "*>" or (status is Status.SENT and (gone or target.startswith(":blackhole:") or target == "/dev/null")),
        skipped=_SKIPPED in said if status is Status.DEFERRED else status is Status.EXPIRED and _UNTRIED.match(said) is not None,
        cut_through=arrow == ">>",
        router=router,
        transport=transport,
        verdict=verdict,
        detail=detail,
        did=did,
    )


def _relay(host: Host) -> str:
    """The next server in the form that all formats share."""
    return f"{host.name or ''}[{host.ip or ''}]" + (f":{host.port}" if host.port else "")


def _reply(text: str, *, answered: bool) -> tuple[Reply, By]:
    """The reply in a text, and whose it is: of the other server, or Exim's own words."""
    said = None if answered else _SAID.match(text)
    if said is None and not answered:
        return Reply(text=text), By.LOCAL
    code, enhanced, words = split_reply(text[said.end() :] if said else text)
    return Reply(code, enhanced, words or text, stage=stage_in(text) if said else None), By.REMOTE
