"""What the lines of mail servers state, and of what stands beside them."""

from __future__ import annotations

from mappings import keys
from mappings.authentication import AuthCheck
from mappings.facts.base import Fact, Reply
from mappings.links import How, Named
from mappings.log_words import Action, Actor, By, Contact, Decider, Finding, Handling, Notice, Stage, Status
from mappings.vocabulary import Disposition, Verdict


class OfQueueFile(Fact, frozen=True):
    """A fact about the queue file whose id its line bears."""

    queue_id: str

    def bears(self, host: str) -> tuple[str, ...]:
        """The queue file."""
        return (keys.queue(host, self.queue_id),)


class Received(Fact, frozen=True, tag="received"):
    """A queue file begins: a client connected (`client=`) or a local process submitted it (`uid=`).

    Exim says so in one line (`<=`) when the message is complete: then `size` is set, and with it all that it knows by then.
    """

    #: None where no queue file had begun when it was said.
    queue_id: str | None
    client_name: str | None = None
    client_ip: str | None = None
    #: The user that logged in (`sasl_username=`).
    user: str | None = None
    #: How (`PLAIN`, `LOGIN`): the mechanism, or the name that the configuration gives to it.
    login_method: str | None = None
    #: The queue id before the filter, as XFORWARD passed it, and the client it had there.
    origin_queue_id: str | None = None
    origin_name: str | None = None
    origin_ip: str | None = None
    #: Submitted on the host by this user id, or by the user of this name.
    uid: int | None = None
    login: str | None = None
    sender: str | None = None
    #: Queue file that an operator requeued into this one.
    requeued_from: str | None = None
    #: Queue file that a filter took out of the queue, and put back as this one.
    put_back_from: str | None = None
    #: Queue file of which this one is a part, with some of its recipients.
    split_from: str | None = None
    client_port: int | None = None
    helo: str | None = None
    message_id: str | None = None
    #: Bytes, of a message that is complete.
    size: int | None = None
    subject: str | None = None
    #: The recipients that the client named, where the line lists them.
    recipients: list[str] = []
    tls: str | None = None
    #: Seconds from the beginning of its data to its end, as the program says them.
    took: float | None = None
    #: Queue file of the message that this one was made for: a notice, an automatic answer.
    made_for: str | None = None

    @property
    def submitted(self) -> bool:
        """Whether a user of the host handed it in, not another server."""
        return self.uid is not None or self.login is not None

    def bears(self, host: str) -> tuple[str, ...]:
        """The queue file; it is a line of the message that it was made for as well."""
        if self.queue_id is None:
            return ()
        own = keys.queue(host, self.queue_id)
        return (own,) if self.made_for is None else (own, keys.queue(host, self.made_for))

    def names(self, host: str) -> tuple[Named, ...]:
        """What the message was before."""
        before = (self.origin_queue_id, self.requeued_from, self.put_back_from, self.split_from)
        if not any(before):
            return ()
        found = zip((How.ORIGIN, How.REQUEUE, How.PUT_BACK, How.SPLIT), before, strict=True)
        return tuple(Named(how, keys.queue(host, queue_id)) for how, queue_id in found if queue_id)

    def ids(self, host: str) -> tuple[str, ...]:
        """Its Message-ID: by this a filter's result finds it that names nothing else."""
        return (keys.judged(self.message_id),) if self.message_id else ()

    def people(self) -> list[str]:
        """Those that the client named."""
        return self.recipients


class Identified(OfQueueFile, frozen=True, tag="identified"):
    """The message's Message-ID is known (`message-id=`), or that of its resending (`resent-message-id=`)."""

    message_id: str
    resent: bool = False
    #: The mail id of the filter's run that this Message-ID names: of the kept message that is sent anew, or of what it is a notice about.
    mail_id: str | None = None

    def names(self, host: str) -> tuple[Named, ...]:
        """The scan that kept it."""
        return (Named(How.RESENT, keys.scan(self.mail_id)),) if self.resent and self.mail_id is not None else ()

    def ids(self, host: str) -> tuple[str, ...]:
        """Its Message-ID."""
        return (keys.judged(self.message_id),) if self.message_id else ()


