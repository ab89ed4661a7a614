"""The dialogue: `from=`, what rules and milters decided, what was refused, transactions that broke off.

The id of the queue file is the transaction's: what is refused in it bears the same.
"""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.sendmail.parts import Address, address_at, client_of
from mappings.address import message_id
from mappings.codes import reason_of, split_reply
from mappings.facts import Fact, Identified, Queued, Received, Reply, Ruled
from mappings.log_words import Action, Decider, Stage
from mappings.vocabulary import Reason

#: `logsender` in headers.c.
_SIZES = re.compile(r", size=(-?\d{1,18}), class=-?\d{1,9}, nrcpts=(\d{1,9})")
#: The Message-ID is a stranger's; behind it come words of Sendmail's own, and the name of a client holds no comma.
_REST = re.compile(
    r"(?:, msgid=(.*?))?(?:, bodytype=[^,\s]{1,20})?(?:, proto=[^,\s]{1,20})?(?:, daemon=[^,]{1,20})?"
    r"(?:, (?:tls_verify|tls_version|cipher|auth)=[^,\s]{1,20})*, relay=([^,]*)$",
    re.DOTALL,
)
#: A longer Message-ID is cut, and a cut one is nobody's (`MSGIDLOGLEN`).
_LONGEST_ID = 100
#: And so is a longer sender (`%.200s`).
_LONGEST_SENDER = 200
_RULESET = re.compile(r"ruleset=([A-Za-z0-9_]{1,64}), arg1=")
_STAGES = {
    "check_relay": Stage.CONNECT,
    "check_mail": Stage.MAIL,
    "check_rcpt": Stage.RCPT,
    "check_compat": Stage.RCPT,
    "check_data": Stage.DATA,
    "check_eoh": Stage.END_OF_MESSAGE,
    "check_eom": Stage.END_OF_MESSAGE,
}
#: Of other servers, of logins, and of questions: they refuse no message.
_OTHERS = ("tls_", "try_tls", "srv_", "clt_", "trust_", "authinfo", "check_vrfy", "check_expn", "check_etrn", "queuegroup", "greet_pause")
_SECOND = ", arg2="
_RELAY = ", relay="
_RULED = re.compile(r", (?:(discard)|quarantine=(.*)|reject=(.*))$", re.DOTALL)
_CLIENT = re.compile(r", relay=([^,]*?)(?=, (?:discard$|quarantine=|reject=))")
#: `MILTER_REPLY` in srvrsmtp.c, and what milters say of the data.
_MILTER = re.compile(r"Milter: (?:(from|to)=|(?:cmd=)?data(?=, ))")
_ANSWER = re.compile(r", (?:(discard)|reject=(.*))$", re.DOTALL)
_QUARANTINED = re.compile(r"milter=([^,\s]{1,128}), quarantine=(.*)$", re.DOTALL)
_REFUSED = re.compile(r"\.\.\. (.*)$", re.DOTALL)
_UNKNOWN_USER = "User unknown"
_BROKEN = re.compile(r"collect: relay=([^,\s]{1,100}), from=(<.*>), info=(.*)$", re.DOTALL)
_TOO_BIG = re.compile(r"message size \(\d{1,18}\) exceeds maximum \(\d{1,18}\)$")
_HOPS = re.compile(r"SYSERR\([^()\s]{1,64}\): (Too many hops \d{1,9} \(\d{1,9} max\)): ")


def arrival(queue_id: str, text: str) -> Outcome:
    """`from=<s>, size=1, class=0, nrcpts=2, msgid=<i>, proto=ESMTP, daemon=MTA, relay=host [address]`; `text` is what follows `from=`.

    It is said when a message is complete, and also when a transaction ends without one: then there is no Message-ID, which Sendmail
    adds where a message has none.
    """
    address, at = address_at(text, 0)
    if (address is None and at) or at > _LONGEST_SENDER:
        address, at = None, _LONGEST_SENDER
    sizes = _SIZES.match(text, at)
    rest = None if sizes is None else _REST.match(text, sizes.end())
    if sizes is None or rest is None:
        return UNKNOWN
    sender, named, client = None if address is None else address.name, rest[1], client_of(rest[2])
    facts: list[Fact] = [
        Received(
            queue_id=queue_id,
            client_name=client.name if client is not None else None,
            client_ip=client.ip if client is not None else None,
            login=client.login if client is not None else None,
            sender=sender,
        )
    ]
    if named is None:
        facts.append(Ruled(queue_id, Action.ABORT, Stage.DATA))
        return tuple(facts)
    if len(named) < _LONGEST_ID:
        facts.append(Identified(queue_id, message_id(named)))
    if sender is not None:
        facts.append(Queued(queue_id, sender, int(sizes[1]), int(sizes[2])))
    return tuple(facts)


