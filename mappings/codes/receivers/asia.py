"""Large Chinese providers: QQ (Tencent) and NetEase (163.com, 126.com)."""

from __future__ import annotations

from mappings.codes.entry import Move
from mappings.codes.receivers.receiver import Receiver, Said
from mappings.vocabulary import Reason

_R = Reason

QQ = Receiver(
    "QQ Mail",
    "https://smtp.codes/qq",
    (
        Said(
            _R.SPAM,
            ("mail content denied",),
            "Many users reported mail with such content as spam.",
            "Change text and links, and send to fewer people at a time.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("sender frequency limited", "ip frequency limited", "domain frequency limited", "connection frequency limited"),
            "The sender, its domain or its server sent more than QQ allows in a minute, an hour or a day.",
            "Wait until the next day, and send more slowly.",
        ),
        Said(
            _R.REPUTATION,
            ("suspected spam sender", "suspected spam ip"),
            "QQ takes the sender or its server for a source of spam.",
            "Stop the cause, then write to QQ's postmaster.",
        ),
        Said(
            _R.POLICY,
            ("mail is rejected by recipients",),
            "The recipient has blocked this sender, or filters it out.",
            "Reach the recipient another way, and ask to be taken off the block list.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("mailbox unavailable or access denied",),
            "The recipient got very much mail in a short time, so QQ lets nothing in for a while.",
            "Send again some hours later.",
            move=Move.NOBODY,
            cause="mailbox_busy",
        ),
        Said(
            _R.SENDER_INVALID,
            ("domain may not exist or dns check failed",),
            "QQ could not look up the domain of the sender's address.",
            "Check that the sender's domain exists and that its name servers answer from abroad.",
            move=Move.PROVIDER,
        ),
    ),
)

NETEASE = Receiver(
    "NetEase (163.com, 126.com, yeah.net)",
    "http://mail.163.com/help/help_spam_16.htm",
    (
        Said(
            _R.SPAM,
            ("dt:spm",),
            "NetEase took the message for spam.",
            "Change text and links; the link in the reply leads to the explanation and a form.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("rp:orq", "rp:qrc", "hl:itc", "rp:trc"),
            "The sender or its server sent more than NetEase allows for now.",
            "Send more slowly; the limit of a day ends with the day.",
        ),
    ),
)
