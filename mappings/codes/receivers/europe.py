"""Large European providers: GMX and WEB.DE, T-Online, Orange, Mail.ru, Yandex."""

from __future__ import annotations

from mappings.codes.entry import Move
from mappings.codes.receivers.receiver import Receiver, Said
from mappings.vocabulary import Reason

_R = Reason

UNITED_INTERNET = Receiver(
    "GMX, WEB.DE and mail.com",
    "https://postmaster.gmx.net/en/error-messages",
    (
        Said(
            _R.REVERSE_DNS,
            ("bad dns ptr resource record", "invalid dns ptr resource record"),
            "The sending address has no proper reverse name, or one that looks like a home line.",
            "Give the address a reverse name of its own that leads back to it, not a generated one.",
        ),
        Said(
            _R.POLICY,
            ("nemesis esmtp service not available…no smtp service…access denied",),
            "The server refuses connections from this address.",
            "The owner of the address follows the link in the reply, and writes over the form on that page.",
            move=Move.PROVIDER,
        ),
        Said(
            _R.REPUTATION,
            ("nemesis esmtp service not available",),
            "The sending address is on the provider's block list, mostly for spam or for many unknown recipients.",
            "Stop the cause, then the owner of the address follows the link in the reply, and asks for removal on that page.",
        ),
        Said(
            _R.REPUTATION,
            ("reject due to policy violations",),
            "The address is turned away for some time, because much of its mail went to mailboxes that do not exist.",
            "Clean the lists of recipients, look for a hacked account, and use one fixed greeting name; it ends after some hours.",
        ),
        Said(
            _R.POLICY,
            ("reject due to policy restrictions",),
            "A rule refused it: mostly broken headers, a sender that may not be used, or content that looks like spam.",
            "Follow the link in the reply: the letter behind c= on that page says which rule it was.",
            move=Move.PROVIDER,
        ),
        Said(
            _R.POLICY,
            ("over foreign mailservers", "over foreign mail servers"),
            "A sender's address of this provider must not come from outside, as it does with a forwarding.",
            "The sender uses the provider's own outgoing server; forwarders rewrite the envelope sender (SRS).",
            move=Move.PROVIDER,
        ),
    ),
)

T_ONLINE = Receiver(
    "T-Online",
    "https://postmaster.t-online.de/index.en.html",
    (
        Said(
            _R.REPUTATION,
            ("none/bad reputation. ask your postmaster", "a problem occurred. (ask your postmaster for help"),
            "The sending address is not known there, or not in good standing: new servers are refused until their owner writes in.",
            "The owner of the address writes to the postmaster address in the reply; name, imprint page and reverse name must fit.",
        ),
        Said(
            _R.REPUTATION,
            ("dialup/transient ip not allowed",),
            "T-Online takes no mail from lines of homes.",
            "Send through the provider's outgoing server, or have the owner of the address write to the postmaster address in the reply.",
        ),
        Said(
            _R.SPAM,
            ("due to spam or virus classification",),
            "The filter took the message for spam, or for harmful.",
            "Check links, files and wording, then send again.",
        ),
    ),
)

ORANGE = Receiver(
    "Orange and Wanadoo",
    "https://postmaster.orange.fr/",
    (
        Said(
            _R.RATE_LIMIT,
            ("trop de connexions",),
            "Too many connections at a time from this server.",
            "Use fewer connections at a time for Orange; two or three are usual.",
        ),
        Said(
            _R.REPUTATION,
            ("client host blocked for spamming issues",),
            "The sending address has a bad reputation at the lists that Orange uses.",
            "Follow the link in the reply, stop the cause, and ask there for removal.",
        ),
        Said(
            _R.REPUTATION,
            ("service refuse. veuillez",),
            "Orange turns the sending server away, mostly because of its reputation.",
            "Send less for some hours; if it stays, the owner of the address writes to Orange's postmaster with the OFR number.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("adresse d au moins un destinataire invalide",),
            "There is no such mailbox at Orange.",
            "Check the spelling of the address; ask the recipient for the right one.",
        ),
        Said(
            _R.SPAM,
            ("mail rejete. mail rejected. ofr",),
            "Orange took the message for spam.",
            "Check links, wording and authentication; if it is wanted mail, write to Orange's postmaster with the OFR number.",
        ),
    ),
)

MAIL_RU = Receiver(
    "Mail.ru",
    "https://help.mail.ru/notspam-support",
    (
        Said(
            _R.SPAM,
            ("spam message rejected. please visit", "help.mail.ru/notspam-support/id"),
            "Mail.ru took the message for spam.",
            "Follow the link in the reply: its form already holds the number of the message, and asks Mail.ru to look at it.",
        ),
        Said(
            _R.REVERSE_DNS,
            ("hosts with dynamic ip or generic dns ptr-records",),
            "The sending address has the reverse name of a home line.",
            "Give the address a reverse name of its own, or send through the provider's outgoing server.",
        ),
        Said(
            _R.AUTH_DMARC,
            ("not accepted due to domain owner dmarc policy",),
            "The sender's domain asks to refuse mail that fails DMARC, and this mail failed.",
            "Make SPF or DKIM pass for the domain in the From header; senders of Mail.ru must use its own servers.",
        ),
        Said(
            _R.SENDER_INVALID,
            ("not local sender over smtp",),
            "The program logged in with one account and sends with the address of another.",
            "Use the address of the account that logs in as the sender.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("message was not accepted -- invalid mailbox…user not found", "message was not accepted -- invalid mailbox"),
            "There is no such mailbox at Mail.ru, or it is switched off.",
            "Check the spelling of the address; ask the recipient for the right one.",
        ),
    ),
)

YANDEX = Receiver(
    "Yandex",
    "https://yandex.com/support/mail/bounces/yandex.html",
    (
        Said(
            _R.SPAM,
            ("message rejected under suspicion of spam", "spam limit exceeded"),
            "Yandex took the message for spam.",
            "Check links and wording. A sender of spam only is blocked for a day; bulk mail must follow Yandex's rules for it.",
        ),
        Said(
            _R.REPUTATION,
            ("blocked by spam statistics",),
            "Only spam has come from this address of late, so Yandex blocks it for a day.",
            "Look for a hacked account and stop it; the block ends by itself after a day without spam.",
        ),
        Said(
            _R.MAILBOX_DISABLED,
            ("policy rejection on the target address",),
            "Yandex has blocked the recipient's account.",
            "Reach the recipient another way; only the owner can have the account opened again.",
        ),
        Said(
            _R.MAILBOX_FULL,
            ("mailbox size limit exceeded", "mailbox size exceeded"),
            "The mailbox is full.",
            "The recipient must make room and log in once over the web page; then send again.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("no correct recipients",),
            "None of the recipients exists there.",
            "Check the spelling of the address; ask the recipient for the right one.",
        ),
        Said(
            _R.GREYLIST,
            ("sorry, the service is currently unavailable. please come back later",),
            "Yandex asks an unknown sender to come back later.",
            "Check that the sending server tries again from the same address.",
        ),
    ),
)
