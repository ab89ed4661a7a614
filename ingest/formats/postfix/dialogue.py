"""smtpd: sessions, the beginning of queue files, what access rules, milters and the proxied filter decide in the dialogue."""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.postfix.delivery import attempt_of
from ingest.formats.postfix.parts import COUNTED, SEVERITIES, client_at, split_id, tail_of
from ingest.formats.postfix.queue import milter_decision, refused_late
from ingest.formats.replies import filter_answer, log_id_in
from ingest.framing.line import Line
from ingest.queue_ids import POSTFIX_ID
from mappings.address import normalise
from mappings.codes import split_reply
from mappings.facts import Connected, Received, Reply, Ruled
from mappings.log_words import Action, Contact, Decider, Stage

_RULE = re.compile(r"([a-z_-]+): ([A-Z][A-Z-]*|END-OF-MESSAGE)(?: from |: )")
_LOST = re.compile(r"(lost connection|timeout|too many errors) after (\S+)(?: \(\d+ bytes\)| \(approximately \d+ bytes\))? from ")
_QUEUED = re.compile(rf"\bqueued as ({POSTFIX_ID})")
_REDIRECT = re.compile(r" triggers (?:REDIRECT|BCC) (\S+)$")
_PROXY = re.compile(r"(?:NOQUEUE: )?proxy-(accept|reject): ([A-Z-]+): ")
#: What smtpd tells the client where the filter before the queue is away, breaks off, or may not have the message (`smtpd_proxy.c`,
#: `cleanup_strerror.c`).
_OWN_WORDS = re.compile(r"Error: (?:queue file write error|message file too big|too many hops)")
#: How often each command came, in an order of Postfix' own: recipients were taken, and nothing was sent for them.
_ASKED_ONLY = re.compile(r" rcpt=[1-9](?!.* (?:data|bdat)=)")
_UNMARKED = frozenset({"reject", "reject_warning"})
#: Stages at which somebody is named.
_NAMING = frozenset({"MAIL", "RCPT", "DATA", "END-OF-MESSAGE"})
_NAMED = r"(?P<name>[^\s\[]*)\[(?P<ip>[^\]\s\[]*)\](?::(?:[0-9]{1,5}|unknown))?"
CONNECT: str = rf"connect from {_NAMED}{COUNTED}"
#: How often each command came is told to the end, or not at all: of a line that was cut only the end of the session is known.
DISCONNECT: str = rf"disconnect from {_NAMED}(?P<commands>(?= )[a-z_=0-9/ ]* commands=[0-9/]+)?(?: .*)?"
TLS: str = rf"[A-Z][a-z]+ TLS connection established from {_NAMED}: (?P<protocol>\S+) with cipher (?P<cipher>\S+)(?: \(.*)?"
#: In the order in which smtpd.c prints it. `sasl_sender` is what the client says of itself (`MAIL FROM ... AUTH=`), logged as it came: no
#: login, and where it holds more than a plain word, nothing behind it is believed.
CLIENT: str = (
    rf"(?:(?P<queue_id>{POSTFIX_ID})|NOQUEUE): client={_NAMED}"
    r"(?:, sasl_method=(?P<method>[^,]*))?(?:, sasl_username=(?P<user>[^,]*))?(?:, sasl_sender=[^\s,\"<\\]*)?"
    r"(?:, orig_queue_id=(?P<before>[0-9A-Za-z]{1,32}))?"
    r"(?:, orig_client=(?P<before_name>[^\s\[]*)\[(?P<before_ip>[^\]\s\[]*)\](?::(?:[0-9]{1,5}|unknown))?)?"
    rf"(?:, .*|{COUNTED})"
)
#: What the rule says has no brackets but around the address that it is about, and none of the words that begin the tail: so the tail is
#: Postfix' own, and each address in it ends where Postfix ends it. A login is named behind the HELO: such a line is not usual.
REFUSED: str = (
    rf"(?:(?P<queue_id>{POSTFIX_ID})|NOQUEUE): reject: RCPT from "
    r"(?P<name>[^\s\[]*)\[(?P<ip>[^\]\s\[]*)\](?::(?P<port>[0-9]{1,5}|unknown))?: "
    r"(?P<said>[2-5][0-9]{2} (?:[245]\.[0-9]{1,3}\.[0-9]{1,3} )?(?:<[^<>\";\s]*>: )?[^<>;]*(?:;(?! proto=)[^<>;]*)*)"
    r"; from=<(?P<sender>[^<>\"\s]{0,1000})> to=<(?P<recipient>[^<>\"\s]{1,1000})> proto=[^\s,;:<>\"]+ helo=<(?P<helo>[^<>\s]*)>"
    rf"{COUNTED}"
)


