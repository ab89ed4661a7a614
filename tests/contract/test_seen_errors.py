"""The errors that were seen: every store against each trace explained by itself."""

from __future__ import annotations

from collections import Counter

import msgspec

from contract.under_test import Store
from mappings import identity
from mappings.trace import Trace
from mappings.vocabulary import Disposition, Reason
from search.answers import REFUSED
from search.engines import Value
from search.explain import found_in
from search.query import Query
from search.scope import EVERYTHING
from search.seen_errors import explained_error, seen_errors
from search.speech import IN_ENGLISH

_MS = 1_795_000_000_000


def _refused(number: int, **more: Value) -> Trace:
    """One refusal; all are alike but for what is given."""
    one = Trace(id=identity.trace_id(_MS + number, "mx", f"q{number}", "", ""), version=1, log_domain="mx", time_ms=_MS, last_event_ms=_MS)
    alike: dict[str, Value] = {
        "time_ms": _MS + number,
        "sender": "ann@example.com",
        "disposition": Disposition.BOUNCED,
        "reply_by": "remote",
        "reply_code": 450,
        "enhanced_code": "4.4.1",
        "reason": Reason.CONNECTION,
    }
    return msgspec.structs.replace(one, **(alike | more))


def test_each_refusal_is_counted_as_what_it_means(store: Store) -> None:
    """Who wrote it and which server refused it part what is alike in its reply; what is both is neither counted twice nor lost."""
    kinds: list[tuple[int, dict[str, Value]]] = [
        (4, {"sender": "", "relay_ip": "127.0.0.1"}),
        (2, {"relay_ip": "127.0.0.1"}),
        (3, {"relay_ip": "127.8.8.8"}),
        (1, {"relay_ip": "::1"}),
        (7, {"sender": ""}),
        (5, {"relay_ip": "192.0.2.7"}),
        (6, {}),
    ]
    unknown: dict[str, Value] = {"reason": Reason.RECIPIENT_UNKNOWN, "reply_code": 550, "enhanced_code": "5.1.1"}
    kinds += [(number, {**more, **unknown}) for number, more in kinds]
    values = [more for number, more in kinds for _ in range(number)]
    store.write([_refused(number, **more) for number, more in enumerate(values)])
    each = list(store.engine.walk(Query(disposition=tuple(sorted(REFUSED))), EVERYTHING))
    assert len(each) == len(values)
    expected = Counter(explained_error(one, found_in(one), IN_ENGLISH) for one in each)
    found = {msgspec.structs.replace(one, seen=None): one.seen for one in seen_errors(store.engine, EVERYTHING, IN_ENGLISH)}
    assert found == dict(expected)
    assert len(found) == 4
