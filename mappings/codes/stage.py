"""What a bare refusal means by the command that it answers: the same 550 is a mailbox at one stage and a filter at another."""

from __future__ import annotations

import re

from mappings.log_words import Stage
from mappings.vocabulary import Reason

_R = Reason

#: Stage and basic code (or its first digit) to the reason and a sentence; where a code is missing, the code alone speaks.
BY_STAGE: dict[tuple[str, str], tuple[Reason, str]] = {
    ("CONNECT", "4"): (_R.REMOTE_SYSTEM, "The server takes no connection at the moment."),
    ("CONNECT", "5"): (_R.REPUTATION, "The sending server was turned away before the dialogue began, mostly because of a block list."),
    ("HELO", "421"): (_R.REMOTE_SYSTEM, "The server closed the connection behind the greeting."),
    ("HELO", "4"): (_R.PROTOCOL, "The greeting name of the sending server is not accepted for now."),
    ("HELO", "5"): (_R.PROTOCOL, "The greeting name of the sending server is not accepted."),
    ("AUTH", "4"): (_R.AUTH_REQUIRED, "Logging in is not possible at the moment."),
    ("AUTH", "5"): (_R.AUTH_REQUIRED, "Logging in was refused."),
    ("MAIL", "501"): (_R.SENDER_INVALID, "The sender's address is not accepted as it is written."),
    ("MAIL", "530"): (_R.AUTH_REQUIRED, "Logging in or encryption is needed first."),
    ("MAIL", "550"): (_R.SENDER_INVALID, "The sender, or the server that sends for it, is not accepted."),
    ("MAIL", "552"): (_R.TOO_LARGE, "The message is larger than the server takes."),
    ("MAIL", "553"): (_R.SENDER_INVALID, "The sender's address is not accepted."),
    ("RCPT", "450"): (_R.GREYLIST, "The recipient is not taken for now: mostly greylisting, or the mailbox is busy."),
    ("RCPT", "451"): (
        _R.REMOTE_SYSTEM,
        "The recipient is not taken for now, because of a fault of the server or a rule of its administrator.",
    ),
    ("RCPT", "452"): (_R.MAILBOX_FULL, "There is no room for this recipient at the moment."),
    ("RCPT", "501"): (_R.RECIPIENT_UNKNOWN, "The recipient's address is not accepted as it is written."),
    ("RCPT", "550"): (_R.RECIPIENT_UNKNOWN, "The recipient is not taken: mostly there is no such mailbox."),
    ("RCPT", "551"): (_R.RECIPIENT_UNKNOWN, "The recipient is not here, and the server does not forward."),
    ("RCPT", "552"): (_R.MAILBOX_FULL, "The mailbox is full."),
    ("RCPT", "553"): (_R.RECIPIENT_UNKNOWN, "The recipient's address is not accepted: mostly there is no such mailbox."),
    ("END-OF-MESSAGE", "550"): (_R.CONTENT, "The server saw the message and refused it: mostly a filter."),
    ("END-OF-MESSAGE", "552"): (_R.TOO_LARGE, "The server saw the message and refused it: it is too large, or the mailbox is full."),
    ("END-OF-MESSAGE", "554"): (_R.CONTENT, "The server saw the message and refused it: mostly a filter."),
}

#: How servers name the command that was answered.
_ANSWERED = re.compile(
    r"in reply to (?P<postfix>end of DATA|MAIL FROM|RCPT TO|DATA|HELO|EHLO|AUTH) command|"
    r"from remote (?:mail server|mailer) after (?:pipelined )?"
    r"(?P<exim>end of data|initial connection|MAIL FROM|RCPT TO|DATA|HELO|EHLO|AUTH)\b|"
    r"(?P<greeting>refused to talk to me): "
).search
_STAGES = {
    "end of data": Stage.END_OF_MESSAGE,
    "initial connection": Stage.CONNECT,
    "refused to talk to me": Stage.CONNECT,
    "mail from": Stage.MAIL,
    "rcpt to": Stage.RCPT,
    "data": Stage.DATA,
    "helo": Stage.HELO,
    "ehlo": Stage.HELO,
    "auth": Stage.AUTH,
}


def stage_in(text: str) -> Stage | None:
    """The stage that a whole line of a server names."""
    match = _ANSWERED(text)
    return None if match is None else _STAGES[str(match["postfix"] or match["exim"] or match["greeting"]).lower()]


def by_stage(code: int | None, stage: str | None) -> tuple[Reason, str] | None:
    """What a bare code means at a stage, where that says more than the code."""
    if code is None or stage is None:
        return None
    stage = "HELO" if is_greeting(stage) else stage
    return BY_STAGE.get((stage, str(code))) or BY_STAGE.get((stage, str(code)[:1]))


def is_greeting(stage: str | None) -> bool:
    """Whether the greeting was answered, in its old form or the new one."""
    return stage in ("HELO", "EHLO")