class Ruled(Fact, frozen=True, tag="ruled"):
    """A rule, a check or a filter decided something about a message in the dialogue: `action` says what.

    With `queue_id` None the queue file did not exist yet. Of several recipients, some programs name only the last one at stages after
    RCPT, others all.
    """

    queue_id: str | None
    action: Action
    stage: Stage
    source: Decider = Decider.ACCESS
    client_name: str | None = None
    client_ip: str | None = None
    client_port: int | None = None
    helo: str | None = None
    sender: str | None = None
    recipients: list[str] = []
    reply: Reply | None = None
    #: What the rule says: its text, or the header that it met.
    text: str = ""
    #: Where it sends the mail instead (redirect), or as well (bcc).
    target: str | None = None
    subject: str | None = None
    header_from: str | None = None
    #: Ids in a proxied answer: the next queue file, the filter's log id.
    next_id: str | None = None
    log_id: str | None = None
    user: str | None = None
    message_id: str | None = None
    #: There may be more recipients than it lists.
    more: bool = False
    #: What the filter's own words in the reply say: what it thought, and of what.
    verdict: Verdict | None = None
    detail: str | None = None
    #: What they say that it did with what it took.
    did: Disposition | None = None
    #: Where a filter keeps it.
    quarantine_id: str | None = None
    #: A filter had told the rule a score.
    scored: bool = False
    #: The words are the mail server's own, though what decides is a filter: it is away, or did not come to an answer.
    own: bool = False

    @property
    def recipient(self) -> str | None:
        """The first recipient in it, where it has one."""
        return self.recipients[0] if self.recipients else None

    @property
    def names_somebody(self) -> bool:
        """Whether it says whose message it was: a session that named nobody makes no trace."""
        return self.sender is not None or bool(self.recipients) or self.user is not None

    @property
    def of_one(self) -> bool:
        """Whether it decided of one recipient only: an ACL drops a recipient, an access rule the whole message."""
        if self.action is Action.DISCARD:
            return self.stage is Stage.RCPT and self.source is Decider.ACL and bool(self.recipients)
        return self.action is Action.REJECT and self.stage in {Stage.RCPT, Stage.PRDR}

    def bears(self, host: str) -> tuple[str, ...]:
        """The queue file, or of a proxied answer the one behind the filter, else the scan; a line without any is a hop by itself."""
        if self.queue_id is not None:
            return (keys.queue(host, self.queue_id),)
        if self.source is Decider.PROXY:
            if self.next_id:
                return (keys.queue(host, self.next_id),)
            if self.log_id:
                return (keys.log_id(host, self.log_id),)
        return ()

    def names(self, host: str) -> tuple[Named, ...]:
        """The connection that a screening daemon refused, or the filter's run that answered."""
        if self.queue_id is None and self.source is Decider.SCREEN and self.client_ip and self.client_port:
            return (Named(How.PEER, keys.peer(host, self.client_ip, self.client_port)),)
        return (Named(How.ANSWERED, keys.log_id(host, self.log_id)),) if self.log_id else ()

    def ids(self, host: str) -> tuple[str, ...]:
        """The filter's log id, where it is kept, and its Message-ID."""
        found = [keys.log_id(host, self.log_id)] if self.log_id else []
        found += [keys.quarantine(self.quarantine_id)] if self.quarantine_id else []
        found += [keys.judged(self.message_id)] if self.message_id else []
        return tuple(found)

    def people(self) -> list[str]:
        """Those of whom it decided, and to whom it sends the mail."""
        return self.recipients if self.target is None else [*self.recipients[:1], self.target, *self.recipients[1:]]

    def counts_more(self) -> bool:
        """The headers behind a refusal name whom they like."""
        return self.more


class Queued(OfQueueFile, frozen=True, tag="queued"):
    """The queue file is complete and active: sender, size in bytes, number of recipients."""

    sender: str
    size: int
    count: int

    def counts_more(self) -> bool:
        """Whether it is for several."""
        return self.count > 1


