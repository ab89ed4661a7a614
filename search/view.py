"""What a caller may read of a trace that he sees: lines that name nobody else, texts without others' addresses and without paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import overload

from mappings import address
from mappings.facts import texts_of
from mappings.trace import Trace
from search.addresses import Found, found_in, own_key, readings
from search.scope import EVERYTHING, Scope
from search.stated import Stated, stated

#: What stands in the words of a step for a recipient that the caller may not see.
ANOTHER = "another recipient"
#: What stands elsewhere for an address, and for a path.
AN_ADDRESS, A_PATH = "an address", "a path"

#: How many recipients there are would tell that there are others.
_COUNT = re.compile(r",? ?\b(?!1 recipient\b)[0-9]{1,9} recipients?\b|, but [0-9]{1,9} (?:BOUNCE|DISCARD|REJECT|TEMPFAIL)\b")
#: The same in a line: `nrcpt=2`, and `rcpt=1/3` of a session that others may share.
_COUNTS = re.compile(r"\bn?rcpt=(?P<one>[0-9]{1,9})(?:/(?P<all>[0-9]{1,9}))?|, but [0-9]{1,9} (?:BOUNCE|DISCARD|REJECT|TEMPFAIL)\b")
#: A line that ends in the middle of an address.
_CUT = re.compile(r"<[^<>\s]*\Z")
#: A place in the file system of a server: not the path of a URL, and no fraction.
_PATH = re.compile(
    r"(?<![\w/.:%?&~-])/(?:bin|boot|data|dev|etc|export|home|lib|lib64|media|mnt|nfs|opt|private|proc|root|run|sbin|spool|srv|sys|tmp|usr|var|vz"
    r"|Users|Volumes|(?!\w+=)[\w.+-]+(?=/[\w.+-]*[A-Za-z]))(?:/[^\s\"'<>(),;:\[\]{}|]*|(?![\w=+-]))"
)
#: So long is a queue id that stands in no address by chance.
_LONG_ID = 10
_INSIDE = r"[^\s<>(),;:\[\]“”]"
_INSIDE_NO_DOT = r"[^\s<>(),;:\[\]“”.]"
#: An address that holds no other one.
_PLAIN = re.compile(r"[A-Za-z0-9.+'-]+@[^@]+").fullmatch
#: Whatever may stand before or behind an address that belongs to it.
_BEFORE, _BEHIND = re.compile(r"[\w.+@\"-]\Z"), re.compile(r"[\w@%!=-]|\.\w")
#: A Message-ID that is no piece of somebody's address.
_WHOLE_ID = re.compile(r"[^\s\"<>@]+@[^\s\"<>@]+").fullmatch
#: What servers write before the queue id in the Message-IDs that they make: Exim, Postfix.
_MADE_BEFORE = re.compile(r"(?:id\*?=)?(?:E|[0-9]{8,14}\.)").fullmatch


class View:
    """What a caller with a scope may read of one trace."""

    __slots__ = ("_ids", "_own", "_recipients", "_scope", "_written")

    def __init__(
        self, scope: Scope, own: Iterable[str] = (), recipients: Iterable[str] = (), written: Iterable[str] = (), ids: Iterable[str] = ()
    ) -> None:
        self._scope = scope
        self._ids = tuple(ids)
        self._own = frozenset(map(address.fold, own))
        self._recipients = frozenset(map(address.fold, recipients))
        self._written = tuple(sorted(set(written), key=len, reverse=True))

    @classmethod
    def of(cls, trace: Trace, scope: Scope, lines: list[Stated] | None = None) -> View:
        """What a caller may read of this trace: he sees it, so he knows its addresses, though their domains may be another's.

        `lines` are the trace's own, where they have been read already.
        """
        if scope.domains is None:
            return _ALL
        recipients = [name for name in (trace.recipient, trace.original_recipient) if name]
        own = [*recipients, *([trace.sender] if trace.sender else [])]
        # Programs also log a quoted local part without its quotes.
        written = [form for name in own if '"' in name for form in _forms(name)]
        if trace.message_id and _WHOLE_ID(trace.message_id) and not _is_somebody(trace.message_id, lines or stated(trace)):
            written.append(trace.message_id)
        return cls(scope, own, recipients, written, (queue_id for queue_id in trace.queue_ids if len(queue_id) >= _LONG_ID))

    def of_side(self, domain: str | None, text: str | None) -> str | None:
        """What only the side of this domain may read: the name of a user, a mailbox."""
        return text if self.everything or (domain is not None and self._scope.sees([domain])) else None

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden."""
        return self._scope.domains is None

    def names(self, line: Stated) -> list[str]:
        """The recipients that a line names, as far as the caller may see them."""
        return [name for name in line.people if self._may_name(name)]

    def shows(self, line: Stated) -> bool:
        """Whether he may read a line as it is: it names nobody else, counts nobody, and no place on the server.

        Whom it names is asked of its fact and of the line itself, for a format need not take all that stands there into its fact.
        """
        if self.everything:
            return True
        if line.fact is None or line.fact.counts_more() or _counts_others(line.event.raw) or _CUT.search(line.event.raw) is not None:
            return False
        return all(map(self._may_name, line.people)) and not any(map(self._hides, (line.event.raw, *texts_of(line.fact))))

    def words(self, words: str, names: Iterable[str] = ()) -> str:
        """What a line says that names these recipients, in words that name nobody else."""
        if self.everything:
            return words
        return self._masked(_without(words, (name for name in names if not self._may_name(name))), ANOTHER)

    @overload
    def text(self, text: str) -> str: ...

    @overload
    def text(self, text: None) -> None: ...

    @overload
    def text(self, text: str | None) -> str | None: ...

    def text(self, text: str | None) -> str | None:
        """A text of the trace, such as a reply, without the addresses of others and without paths."""
        return text if text is None or self.everything else self._masked(text, AN_ADDRESS)

    def texts(self, texts: Iterable[str]) -> list[str]:
        """Several of them."""
        return [self.text(text) for text in texts]

    def place(self, place: str | None) -> str | None:
        """Where something is kept: of a path its last part, which is what people copy."""
        if place is None or self.everything:
            return place
        return self.text(place.rpartition("/")[2] if place.startswith("/") else place)

    def _may_name(self, name: str) -> bool:
        """Whether the caller may read this recipient's address."""
        if self.everything or address.fold(name) in self._recipients:
            return True
        # The local part of an address of his may hold one of another.
        return self._is_own_domain(name.rpartition("@")[2]) and (_PLAIN(name) is not None or not self._hides(name))

    def _is_own_domain(self, domain: str) -> bool:
        """Whether a domain, as a text has it, is the caller's."""
        domains = self._scope.domains
        return domains is None or (bool(domain) and (domain in domains or address.normalise_domain(domain) in domains))

    def _hides(self, text: str) -> bool:
        """Whether a text holds what the caller may not read."""
        if not text:
            return False
        if ("/" in text and _PATH.search(text) is not None) or next(self._others(text), None) is not None:
            return True
        return any(next(self._others(meant), None) is not None for meant in readings(text))

    def _masked(self, text: str, instead: str) -> str:
        """The text with something else instead of each address of others, and of each path."""
        if any(next(self._others(meant), None) is not None for meant in readings(text)):
            # What is only seen once it is decoded cannot be cut out of what is written.
            return instead
        parts: list[str] = []
        behind = 0
        for start, end in _spans(self._others(text)):
            parts += (text[behind:start], instead)
            behind = end
        masked = "".join((*parts, text[behind:])) if parts else text
        masked = _PATH.sub(A_PATH, masked) if "/" in masked else masked
        return _COUNT.sub("", masked) if "recipient" in masked or ", but " in masked else masked

    def _others(self, text: str) -> Iterator[Found]:
        """What might be an address of somebody else."""
        known: list[tuple[int, int]] | None = None
        for found in found_in(text):
            if known is None:
                known = list(self._known(text))
            if any(start <= found.at < end for start, end in known) or self._made_here(found.local):
                continue
            local = own_key(found.local)
            if found.domain and address.fold(address.normalise(f"{local}@{found.domain}")) in self._own:
                known.append((found.start, found.end))
            elif not found.domain or not self._is_own_domain(found.domain):
                yield found

    def _made_here(self, local: str) -> bool:
        """Whether it is of a Message-ID that a server of ours made of the queue id: no address could hold that."""
        return any(local.endswith(queue_id) and _MADE_BEFORE(local.removesuffix(queue_id)) for queue_id in self._ids)

    def _known(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the Message-ID, and addresses with quotes, of the trace itself stand."""
        lower = text.lower() if text.isascii() else text
        for written in self._written:
            wanted = written.lower() if text.isascii() else written
            at = lower.find(wanted)
            while at >= 0:
                end = at + len(wanted)
                if not _BEFORE.search(text[max(at - 1, 0) : at]) and not _BEHIND.match(text[end : end + 2]):
                    yield at, end
                at = lower.find(wanted, end)


_ALL = View(EVERYTHING)


def _counts_others(raw: str) -> bool:
    """Whether a line counts recipients that it does not name."""
    return any(max(int(told["one"] or 2), int(told["all"] or 0)) > 1 for told in _COUNTS.finditer(raw))


def _is_somebody(message_id: str, lines: Iterable[Stated]) -> bool:
    """Whether a Message-ID is the address of a recipient: then it is one, whoever chose it."""
    wanted = address.fold(message_id)
    return any(address.fold(name) == wanted for line in lines for name in line.people)


def _forms(quoted: str) -> Iterator[str]:
    """An address with a quoted local part in the forms in which programs log it."""
    local, _, domain = quoted.rpartition("@")
    inner = local[1:-1]
    if not inner.strip():
        # A piece that fits into others' addresses.
        return
    bare = re.sub(r"\\(.)", r"\1", inner)
    for form in (local, inner, bare, '"' + inner.replace("\\", "\\\\") + '"'):
        yield f"{form}@{domain}"


def _without(words: str, hidden: Iterable[str]) -> str:
    """The words without these names."""
    lower = words.lower()
    # A message may have thousands of recipients, and its words name a few at most.
    for name in sorted((name for name in hidden if not name.isascii() or name.lower() in lower), key=len, reverse=True):
        # A quoted local part may hold anything; any other name is a token of its own, not a part of a longer one.
        before, behind = ("", "") if '"' in name else (rf"(?<!{_INSIDE})", rf"(?!\.*{_INSIDE_NO_DOT})")
        words = re.sub(before + re.escape(name) + behind, ANOTHER, words, flags=re.IGNORECASE)
    return words


def _spans(found: Iterable[Found]) -> list[tuple[int, int]]:
    """The places of what was found, in order, those that overlap as one."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted((one.start, one.end) for one in found):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans
