"""Yahoo (with AOL and the providers that Yahoo runs mail for), and Apple's iCloud."""

from __future__ import annotations

from mappings.codes.entry import Move
from mappings.codes.receivers.receiver import Receiver, Said
from mappings.vocabulary import Reason

_R = Reason

YAHOO = Receiver(
    "Yahoo and AOL",
    "https://senders.yahooinc.com/smtp-error-codes/",
    (
        Said(
            _R.REPUTATION,
            (
                "temporarily deferred due to unexpected volume or user complaints",
                "temporarily deferred due to user complaints",
                "due to excessive user complaints",
            ),
            "Yahoo's users complained about mail from this address, or it suddenly sends much more than before.",
            "Stop bulk mail to Yahoo for some hours, look for a hacked account or forwarded spam, then send slowly.",
        ),
        Said(
            _R.REPUTATION,
            ("all messages from…will be permanently deferred", "mail from…not allowed - "),
            "Yahoo takes nothing from this address any more.",
            "Stop the cause, then the owner of the address asks Yahoo's sender support to look at it again.",
        ),
        Said(
            _R.REPUTATION,
            (
                "connections will not be accepted from…because the ip is in spamhaus",
                "connections not accepted from ip addresses on spamhaus",
            ),
            "The sending address is on a Spamhaus list, which Yahoo uses.",
            "Look the address up at check.spamhaus.org, stop the cause, and ask there for removal.",
        ),
        Said(
            _R.AUTH_DMARC,
            ("message not accepted for policy reasons",),
            "The mail failed the checks of the sender's domain (SPF, DKIM, DMARC).",
            "Make SPF or DKIM pass for the domain in the From header; mail with a Yahoo sender must go through Yahoo's own servers.",
            only="5.7.9",
        ),
        Said(
            _R.SPAM,
            ("message not allowed - [", "not accepted for policy reasons", "message temporarily deferred - ["),
            "Yahoo found in the message what spam or phishing has: links, files or wording.",
            "Take out suspicious links and files and send again; for bulk mail, check the list of recipients.",
        ),
        Said(
            _R.MAILBOX_DISABLED,
            ("account has been disabled or discontinued", "this mailbox is disabled (554.30)"),
            "The account is closed, mostly because nobody has used it for a year.",
            "Reach the recipient another way; the address takes no mail any more.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("this user doesn't have a…account", "requested mail action aborted, mailbox not found"),
            "There is no such mailbox at Yahoo or AOL.",
            "Check the spelling of the address, also the ending (com, de, fr); ask the recipient for the right one.",
        ),
        Said(
            _R.REMOTE_SYSTEM,
            ("resources temporarily unavailable. please try again later",),
            "Yahoo's servers are busy.",
            "Nothing for now; it ends by itself.",
        ),
    ),
)

APPLE = Receiver(
    "Apple (iCloud, me.com, mac.com)",
    "https://support.apple.com/102322",
    (
        Said(
            _R.SPAM,
            ("message rejected due to local policy", "message content rejected due to spam"),
            "Apple's filter refused it: content, links or the sender look like spam.",
            "Check links (also short ones) and authentication; if it is wanted mail, write to Apple's postmaster with the reply text.",
        ),
        Said(
            _R.REPUTATION,
            ("domain present in the spamhaus dbl",),
            "A domain in the message, mostly of a link, is on the domain list of Spamhaus.",
            "Look up all domains in the text at check.spamhaus.org; take the listed one out, or have its owner ask for removal.",
            move=Move.SENDER,
            cause="link",
            step="take_link_out",
            step_delayed="take_link_out",
        ),
        Said(
            _R.AUTH_DMARC,
            ("your message was rejected due to…dmarc policy",),
            "The sender's domain asks to refuse mail that fails DMARC, and this mail failed.",
            "Make SPF or DKIM pass for the domain in the From header.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("deferred due to excessive volume", "your mail from…was deferred"),
            "Too much mail for this mailbox, or from this address, in a short time.",
            "Use fewer connections and spread the mail over more time.",
        ),
        Said(
            _R.REMOTE_SYSTEM,
            ("service unavailable - try again later",),
            "Apple takes no mail at the moment, as often at the full hour.",
            "Nothing for now; it ends by itself. Bulk mail should not start at the full hour.",
        ),
        Said(
            _R.MAILBOX_DISABLED,
            ("inactive email address", "recipient no longer on server"),
            "The address is switched off by its owner, or no longer used.",
            "Reach the recipient another way; only the owner can switch the address on again.",
        ),
    ),
)
