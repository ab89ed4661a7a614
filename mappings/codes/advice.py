"""For each reason: whose move it is, the next step, and which parts of the sentences say it to the customer.

The words of those parts, in every language, are in `mappings.locales`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mappings.codes.entry import Move
from mappings.vocabulary import Reason


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a reason."""

    move: Move
    next_step: str
    #: What the customer reads as the cause: a key of `[cause]`; empty where there is none to tell.
    cause: str
    #: What the customer reads as the next step, a key of `[step]`, when it is refused for good.
    step: str
    #: The same while it may still arrive.
    step_delayed: str
    #: Whose move it is while it may still arrive.
    move_delayed: Move = Move.NOBODY
    #: The reason in one sentence, where its own would be wrong here.
    sentence: str = ""
    #: What became of it, a key of `[fate]`, where the disposition alone does not say it.
    fate: str = ""

    def next_step_for(self, temporary: bool) -> str:
        """The next step; while delivery is still tried, waiting comes first."""
        if not temporary:
            return self.next_step
        if self.move_delayed is Move.NOBODY:
            return f"Wait: delivery is tried again by itself. If it goes on for hours: {self.next_step[:1].lower()}{self.next_step[1:]}"
        return f"Delivery is tried again by itself until the cause is gone. {self.next_step}"