class Attempted(OfQueueFile, frozen=True, tag="attempted"):
    """One try to deliver to one recipient: whom, where to, what was answered. A line about several is several facts."""

    recipient: str
    status: Status
    original: str | None = None
    relay: str | None = None
    relay_name: str | None = None
    relay_ip: str | None = None
    relay_port: int | None = None
    reply: Reply = Reply()
    #: Whose reply it is.
    by: By = By.LOCAL
    #: In seconds; the parts as the program writes them.
    delay: float | None = None
    delays: str | None = None
    #: Seconds of this try alone, with connecting, where the program says only so much.
    took: float | None = None
    #: Protocol and cipher of the connection to the next server.
    tls: str | None = None
    #: Ids in the reply: the next queue file (`queued as`, `forwarded as`), the filter's log id (`id=`).
    next_id: str | None = None
    log_id: str | None = None
    #: Delivered locally into a new queue file (`forwarded as`).
    forwarded: bool = False
    #: Answered as a filter answers, wherever it listens.
    filtered: bool = False
    #: The server's answer says that it put the message into a mailbox: whoever listens there is the end of the way.
    stored: bool = False
    #: A mail store's session of this delivery, as its answer names it.
    session: str | None = None
    #: An automatic answer was made: no delivery of the message.
    automatic: bool = False
    #: A copy for others, such as an archive, or for a program that may only answer: beside another one it is not the recipient's.
    aside: bool = False
    #: Thrown away on delivery (`/dev/null`, the discard service).
    discarded: bool = False
    #: Nothing was tried: it was not yet time for it, or our own cache answered.
    skipped: bool = False
    #: Delivered while the client waited for its answer (Exim's cut-through): each recipient for itself.
    cut_through: bool = False
    #: Which rules of the program's configuration took it: names that the administrator chose.
    router: str | None = None
    transport: str | None = None
    #: What the words of a filter in the reply say: what it thought, of what, and what it did with the message.
    verdict: Verdict | None = None
    detail: str | None = None
    did: Disposition | None = None

    @property
    def as_filters_answer(self) -> bool:
        """Whether the reply has words that a filter says and a mail store does not: its own id, what it thought, what it did."""
        return self.filtered or self.log_id is not None or self.verdict is not None or self.did is not None

    def names(self, host: str) -> tuple[Named, ...]:
        """The next queue file, and the filter's run that answered."""
        if self.session is not None:
            return (Named(How.FILED, keys.delivery(self.session)),)
        if self.next_id is None:
            return () if self.log_id is None else (Named(How.ANSWERED, keys.log_id(host, self.log_id)),)
        onward = Named(How.FORWARDED if self.forwarded else How.RELAY, keys.queue(host, self.next_id))
        return (onward,) if self.log_id is None else (onward, Named(How.ANSWERED, keys.log_id(host, self.log_id)))

    def ids(self, host: str) -> tuple[str, ...]:
        """The filter's log id."""
        return (keys.log_id(host, self.log_id),) if self.log_id else ()

    def people(self) -> list[str]:
        """The recipient, under both names."""
        return [self.recipient] if self.original is None else [self.recipient, self.original]


class Hindered(OfQueueFile, frozen=True, tag="hindered"):
    """A server on the way did not take the message, and another one is tried: what it said, or what failed.

    The line names no recipient: what came of the attempt is said in those of the recipients.
    """

    server_name: str | None = None
    server_ip: str | None = None
    server_port: int | None = None
    reply: Reply = Reply()
    #: Whose words these are.
    by: By = By.LOCAL


class Expired(OfQueueFile, frozen=True, tag="expired"):
    """Every recipient that is still deferred is given up."""

    sender: str | None = None


class Removed(OfQueueFile, frozen=True, tag="removed"):
    """The queue file is gone: done, or deleted by an administrator."""

    by_admin: bool = False


class Administered(OfQueueFile, frozen=True, tag="administered"):
    """Something was done to a queue file beside its deliveries: by an administrator, a rule of his, or the server itself."""

    action: Handling
    #: Who or what did it, where the line says so: a user, an ACL, a timer.
    by: str | None = None
    actor: Actor = Actor.ADMIN
    #: What the rule says.
    text: str | None = None


class Noticed(OfQueueFile, frozen=True, tag="noticed"):
    """A notice about a message was made as a new queue file."""

    notice_id: str
    what: Notice
    #: To the sender or to the postmaster.
    to: str = "sender"

    def bears(self, host: str) -> tuple[str, ...]:
        """Both: it is the only line that the notice and its message share."""
        return (keys.queue(host, self.queue_id), keys.queue(host, self.notice_id))


class Connected(Fact, frozen=True, tag="connected"):
    """A step of a session that bears no queue id."""

    step: Contact
    client_name: str | None = None
    client_ip: str | None = None
    detail: str | None = None


class Screened(Fact, frozen=True, tag="screened"):
    """What a screening daemon found about a connection before mail was named."""

    client_ip: str
    #: 0 where the line is about the address: what a list said of it holds for its connections of that minute.
    client_port: int
    what: Finding
    detail: str | None = None

    def bears(self, host: str) -> tuple[str, ...]:
        """The connection."""
        return (keys.peer(host, self.client_ip, self.client_port),)


class Signed(OfQueueFile, frozen=True, tag="signed"):
    """What a signature check or signer did with a message."""

    what: str
    #: What came of checking.
    checks: list[AuthCheck] = []
