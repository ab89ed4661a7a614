"""For each reason: whose move it is, the next step, and what to tell the customer, when refused for good and when delayed.

Customer sentences begin with "The message", so that a report can say which message it was.
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
    #: To the customer, when it is refused for good.
    refused: str
    #: To the customer, while it may still arrive.
    delayed: str
    #: Whose move it is while it may still arrive.
    move_delayed: Move = Move.NOBODY
    #: The reason in one sentence, where its own would be wrong here.
    sentence: str = ""

    def next_step_for(self, temporary: bool) -> str:
        """The next step; while delivery is still tried, waiting comes first."""
        if not temporary:
            return self.next_step
        if self.move_delayed is Move.NOBODY:
            return f"Wait: delivery is tried again by itself. If it goes on for hours: {self.next_step[:1].lower()}{self.next_step[1:]}"
        return f"Delivery is tried again by itself until the cause is gone. {self.next_step}"


_BY_ITSELF = "It is sent again automatically; nothing needs to be done for now."

ADVICE: dict[Reason, Advice] = {
    Reason.VIRUS: Advice(
        Move.SENDER,
        "Have the sending computer and the file checked; send the content again in another form only when it is known to be harmless.",
        "The message was stopped because a harmful file was found in it. Please have the computer it was sent from checked before "
        "sending it again.",
        "The message was not accepted for now because a harmful file was found in it. Please have the computer it was sent from checked.",
        Move.SENDER,
    ),
    Reason.SPAM: Advice(
        Move.SENDER,
        "Change what looks like advertising (links, wording, pictures only) and send again; if it is wanted mail, ask the receiving "
        "side to allow the sender.",
        "The message was taken for unwanted advertising and was not delivered. If it is wanted, please ask the receiving side to "
        "allow the sender, "
        "or send it again in plainer words.",
        "The message looks like unwanted advertising to the receiving side and has not been accepted so far. " + _BY_ITSELF,
    ),
    Reason.CONTENT: Advice(
        Move.SENDER,
        "Remove what the rules do not allow from subject, text or headers and send again, or ask the receiving side for an exception.",
        "The message was not delivered because its content is not allowed by the rules of the receiving side. Please change it and "
        "send it again.",
        "The message has not been accepted so far because of its content. " + _BY_ITSELF,
    ),
    Reason.ATTACHMENT: Advice(
        Move.SENDER,
        "Send the file another way (a download link, another file type), or ask for the kept message to be released if the file is "
        "expected.",
        "The message was stopped because it carries a type of attachment that is not allowed. Please send the file in another form, "
        "for example as a link.",
        "The message has not been accepted so far because of its attachment. Please send the file in another form, for example as a link.",
        Move.SENDER,
    ),
    Reason.POLICY: Advice(
        Move.RECIPIENT_ADMIN,
        "Ask the administrator of the receiving side which rule refused it, and give the reply text, the time and both addresses.",
        "The message was refused by a rule of the receiving mail system. Please ask the recipient's administrator to allow it, "
        "or reach the recipient another way.",
        "The message has been turned away for now by a rule of the receiving mail system. " + _BY_ITSELF,
    ),
    Reason.AUTH_SPF: Advice(
        Move.PROVIDER,
        "Add the sending server to the SPF record of the sender's domain, or send through the server that is named there.",
        "The message was refused because the server that sent it is not allowed to send for the sender's domain. "
        "The sender's mail administrator has to correct this (SPF record).",
        "The message has not been accepted so far because the server that sent it is not known to send for the sender's domain. "
        "The sender's mail administrator should check this (SPF record).",
        Move.PROVIDER,
    ),
    Reason.AUTH_DKIM: Advice(
        Move.PROVIDER,
        "Check the DKIM signature and the published key of the sender's domain, and whether something changes the message behind "
        "the signer.",
        "The message was refused because the signature of the sender's domain is missing or wrong. "
        "The sender's mail administrator has to correct this (DKIM).",
        "The message has not been accepted so far because the signature of the sender's domain could not be confirmed. "
        "The sender's mail administrator should check this (DKIM).",
        Move.PROVIDER,
    ),
    Reason.AUTH_DMARC: Advice(
        Move.PROVIDER,
        "Make SPF or DKIM pass for the domain in the From header; forwarders and mailing lists must sign or rewrite the sender.",
        "The message was refused because it could not be confirmed that it comes from the sender's domain. "
        "The sender's mail administrator has to correct this (DMARC).",
        "The message has not been accepted so far because it could not be confirmed that it comes from the sender's domain. "
        "The sender's mail administrator should check this (DMARC).",
        Move.PROVIDER,
    ),
    Reason.AUTH_ARC: Advice(
        Move.PROVIDER,
        "Check the server that forwarded it: its ARC seal is missing or wrong.",
        "The message was refused because it was forwarded on the way and its origin could no longer be confirmed. "
        "The administrator of the forwarding server has to correct this.",
        "The message has not been accepted so far because it was forwarded and its origin could not be confirmed. " + _BY_ITSELF,
        Move.PROVIDER,
    ),
    Reason.REPUTATION: Advice(
        Move.PROVIDER,
        "Look the sending address up in the list that the reply names, stop the cause (hacked account, infected computer), then ask "
        "the list for removal.",
        "The message was refused because the server that sent it is on a block list. The provider of the sender has to have the "
        "entry removed; "
        "until then, please use another way.",
        "The message has been turned away for now because the server that sent it has a bad reputation. It is sent again automatically; "
        "the provider of the sender should look into it.",
        Move.PROVIDER,
    ),
    Reason.REVERSE_DNS: Advice(
        Move.PROVIDER,
        "Give the sending address a reverse name (PTR) that leads back to the same address, and use that name in the greeting.",
        "The message was refused because the server that sent it has no proper name in the internet's directory. "
        "The provider of the sender has to correct this.",
        "The message has been turned away for now because the server that sent it has no proper name in the internet's directory. "
        "The provider of the sender should correct this.",
        Move.PROVIDER,
    ),
    Reason.GREYLIST: Advice(
        Move.NOBODY,
        "Check that the sending server tries again, from the same address and with some minutes between.",
        "The message was asked to be sent again later, and that did not happen. Please send it again.",
        "The message was asked to come again some minutes later; that is usual with a first contact. It is sent again automatically "
        "and should arrive soon.",
    ),
    Reason.RATE_LIMIT: Advice(
        Move.PROVIDER,
        "Send more slowly or over fewer connections at a time; look for a hacked account or a mailing that is under way.",
        "The message was refused because too much mail was sent in too short a time. Please try again later.",
        "The message has been delayed because too much mail was sent in too short a time. " + _BY_ITSELF,
    ),
    Reason.RECIPIENT_UNKNOWN: Advice(
        Move.SENDER,
        "Check the spelling of the address; ask the recipient for the right one by another way, and remove it from address books "
        "and lists.",
        "The message could not be delivered because the recipient's address does not exist. Please check the spelling, "
        "or ask the recipient for the right address.",
        "The message could not be delivered so far because the recipient's address is not known at present. Please check the spelling. "
        + _BY_ITSELF,
    ),
    Reason.MAILBOX_FULL: Advice(
        Move.RECIPIENT_ADMIN,
        "The recipient must delete mail or get more space; then send again.",
        "The message could not be delivered because the recipient's mailbox is full. Please let the recipient know another way, "
        "and send it again when there is room.",
        "The message could not be delivered so far because the recipient's mailbox is full. It is sent again automatically "
        "and arrives as soon as there is room.",
        Move.RECIPIENT_ADMIN,
    ),
    Reason.MAILBOX_DISABLED: Advice(
        Move.RECIPIENT_ADMIN,
        "Ask the recipient or the administrator of that side whether the mailbox is still in use; they can open it again.",
        "The message could not be delivered because the recipient's mailbox is closed. Please reach the recipient another way.",
        "The message could not be delivered so far because the recipient's mailbox is closed at present. " + _BY_ITSELF,
        Move.RECIPIENT_ADMIN,
    ),
    Reason.RECIPIENT_DOMAIN: Advice(
        Move.SENDER,
        "Check the part of the address behind the @. If it is right, the owner of the domain must make it take mail (MX record).",
        "The message could not be delivered because there is no mail service for the part of the address behind the @. Please check "
        "the spelling.",
        "The message could not be delivered so far because no mail service was found for the part of the address behind the @. "
        "Please check the spelling. " + _BY_ITSELF,
    ),
    Reason.SENDER_INVALID: Advice(
        Move.SENDER,
        "Check the sender's address that the program uses: its domain must exist and take mail.",
        "The message was refused because the sender's address is not valid. Please check the sender's address in the mail program.",
        "The message has not been accepted so far because the sender's address could not be confirmed. Please check the sender's "
        "address in the mail program.",
        Move.SENDER,
    ),
    Reason.RELAY_DENIED: Advice(
        Move.SENDER,
        "If the sender should be served here: log in, or use the right outgoing server. If the recipient should be served here: the "
        "domain is "
        "not set up on the server that was asked.",
        "The message was refused because the server that was asked does not handle mail for this recipient. Please check the address "
        "and the outgoing server in the mail program.",
        "The message has not been accepted so far because the server that was asked does not handle mail for this recipient. Please "
        "check the address.",
        Move.SENDER,
    ),
    Reason.AUTH_REQUIRED: Advice(
        Move.SENDER,
        "Check user name, password and login method in the mail program.",
        "The message was refused because the mail program did not log in, or with the wrong password. "
        "Please check user name and password in the mail program.",
        "The message has not been accepted so far because logging in did not work. Please check user name and password in the mail "
        "program.",
        Move.SENDER,
    ),
    Reason.TOO_LARGE: Advice(
        Move.SENDER,
        "Send less at once, or a link instead of the file. Mail grows by a third when files are attached.",
        "The message was refused because it is too large. Please send a link instead of the file, or several smaller messages.",
        "The message has not been accepted so far because it is too large at present. Please send a link instead of the file, or "
        "several smaller messages.",
        Move.SENDER,
    ),
    Reason.TOO_MANY_RECIPIENTS: Advice(
        Move.SENDER,
        "Send to fewer recipients at a time, or use a mailing list.",
        "The message was refused because it names too many recipients. Please send it to fewer at a time.",
        "The message has been delayed for some recipients because it names many. " + _BY_ITSELF,
    ),
    Reason.DNS: Advice(
        Move.RECIPIENT_ADMIN,
        "Ask for the domain's MX and address records from another place; if they fail there too, the domain's owner must act, else "
        "our own resolver.",
        "The message could not be delivered because the recipient's domain could not be found in the internet's directory. "
        "Please check the address, or ask the recipient's administrator.",
        "The message could not be delivered so far because the recipient's domain cannot be looked up at present. " + _BY_ITSELF,
    ),
    Reason.CONNECTION: Advice(
        Move.RECIPIENT_ADMIN,
        "Try a connection to that server by hand; if it fails from elsewhere too, its administrator must act, else look at our own "
        "network and firewall.",
        "The message could not be delivered because the connection to the other mail server failed. Please send it again later, "
        "or ask the recipient's administrator.",
        "The message could not be delivered so far because the other mail server cannot be reached at present. " + _BY_ITSELF,
    ),
    Reason.TLS: Advice(
        Move.PROVIDER,
        "Compare the encryption settings and certificates of both servers; the reply says which side asks for it.",
        "The message could not be handed over because no secure connection could be made. The administrators of both mail servers "
        "have to correct this.",
        "The message could not be handed over so far because no secure connection could be made. " + _BY_ITSELF,
        Move.PROVIDER,
    ),
    Reason.ROUTING_LOOP: Advice(
        Move.RECIPIENT_ADMIN,
        "Look for forwardings that lead back to themselves, and for an MX record that points to a server which does not know the domain.",
        "The message could not be delivered because it goes round in a circle: a forwarding leads back to itself. "
        "The administrator of the recipient's side has to correct this.",
        "The message could not be delivered so far because it goes round in a circle: a forwarding leads back to itself. "
        "The administrator of the recipient's side has to correct this.",
        Move.RECIPIENT_ADMIN,
    ),
    Reason.PROTOCOL: Advice(
        Move.PROVIDER,
        "Compare what the two servers said (reply text and log): one uses what the other does not know or does not allow.",
        "The message could not be handed over because the two mail servers did not understand each other. "
        "The administrator of the sending server has to look into it.",
        "The message could not be handed over so far because the two mail servers did not understand each other. " + _BY_ITSELF,
        Move.PROVIDER,
    ),
    Reason.REMOTE_SYSTEM: Advice(
        Move.RECIPIENT_ADMIN,
        "Tell the administrator of that server the time and the reply text.",
        "The message could not be delivered because the recipient's mail system has a fault. Please tell the recipient another way, "
        "or try again later.",
        "The message could not be delivered so far because the recipient's mail system has a temporary fault. " + _BY_ITSELF,
    ),
    Reason.LOCAL_SYSTEM: Advice(
        Move.US,
        "Look at the log of our own server at that time: settings, disk space, or a program that did not answer.",
        "The message could not be delivered because of a fault in our mail system. We are looking into it; we are sorry for the trouble.",
        "The message has been delayed by a fault in our mail system. We are looking into it; it is sent again automatically.",
        Move.US,
    ),
    Reason.EXPIRED: Advice(
        Move.SENDER,
        "Look at the last reply in the timeline: it says why it could not be delivered. Send again when the cause is gone.",
        "The message could not be delivered within the time for which delivery is tried. Please send it again later, "
        "or reach the recipient another way.",
        "The message has been waiting for a long time because it cannot be delivered at present. " + _BY_ITSELF,
    ),
    Reason.ADMIN: Advice(
        Move.US,
        "Ask the administrator who did it; the log has the time.",
        "The message was stopped by an administrator. Please ask us if you need it.",
        "The message is being held by an administrator. Please ask us if you need it.",
        Move.US,
    ),
    Reason.UNKNOWN: Advice(
        Move.RECIPIENT_ADMIN,
        "Ask the administrator of the server that refused it, and give the reply text, the time and both addresses.",
        "The message was refused, and the receiving mail system did not say why. Please ask the recipient's administrator.",
        "The message has been delayed, and the receiving mail system did not say why. " + _BY_ITSELF,
    ),
}