def _known(text: str | None) -> str | None:
    """A name or an address of a client, where it has one."""
    return None if text == "unknown" else text


def connect(name: str, ip: str) -> Connected:
    """A session begins."""
    return Connected(Contact.CONNECT, _known(name) or None, _known(ip))


def disconnect(name: str, ip: str, commands: str | None) -> Outcome:
    """A session ends; one that only asked says so."""
    client_name, client_ip = _known(name) or None, _known(ip)
    ended = Connected(Contact.DISCONNECT, client_name, client_ip)
    left = commands is not None and " rcpt=" in commands and _ASKED_ONLY.search(commands) is not None
    return (Connected(Contact.LEFT, client_name, client_ip), ended) if left else ended


def tls(name: str, ip: str, protocol: str, cipher: str) -> Connected:
    """A session is encrypted from now on."""
    return Connected(Contact.TLS, _known(name) or None, _known(ip), f"{protocol} {cipher}")


def client(
    queue_id: str | None,
    name: str,
    ip: str,
    method: str | None,
    user: str | None,
    before: str | None,
    before_name: str | None,
    before_ip: str | None,
) -> Received:
    """A queue file begins."""
    return Received(
        queue_id,
        client_name=_known(name) or None,
        client_ip=_known(ip),
        user=user or None,
        login_method=method or None,
        origin_queue_id=before,
        origin_name=_known(before_name) or None,
        origin_ip=_known(before_ip),
    )


def refused(queue_id: str | None, name: str, ip: str, port: str | None, said: str, sender: str, recipient: str, helo: str) -> Ruled:
    """A recipient was refused."""
    code, enhanced, words = split_reply(said)
    return Ruled(
        queue_id=queue_id,
        action=Action.REJECT,
        stage=Stage.RCPT,
        source=Decider.ACCESS,
        client_name=_known(name) or None,
        client_ip=_known(ip),
        client_port=int(port) if port and port != "unknown" else None,
        helo=helo,
        sender=normalise(sender),
        recipients=[normalise(recipient)],
        reply=Reply(code, enhanced, words or said),
        text=said,
    )


def smtpd(line: Line) -> Outcome:
    """The fact that smtpd states."""
    text = line.text
    split = split_id(text)
    if split is None:
        return _session(text)
    queue_id, rest = split
    match = _RULE.match(rest)
    if match is not None:
        action = match[1]
        if action.startswith("proxy-"):
            return _proxied(action[6:], match[2], rest, match.end())
        if action.startswith("milter-"):
            return milter_decision(queue_id, action, match[2], rest, match.end() - 5)
        return _ruled(queue_id, action, match[2], rest, match.end())
    if rest.startswith("to=") and queue_id:
        return attempt_of(queue_id, rest, "smtpd")
    return _lost(rest) or UNKNOWN


def _session(text: str) -> Outcome:
    """Lines of a session that bear no id."""
    lost = _lost(text)
    if lost is not None:
        return lost
    match = _PROXY.match(text)
    if match is not None:
        return _proxied(match[1], match[2], text, match.end())
    match = _RULE.match(text)
    if match is not None and match[1] in _UNMARKED:
        # Before release 2.1 nothing stood where NOQUEUE stands now.
        return _ruled(None, match[1], match[2], text, match.end())
    return refused_late(text) or (IGNORED if text.startswith((*SEVERITIES, *_TALK)) else UNKNOWN)


