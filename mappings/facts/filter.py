"""What the lines of filters and virus scanners state."""

from __future__ import annotations

import msgspec

from mappings import keys
from mappings.authentication import AuthCheck, check_of_symbol
from mappings.facts.base import Fact, Reply
from mappings.links import How, Named
from mappings.log_words import Sending
from mappings.vocabulary import Direction, Disposition, Reason, Verdict


class FilterSymbol(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A test of a filter that met: its name, what it adds to the score, and what it met with."""

    name: str
    score: float | None = None
    options: list[str] = []


def _checks(symbols: list[FilterSymbol]) -> list[AuthCheck]:
    """What the tests say of SPF, DKIM, DMARC and ARC."""
    return [check for one in symbols if (check := check_of_symbol(one.name, one.options)) is not None]


class Scanned(Fact, frozen=True, tag="scanned"):
    """A filter's result for some recipients of one scan: in its own words, and in ours."""

    mail_id: str | None
    log_id: str | None
    passed: bool
    category: str
    detail: str | None = None
    actions: list[str] = []
    client_ip: str | None = None
    client_port: int | None = None
    sender: str | None = None
    recipients: list[str] = []
    #: Where a kept message lies, several where it was kept several times.
    quarantine_ids: list[str] = []
    origin_queue_id: str | None = None
    message_id: str | None = None
    score: float | None = None
    size: int | None = None
    next_ids: list[str] = []
    subject: str | None = None
    header_from: str | None = None
    #: The record was cut before its end.
    cut: bool = False
    #: It looked at the message beside the queue, and the mail server does what it says.
    milter: bool = False
    #: Recipients for whom it came off the other way, where one record tells all: it passed their copies.
    others: list[str] = []
    verdict: Verdict = Verdict.UNKNOWN
    #: What it did with what it did not pass on, kept copies apart.
    did: Disposition | None = None
    #: Why, where its verdict is not the reason.
    reason: Reason | None = None
    #: The server behind it refused the message: its reply says why.
    behind: bool = False
    #: It told the sender.
    notified: bool = False
    direction: Direction | None = None
    #: The tests that met, where the record lists them.
    symbols: list[FilterSymbol] = []
    #: Name and types of a part that is forbidden.
    file: str | None = None
    file_types: list[str] = []

    @property
    def checks(self) -> list[AuthCheck]:
        """What its tests say of SPF, DKIM, DMARC and ARC."""
        return _checks(self.symbols)

    @property
    def vendor(self) -> str:
        """The filter's own words: `Blocked SPAM {DiscardedInbound,Quarantined}`."""
        return f"{'Passed' if self.passed else 'Blocked'} {self.category} {{{','.join(self.actions)}}}"

    def bears(self, host: str) -> tuple[str, ...]:
        """The scan, by the best id that the line has of it."""
        return (keys.scan(self.mail_id),) if self.mail_id is not None else (keys.log_id(host, self.log_id or ""),)

    def names(self, host: str) -> tuple[Named, ...]:
        """The queue files before and behind it; of what was refused behind it the Message-ID."""
        found = [] if not self.origin_queue_id else [Named(How.SCAN_OF, keys.queue(host, self.origin_queue_id))]
        found += [Named(How.NEXT, keys.queue(host, queue_id)) for queue_id in self.next_ids]
        if self.behind and self.message_id:
            found.append(Named(How.REFUSED, keys.message_id(self.message_id)))
        if self.log_id:
            found.append(Named(How.LOG, keys.log_id(host, self.log_id)))
        return tuple(found)

    def ids(self, host: str) -> tuple[str, ...]:
        """Where the message is kept."""
        return tuple([keys.quarantine(kept) for kept in self.quarantine_ids])

    def people(self) -> list[str]:
        """Those for whom it is the result, and the others."""
        return [*self.recipients, *self.others]

    def counts_more(self) -> bool:
        """Whether the list may have been cut."""
        return self.cut


class Judged(Fact, frozen=True, tag="judged"):
    """A filter's result for a message that it looks at beside the queue (a milter, an ACL): what it says, the mail server does.

    It belongs to the queue file that it names, or, where it has no other key, to the message with its Message-ID.
    """

    #: The filter's name, as in `mappings.vocabulary.FILTERS`.
    filter: str
    queue_id: str | None = None
    #: The filter's own short id of the task, which comes back.
    log_id: str | None = None
    #: Empty where it says that the message has none.
    message_id: str | None = None
    #: What it asks for, in its own word: `no action`, `add header`, `reject` ...; None where it only judges.
    action: str | None = None
    #: Whether it takes it for spam; None where it did not come to that.
    spam: bool | None = None
    score: float | None = None
    #: The score at which it asks for a refusal, or takes it for spam.
    required: float | None = None
    symbols: list[FilterSymbol] = []
    #: The module or rule that forced the action whatever the score, and what it says.
    forced_by: str | None = None
    text: str | None = None
    sender: str | None = None
    recipients: list[str] = []
    #: There are more recipients than it lists.
    more: bool = False
    client_ip: str | None = None
    user: str | None = None
    size: int | None = None
    subject: str | None = None
    verdict: Verdict = Verdict.UNKNOWN
    #: What becomes of the message where the mail server does as it is asked; None where it lets it pass.
    asked: Disposition | None = None
    #: Why it asks for that.
    reason: Reason | None = None
    #: The virus' name, or what the rule says.
    detail: str | None = None

    @property
    def checks(self) -> list[AuthCheck]:
        """What its tests say of SPF, DKIM, DMARC and ARC."""
        return _checks(self.symbols)

    def bears(self, host: str) -> tuple[str, ...]:
        """The queue file; of a result that names a Message-ID instead nothing; else the task."""
        if self.queue_id is not None:
            return (keys.queue(host, self.queue_id),)
        if self.message_id is not None and (self.score is not None or self.spam is not None):
            return ()
        return (keys.log_id(host, self.log_id),) if self.log_id is not None else ()

    def names(self, host: str) -> tuple[Named, ...]:
        """The queue file, which may be on another host; the task, in which other lines stand."""
        task = () if self.queue_id is None else (Named(How.TASK, keys.queue(host, self.queue_id)),)
        return (*task, Named(How.ANSWERED, keys.log_id(host, self.log_id))) if self.log_id else task

    def ids(self, host: str) -> tuple[str, ...]:
        """The filter's id of the task."""
        return (keys.log_id(host, self.log_id),) if self.log_id else ()

    def people(self) -> list[str]:
        """Those whom it lists."""
        return self.recipients

    def counts_more(self) -> bool:
        """Whether it leaves some out."""
        return self.more


class Inspected(Fact, frozen=True, tag="inspected"):
    """A scan began: who to whom, and the folder that the virus scanner's lines name."""

    log_id: str
    mail_id: str | None = None
    sender: str | None = None
    recipients: list[str] = []
    client_ip: str | None = None
    folder: str | None = None

    def bears(self, host: str) -> tuple[str, ...]:
        """The scan, by the best id that the line has of it."""
        return (keys.scan(self.mail_id),) if self.mail_id is not None else (keys.log_id(host, self.log_id),)

    def names(self, host: str) -> tuple[Named, ...]:
        """The scan by its log id, and the folder in which it works."""
        log = Named(How.LOG, keys.log_id(host, self.log_id))
        return (log,) if not self.folder else (log, Named(How.FOLDER, keys.folder(host, self.folder)))

    def people(self) -> list[str]:
        """Those whom it is for."""
        return self.recipients


class Passed(Fact, frozen=True, tag="passed"):
    """A filter gave a message on, or sent one of its own, or a released one."""

    how: Sending
    #: The scan that it belongs to.
    mail_id: str
    log_id: str | None = None
    #: The new mail id of a notice or release.
    new_id: str | None = None
    sender: str | None = None
    recipients: list[str] = []
    next_id: str | None = None
    reply: Reply = Reply()

    def bears(self, host: str) -> tuple[str, ...]:
        """The scan; a notice's own queue file too."""
        if self.next_id is not None and self.how is Sending.NOTICE:
            return (keys.scan(self.mail_id), keys.queue(host, self.next_id))
        return (keys.scan(self.mail_id),)

    def names(self, host: str) -> tuple[Named, ...]:
        """The next queue file, and the scan by its log id."""
        found: list[Named] = []
        if self.next_id and self.how is not Sending.NOTICE:
            found.append(Named(How.PASSED if self.how is Sending.FORWARD else How.RELEASE, keys.queue(host, self.next_id)))
        if self.log_id:
            found.append(Named(How.LOG, keys.log_id(host, self.log_id)))
        return tuple(found)

    def people(self) -> list[str]:
        """Those whom it is for."""
        return self.recipients


class Release(Fact, frozen=True, tag="release"):
    """An operator asked for a kept message: the scan that kept it, and the id of the release."""

    mail_id: str
    new_id: str
    sender: str | None = None
    recipients: list[str] = []

    def bears(self, host: str) -> tuple[str, ...]:
        """The scan that kept it."""
        return (keys.scan(self.mail_id),)

    def people(self) -> list[str]:
        """Those whom it is for."""
        return self.recipients


class Infected(Fact, frozen=True, tag="infected"):
    """A virus scanner found something: in a folder of the filter, in a file that is named after the message, or in a scan."""

    folder: str | None
    virus: str
    queue_id: str | None = None
    mail_id: str | None = None

    def bears(self, host: str) -> tuple[str, ...]:
        """The scan or the queue file, where it names one."""
        if self.mail_id is not None:
            return (keys.scan(self.mail_id),)
        return (keys.queue(host, self.queue_id),) if self.queue_id is not None else ()