def ruleset(queue_id: str | None, text: str) -> Outcome:
    """`ruleset=check_rcpt, arg1=<r>, relay=host [address], reject=550 5.7.1 why` (`rscheck` in parseaddr.c)."""
    head = _RULESET.match(text)
    if head is None:
        return UNKNOWN
    if head[1].startswith(_OTHERS):
        return IGNORED
    stage = _STAGES.get(head[1])
    sender = recipient = None
    at, told = head.end(), True
    if stage in {Stage.MAIL, Stage.RCPT}:
        address, at = address_at(text, at)
        sender, recipient = (None, address) if stage is Stage.RCPT else (address, None)
        if address is not None and text.startswith(_SECOND, at):
            # `check_compat` has both.
            sender, (recipient, at) = address, address_at(text, at + len(_SECOND))
        if (sender or recipient) is None or not text.startswith(_RELAY, at):
            return UNKNOWN
    elif queue_id is None:
        # Of a connection, before anybody was named.
        return IGNORED
    else:
        # The value of a header is a stranger's: where it may imitate what follows it, that is not told.
        at, told = text.rfind(_RELAY), text.count(_RELAY) == 1
    client = _CLIENT.match(text, at) if at >= 0 else None
    ruled = None if client is None else _RULED.match(text, client.end())
    if client is None or ruled is None:
        return UNKNOWN
    action = Action.DISCARD if ruled[1] else Action.HOLD if ruled[2] is not None else Action.REJECT
    host = client_of(client[1]) if told else None
    said = ruled[3] if told else None
    return Ruled(
        queue_id=queue_id,
        action=action,
        stage=stage or Stage.HEADER,
        source=Decider.ACCESS if stage is not None else Decider.HEADER,
        client_name=host.name if host is not None else None,
        client_ip=host.ip if host is not None else None,
        sender=None if sender is None else sender.name,
        recipients=[] if recipient is None else [recipient.name],
        reply=None if said is None else _reply(said),
        text=_reply(said).text if said is not None else (ruled[2] or "") if told else "",
    )


def milter(queue_id: str, text: str) -> Outcome:
    """`Milter: data, reject=554 5.7.1 why`, `Milter: to=<r>, reject=...`, `milter=NAME, quarantine=why`; the rest is how it came to it."""
    held = _QUARANTINED.match(text)
    if held is not None:
        return Ruled(queue_id, Action.HOLD, Stage.END_OF_MESSAGE, Decider.MILTER, text=held[2])
    head = _MILTER.match(text)
    if head is None:
        return IGNORED
    at, sender, recipient = head.end(), None, None
    stage = Stage.DATA if head[0].startswith("Milter: cmd=") else Stage.END_OF_MESSAGE
    if head[1] is not None:
        address, at = address_at(text, at)
        if address is None:
            return UNKNOWN
        stage = Stage.MAIL if head[1] == "from" else Stage.RCPT
        sender, recipient = (address.name, None) if stage is Stage.MAIL else (None, address.name)
    answer = _ANSWER.match(text, at)
    if answer is None:
        return UNKNOWN
    return Ruled(
        queue_id=queue_id,
        action=Action.DISCARD if answer[1] else Action.REJECT,
        stage=stage,
        source=Decider.MILTER,
        sender=sender,
        recipients=[] if recipient is None else [recipient],
        reply=_reply(answer[2]) if answer[2] is not None else None,
        text=_reply(answer[2]).text if answer[2] is not None else "",
    )


def refused(queue_id: str, text: str) -> Outcome:
    """`<r>... User unknown`: what Sendmail itself says no to (`usrerr`), without a code; of senders, of syntax as well."""
    address, at = address_at(text, 0) if text.startswith("<") else (Address(text.partition("... ")[0], agent=False), text.find("... "))
    said = _REFUSED.match(text, at) if at > 0 else None
    if address is None or said is None or " " in address.name:
        return UNKNOWN
    if said[1] == _UNKNOWN_USER:
        reply = Reply(550, "5.1.1", said[1], inferred=True)
    elif reason_of(None, None, said[1]) is Reason.RECIPIENT_UNKNOWN:
        # In words of the administrator's (`error:nouser` in virtusertable), with a code of his that is not logged.
        reply = Reply(text=said[1])
    else:
        return IGNORED
    return Ruled(queue_id, Action.REJECT, Stage.RCPT, recipients=[address.name], reply=reply, text=said[1])


def broken(queue_id: str, text: str) -> Outcome | None:
    """What ends a message before it is taken: the client is gone, it is too big, it went in circles. None where it is none of these."""
    gone = _BROKEN.match(text)
    if gone is not None:
        address, end = address_at(gone[2], 0)
        sender = address.name if address is not None and end == len(gone[2]) else None
        return Ruled(queue_id, Action.ABORT, Stage.DATA, client_name=gone[1], sender=sender, text=gone[3])
    if _TOO_BIG.match(text) is not None:
        reply = Reply(552, "5.2.3", inferred=True)
        return Ruled(queue_id, Action.REJECT, Stage.END_OF_MESSAGE, Decider.SIZE, reply=reply, text=text)
    hops = _HOPS.match(text)
    if hops is not None:
        return Ruled(
            queue_id, Action.REJECT, Stage.END_OF_MESSAGE, Decider.HOPS, reply=Reply(554, "5.4.6", hops[1], inferred=True), text=hops[1]
        )
    return None


def _reply(text: str) -> Reply:
    """What the client was told; before the text stands whom it is about."""
    code, enhanced, words = split_reply(text)
    return Reply(code, enhanced, words)