ADVICE: dict[Reason, Advice] = {
    Reason.VIRUS: Advice(
        Move.SENDER,
        "Have the sending computer and the file checked; send the content again in another form only when it is known to be harmless.",
        "virus",
        "clean",
        "clean",
        Move.SENDER,
    ),
    Reason.SPAM: Advice(
        Move.SENDER,
        "Change what looks like advertising (links, wording, pictures only) and send again; if it is wanted mail, ask the receiving "
        "side to allow the sender.",
        "spam",
        "allow",
        "wait",
    ),
    Reason.CONTENT: Advice(
        Move.SENDER,
        "Remove what the rules do not allow from subject, text or headers and send again, or ask the receiving side for an exception.",
        "content",
        "change",
        "wait",
    ),
    Reason.ATTACHMENT: Advice(
        Move.SENDER,
        "Send the file another way (a download link, another file type), or ask for the kept message to be released if the file is "
        "expected.",
        "attachment",
        "other_form",
        "other_form",
        Move.SENDER,
    ),
    Reason.POLICY: Advice(
        Move.RECIPIENT_ADMIN,
        "Ask the administrator of the receiving side which rule refused it, and give the reply text, the time and both addresses.",
        "policy",
        "ask_recipient_admin",
        "wait",
    ),
    Reason.AUTH_SPF: Advice(
        Move.PROVIDER,
        "Add the sending server to the SPF record of the sender's domain, or send through the server that is named there.",
        "auth_spf",
        "sender_admin",
        "sender_admin",
        Move.PROVIDER,
    ),
    Reason.AUTH_DKIM: Advice(
        Move.PROVIDER,
        "Check the DKIM signature and the published key of the sender's domain, and whether something changes the message behind "
        "the signer.",
        "auth_dkim",
        "sender_admin",
        "sender_admin",
        Move.PROVIDER,
    ),
    Reason.AUTH_DMARC: Advice(
        Move.PROVIDER,
        "Make SPF or DKIM pass for the domain in the From header; forwarders and mailing lists must sign or rewrite the sender.",
        "auth_dmarc",
        "sender_admin",
        "sender_admin",
        Move.PROVIDER,
    ),
    Reason.AUTH_ARC: Advice(
        Move.PROVIDER,
        "Check the server that forwarded it: its ARC seal is missing or wrong.",
        "auth_arc",
        "forwarder",
        "wait",
        Move.PROVIDER,
    ),
    Reason.REPUTATION: Advice(
        Move.PROVIDER,
        "Look the sending address up in the list that the reply names, stop the cause (hacked account, infected computer), then ask "
        "the list for removal.",
        "reputation",
        "block_list",
        "sender_admin",
        Move.PROVIDER,
    ),
    Reason.REVERSE_DNS: Advice(
        Move.PROVIDER,
        "Give the sending address a reverse name (PTR) that leads back to the same address, and use that name in the greeting.",
        "reverse_dns",
        "sender_admin",
        "sender_admin",
        Move.PROVIDER,
    ),
    Reason.GREYLIST: Advice(
        Move.NOBODY,
        "Check that the sending server tries again, from the same address and with some minutes between.",
        "greylist",
        "resend",
        "soon",
    ),
    Reason.RATE_LIMIT: Advice(
        Move.PROVIDER,
        "Send more slowly or over fewer connections at a time; look for a hacked account or a mailing that is under way.",
        "rate_limit",
        "resend_later",
        "wait",
    ),
    Reason.RECIPIENT_UNKNOWN: Advice(
        Move.SENDER,
        "Check the spelling of the address; ask the recipient for the right one by another way, and remove it from address books "
        "and lists.",
        "recipient_unknown",
        "check_address",
        "check_address",
    ),
    Reason.MAILBOX_FULL: Advice(
        Move.RECIPIENT_ADMIN,
        "The recipient must delete mail or get more space; then send again.",
        "mailbox_full",
        "room",
        "room_wait",
        Move.RECIPIENT_ADMIN,
    ),
    Reason.MAILBOX_DISABLED: Advice(
        Move.RECIPIENT_ADMIN,
        "Ask the recipient or the administrator of that side whether the mailbox is still in use; they can open it again.",
        "mailbox_disabled",
        "open_mailbox",
        "open_mailbox",
        Move.RECIPIENT_ADMIN,
    ),
    Reason.RECIPIENT_DOMAIN: Advice(
        Move.SENDER,
        "Check the part of the address behind the @. If it is right, the owner of the domain must make it take mail (MX record).",
        "recipient_domain",
        "check_domain",
        "check_domain",
    ),
    Reason.SENDER_INVALID: Advice(
        Move.SENDER,
        "Check the sender's address that the program uses: its domain must exist and take mail.",
        "sender_invalid",
        "sender_address",
        "sender_address",
        Move.SENDER,
    ),
    Reason.RELAY_DENIED: Advice(
        Move.SENDER,
        "If the sender should be served here: log in, or use the right outgoing server. If the recipient should be served here: the "
        "domain is "
        "not set up on the server that was asked.",
        "relay_denied",
        "outgoing_server",
        "outgoing_server",
        Move.SENDER,
    ),
    Reason.AUTH_REQUIRED: Advice(
        Move.SENDER,
        "Check user name, password and login method in the mail program.",
        "auth_required",
        "login",
        "login",
        Move.SENDER,
    ),
    Reason.TOO_LARGE: Advice(
        Move.SENDER,
        "Send less at once, or a link instead of the file. Mail grows by a third when files are attached.",
        "too_large",
        "smaller",
        "smaller",
        Move.SENDER,
    ),
    Reason.TOO_MANY_RECIPIENTS: Advice(
        Move.SENDER,
        "Send to fewer recipients at a time, or use a mailing list.",
        "too_many_recipients",
        "fewer",
        "wait",
    ),
    Reason.DNS: Advice(
        Move.RECIPIENT_ADMIN,
        "Ask for the domain's MX and address records from another place; if they fail there too, the domain's owner must act, else "
        "our own resolver.",
        "dns",
        "check_domain",
        "wait",
    ),
    Reason.CONNECTION: Advice(
        Move.RECIPIENT_ADMIN,
        "Try a connection to that server by hand; if it fails from elsewhere too, its administrator must act, else look at our own "
        "network and firewall.",
        "connection",
        "resend_later",
        "wait",
    ),
    Reason.TLS: Advice(
        Move.PROVIDER,
        "Compare the encryption settings and certificates of both servers; the reply says which side asks for it.",
        "tls",
        "both_admins",
        "wait",
        Move.PROVIDER,
    ),
    Reason.ROUTING_LOOP: Advice(
        Move.RECIPIENT_ADMIN,
        "Look for forwardings that lead back to themselves, and for an MX record that points to a server which does not know the domain.",
        "routing_loop",
        "recipient_admin",
        "recipient_admin",
        Move.RECIPIENT_ADMIN,
    ),
    Reason.PROTOCOL: Advice(
        Move.PROVIDER,
        "Compare what the two servers said (reply text and log): one uses what the other does not know or does not allow.",
        "protocol",
        "sender_admin",
        "wait",
        Move.PROVIDER,
    ),
    Reason.REMOTE_SYSTEM: Advice(
        Move.RECIPIENT_ADMIN,
        "Tell the administrator of that server the time and the reply text.",
        "remote_system",
        "resend_later",
        "wait",
    ),
    Reason.LOCAL_SYSTEM: Advice(
        Move.US,
        "Look at the log of our own server at that time: settings, disk space, or a program that did not answer.",
        "local_system",
        "ours",
        "ours_wait",
        Move.US,
    ),
    Reason.EXPIRED: Advice(
        Move.SENDER,
        "Look at the last reply in the timeline: it says why it could not be delivered. Send again when the cause is gone.",
        "expired",
        "resend_later",
        "wait",
    ),
    Reason.ADMIN: Advice(
        Move.US,
        "Ask the administrator who did it; the log has the time.",
        "admin",
        "urgent",
        "urgent",
        Move.US,
    ),
    Reason.UNKNOWN: Advice(
        Move.RECIPIENT_ADMIN,
        "Ask the administrator of the server that refused it, and give the reply text, the time and both addresses.",
        "unknown",
        "ask_why",
        "wait",
    ),
}
