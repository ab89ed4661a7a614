"""Google: Gmail and Workspace."""

from __future__ import annotations

from mappings.codes.entry import Move
from mappings.codes.receivers.receiver import Receiver, Said
from mappings.vocabulary import Reason

_R = Reason

_RULES = "https://support.google.com/a/answer/81126"

GOOGLE = Receiver(
    "Google (Gmail, Workspace)",
    "https://support.google.com/a/answer/3726730",
    (
        Said(
            _R.RATE_LIMIT,
            ("is receiving mail too quickly", "is receiving email too quickly", "at a rate that prevents…messages from being delivered"),
            "The mailbox gets more mail at a time than Google lets in.",
            "Wait some hours. If it goes on, the recipient should look for a flood or a forwarding that fills the mailbox.",
            move=Move.RECIPIENT_ADMIN,
            cause="mailbox_busy",
        ),
        Said(
            _R.MAILBOX_FULL,
            ("recipient's inbox is out of storage space", "account that you tried to reach is over quota"),
            "The mailbox is full: the storage that Google's services share is used up.",
            "The recipient must make room in mail, photos and files, or get more storage; then send again.",
        ),
        Said(
            _R.MAILBOX_DISABLED,
            ("account that you tried to reach is disabled", "account that you tried to reach is inactive"),
            "The account is switched off or has not been used for long.",
            "Reach the recipient another way; only the owner or the administrator of that domain can open the account again.",
        ),
        Said(
            _R.RECIPIENT_UNKNOWN,
            ("account that you tried to reach does not exist",),
            "There is no such mailbox at Google.",
            "Check the spelling of the address, also for blanks and dots at its end; ask the recipient for the right one.",
        ),
        Said(
            _R.POLICY,
            ("may not exist, or you may not have permission to post",),
            "The group does not exist, or does not take mail from this sender.",
            "Ask the owner of the group to let this sender write to it, and check its name.",
            move=Move.SENDER,
        ),
        Said(
            _R.AUTH_SPF,
            ("because spf authentication didn't pass",),
            "Too much mail of a bulk sender without SPF.",
            "Add the sending server to the SPF record of the envelope sender's domain.",
            page=_RULES,
        ),
        Said(
            _R.AUTH_DKIM,
            ("because dkim authentication didn't pass",),
            "Too much mail of a bulk sender without a valid DKIM signature.",
            "Sign with the sender's domain, and check that the published key fits.",
            page=_RULES,
        ),
        Said(
            _R.AUTH_DMARC,
            ("isn't aligned with either the authenticated spf or dkim",),
            "The domain in the From header is neither the one that SPF confirmed nor the one that signed.",
            "Sign with the domain of the From header, or use an envelope sender of that domain.",
            page=_RULES,
        ),
        Said(
            _R.TLS,
            ("wasn't sent over a tls connection",),
            "Bulk mail must come over an encrypted connection.",
            "Switch on TLS for outgoing mail on the sending server.",
            page=_RULES,
        ),
        Said(
            _R.REVERSE_DNS,
            ("doesn't have a ptr record, or", "address sending this message does not have a ptr record"),
            "The sending server's address has no reverse name that leads back to it.",
            "Give the address a PTR record, and the name an address record that leads back; a changed entry needs some hours.",
            page=_RULES,
        ),
        Said(
            _R.AUTH_DMARC,
            ("unauthenticated email from…is not accepted due to domain's",),
            "The sender's domain asks to refuse mail that fails DMARC, and this mail failed.",
            "Make SPF or DKIM pass for the domain in the From header; forwarders must keep the signature valid or rewrite the sender.",
            page="https://support.google.com/mail/answer/2451690",
        ),
        Said(
            _R.AUTH_DMARC,
            ("blocked because the sender is unauthenticated", "gmail requires all senders to authenticate"),
            "Neither SPF nor DKIM passed, and Google takes no mail without one of them.",
            "Publish an SPF record that names the sending server, and sign with DKIM; one of both must pass.",
            cause="unconfirmed",
            page=_RULES,
        ),
        Said(
            _R.REPUTATION,
            ("very low reputation of the sending ip", "very low reputation of the sending domain"),
            "Google thinks badly of the sending address or domain, from the mail it sent before.",
            "Look at the address and domain in Google Postmaster Tools, stop what was reported as spam, and send little until it recovers.",
            page=_RULES,
        ),
        Said(
            _R.REPUTATION,
            ("is not authorized to send email directly to our servers",),
            "The sending address looks like a home or dial-up line, which should use its provider's outgoing server.",
            "Send through the provider's outgoing server, or give the address a proper reverse name.",
        ),
        Said(
            _R.SPAM,
            ("this message is likely unsolicited mail", "suspicious due to the nature of the content"),
            "Google takes this message for spam.",
            "Check links, wording and the lists of recipients; confirm SPF, DKIM and DMARC; send again when the cause is gone.",
            page=_RULES,
        ),
        Said(
            _R.RATE_LIMIT,
            ("unusual rate of unsolicited mail", "unusual rate of mail originating"),
            "Too much unwanted mail came from this address, network or domain; Google lets little through for now.",
            "Look for a hacked account or a forwarding of spam, stop it, and send less for a day or two.",
            page=_RULES,
        ),
        Said(
            _R.CONTENT,
            ("not rfc 5322 compliant", "not rfc 2822 compliant", "messages missing a valid address in from"),
            "A header is missing, doubled or badly written, mostly From.",
            "Correct the program that wrote the message: one From with one address, one Date, one Message-ID, no doubled headers.",
        ),
        Said(
            _R.ATTACHMENT,
            ("content presents a potential security issue",),
            "A file in it is of a kind that Google never takes, such as a program, also inside an archive.",
            "Send a link to the file instead; a password or another ending does not help.",
            page="https://support.google.com/mail/answer/6590",
        ),
        Said(
            _R.POLICY,
            ("email policy. - gcdp", "email policy…gcdp"),
            "A rule that the administrator of the recipient's domain made refused it.",
            "Ask the administrator of the recipient's domain for an exception; Google itself cannot help.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("daily user sending limit exceeded", "daily user sending quota exceeded", "smtp relay limit exceeded"),
            "The sending account or organisation has used up what Google lets it send in a day.",
            "Wait a day; then send less at once, and look for a hacked account.",
            page="https://support.google.com/a/answer/166852",
        ),
        Said(
            _R.AUTH_REQUIRED,
            ("application-specific password required", "username and password not accepted", "please log in with your web browser"),
            "Google did not accept the login of the mail program.",
            "Use an application password or the login over the browser (OAuth); the usual password is not enough.",
        ),
        Said(
            _R.TOO_LARGE,
            ("exceeded google's message size limits",),
            "The message is larger than Google takes.",
            "Send a link instead of the file.",
        ),
        Said(
            _R.RATE_LIMIT,
            ("try again later, closing connection.",),
            "Google takes less mail from this address for now, mostly because of its reputation.",
            "Send more slowly, and look for forwarded spam; Google's Postmaster Tools show the reputation.",
        ),
        Said(
            _R.REMOTE_SYSTEM,
            ("temporary system problem. try again later",),
            "Google has a passing fault.",
            "Look at Google's public status page; if it says nothing and the fault stays, send from another address as a test.",
        ),
    ),
)
