"""Why nothing was found, and what to try: only what is true, and only what would find something."""

from __future__ import annotations

from msgspec.structs import replace

from mappings import patterns
from mappings.patterns import Form
from search.engines import Engine, StoreState, Total
from search.freshness import notice_of
from search.query import Query
from search.scope import EVERYTHING, Scope
from search.standing import of_domains, standings
from search.times import utc_words

#: So many sources or domains are named in a sentence.
_NAMED = 5
_FILTERS = ("code", "direction", "disposition", "verdict", "reason")
_SIDES = {"sender": "the sender", "recipient": "the recipient", "address": "either side"}
_TEXTS = ("sender", "recipient", "address", "quarantine_id", "message_id", "queue_id", "client", "relay", "domain")


def why_empty(query: Query, state: StoreState, now_ms: int, scope: Scope = EVERYTHING) -> list[str]:
    """Give the causes that can be told without looking further; the same for a caller's own and for others' mail."""
    causes: list[str] = []
    if not state.read_up_to_ms and state.oldest_ms is None:
        # Whoever sees his own mail only has no shell there.
        how = "; `mailtrace ingest PATH` reads one" if scope.domains is None else ""
        causes.append(f"No log has been read yet{how}.")
    else:
        if query.since_ms is not None and query.since_ms > now_ms:
            causes.append(f"The time range begins in the future: it is {utc_words(now_ms)}.")
        causes += kept_since(query, state)
        if state.oldest_ms is None:
            causes.append("No mail was found in the logs that were read, or none of it is kept any more.")
        causes += _read_up_to(query, state, now_ms, scope)
    if scope.domains is not None:
        causes.append(_own_domains(scope.domains))
    return causes


def kept_since(query: Query, state: StoreState) -> list[str]:
    """Give a sentence where the time range that was asked for begins before the oldest mail that is kept."""
    bound = query.since_ms if query.since_ms is not None else query.until_ms
    if state.oldest_ms is None or bound is None or bound >= state.oldest_ms:
        return []
    return [f"The oldest mail in the store is of {utc_words(state.oldest_ms)}; nothing before it is here."]


def _read_up_to(query: Query, state: StoreState, now_ms: int, scope: Scope) -> list[str]:
    """How the reading of the logs stands, as far as that can be why: those to be looked at first."""
    until = query.until_ms
    reaching = {source: read for source, read in state.read_up_to_ms.items() if until is None or read < until}
    if not reaching:
        return []
    found = of_domains(reaching, standings(state.readings, now_ms), now_ms)
    told = notice_of(state, now_ms, scope, until)
    if told:
        return [f"{told[0].removesuffix('.')}: mail may not be here yet."]
    kinds = {one.words: [other.source for other in found.values() if other.words == one.words] for one in found.values()}
    named = [f"{_names(sources)} {'is' if len(sources) == 1 else 'are'} {words}" for words, sources in sorted(kinds.items())]
    more = f"; {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return [f"{'; '.join(named[:_NAMED])}{more}."]


def _names(sources: list[str]) -> str:
    """Some sources by their names."""
    named = sorted(sources)[:_NAMED]
    if len(sources) > _NAMED:
        return f"{', '.join(named)} and {len(sources) - _NAMED:,} more"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def _own_domains(domains: frozenset[str]) -> str:
    """Whose mail the caller can search."""
    if not domains:
        return "You can search no domain, so nothing can be found."
    named = sorted(domains)
    more = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return f"You can search the mail of your own domains: {', '.join(named[:_NAMED])}{more}."


def worth_trying(query: Query, engine: Engine, scope: Scope) -> list[str]:
    """Wider questions that find something, each tried with the caller's own scope."""
    if any(patterns.is_pattern(value) for name in _TEXTS for value in getattr(query, name)):
        # A pattern looks at much of the store, and would do so again for each trial.
        return []
    return [f"{how_many(total)} {words}" for wider, words in _wider(query) if (total := engine.search(wider, scope, limit=1).total).value]


def _wider(query: Query) -> list[tuple[Query, str]]:
    """Questions near this one, with the words that offer them."""
    offers: list[tuple[Query, str]] = []
    if query.sender and not query.recipient:
        offers.append((replace(query, sender=(), recipient=query.sender), "found with it as the recipient: search by recipient."))
    if query.recipient and not query.sender:
        offers.append((replace(query, recipient=(), sender=query.recipient), "found with it as the sender: search by sender."))
    if query.since_ms is not None or query.until_ms is not None:
        offers.append((replace(query, since_ms=None, until_ms=None), "found without the time range."))
    filters = [name for name in _FILTERS if getattr(query, name)]
    if filters:
        offers.append((replace(query, **dict.fromkeys(filters, ())), f"found without {' and '.join(filters)}."))
    for side, words in _SIDES.items():
        domains = _domains(getattr(query, side))
        if domains:
            named = " or ".join(domain.removeprefix("@") for domain in domains[:_NAMED])
            offers.append((replace(query, **{side: domains}), f"found for the whole domain {named} as {words}."))
    return offers


def _domains(values: tuple[str, ...]) -> tuple[str, ...]:
    """Give the domains of whole addresses, as one asks for them; nothing where a value is wider already."""
    asked = [patterns.asked_address(value) for value in values]
    found = [one.value.rpartition("@")[2] for one in asked if one.form is Form.EXACT and "@" in one.value]
    return tuple(dict.fromkeys(f"@{domain}" for domain in found if domain)) if len(found) == len(values) else ()


def how_many(total: Total) -> str:
    """Give a number of messages in words: `1 message`, `more than 10,000 messages`."""
    if total.relation != "eq":
        return f"more than {total.value:,} messages"
    return "1 message" if total.value == 1 else f"{total.value:,} messages"