def _lost(text: str) -> Connected | None:
    """`lost connection after DATA from NAME[IP]`; newer releases put the queue id or NOQUEUE before it."""
    match = _LOST.match(text)
    if match is None:
        return None
    client = client_at(text, match.end())
    return Connected(Contact.LOST, client.name if client else None, client.ip if client else None, f"{match[1]} after {match[2]}")


_TALK = (
    "cannot load Certificate Authority data",
    "TLS connection established ",
    "looking for plugins in ",
    "setting up TLS connection",
    "SSL_accept error",
    "TLS SNI ",
    "Anonymous TLS",
    "Trusted TLS",
    "Untrusted TLS",
    "Verified TLS",
    "improper command pipelining",
    "table ",
    "bare <LF> received",
    "discarding EHLO keywords",
    "idle timeout",
    "auxpropfunc",
    "sql_select option",
    "Relaying allowed for ",
    "mapping DSN status ",
    "skipping address family ",
    "sasl_exceptions: ",
)


def _ruled(queue_id: str | None, word: str, stage: str, rest: str, at: int) -> Outcome:
    """`ACTION: STAGE from CLIENT: TEXT; from=<> to=<> proto= helo=<>`."""
    client = client_at(rest, at)
    tail = tail_of(rest, client.end + 2) if client is not None and rest.startswith(": ", client.end) else None
    if client is None or tail is None:
        # A refused connection names nobody: no trace, but known. What should name somebody and does not was cut.
        return IGNORED if client is not None and stage not in _NAMING else UNKNOWN
    said = rest[client.end + 2 : tail.start]
    # With warn_if_reject the line looks like a refusal, and is none.
    action = Action.WARN if word == "reject_warning" else Action(word)
    if stage in {"VRFY", "ETRN", "EXPN"}:
        return IGNORED
    reply = None
    target = None
    if action is Action.REJECT:
        code, enhanced, words = split_reply(said)
        reply = Reply(code, enhanced, words or said)
    elif action in {Action.REDIRECT, Action.BCC}:
        where = _REDIRECT.search(said)
        target = normalise(where[1]) if where else None
    return Ruled(
        queue_id=queue_id,
        action=action,
        stage=Stage(stage),
        source=Decider.ACCESS,
        client_name=client.name,
        client_ip=client.ip,
        client_port=client.port,
        helo=tail.helo,
        sender=tail.sender,
        recipients=tail.recipients,
        reply=reply,
        text=said,
        target=target,
        user=tail.user,
    )


def in_own_words(text: str) -> bool:
    """Whether what the client was told for the filter before the queue is Postfix' own: the filter gave no answer."""
    return _OWN_WORDS.fullmatch(text) is not None


def _proxied(answer: str, stage: str, text: str, at: int) -> Outcome:
    """What the filter before the queue answered to the client: `queued as` names the root, `id=` the scan that refused or kept."""
    tail = tail_of(text, at)
    if tail is None:
        return UNKNOWN
    said = text[at : tail.start]
    code, enhanced, words = split_reply(said)
    queued = _QUEUED.findall(said)
    verdict, detail, did = filter_answer(words or said)
    # Releases differ in what they call an answer that takes the message and gives no queue file: the code tells.
    action = Action.ACCEPT if (code or 0) // 100 == 2 else Action(answer)
    return Ruled(
        queue_id=None,
        action=action,
        stage=Stage(stage),
        source=Decider.PROXY,
        helo=tail.helo,
        sender=tail.sender,
        recipients=tail.recipients,
        reply=Reply(code, enhanced, words or said),
        text=said,
        next_id=queued[-1] if queued and action is Action.ACCEPT else None,
        log_id=log_id_in(said),
        user=tail.user,
        verdict=verdict,
        detail=detail,
        did=did if action is Action.ACCEPT else None,
        own=in_own_words(words or said),
    )
