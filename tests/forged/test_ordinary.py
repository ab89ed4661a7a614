"""Ordinary mail in the captures of every program: its recipients' tenants read no address but their own domain's and the trace's own."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from captures import Form, forms_named
from reading import Place, read
from stores import Embedded

from forged.sent import scope_of, traces_of
from ingest.telling.ownership import Owner
from mappings.address import fold, normalise
from search.service import MailTrace

#: As plain as addresses are in nearly all lines; whatever else one may be is held by other tests.
_ADDRESS = re.compile(r"[^\s\"\\<>(),;:\[\]{}'=]+@[^\s\"\\<>(),;:\[\]{}'=]+")
FORMS = forms_named(
    (
        "postfix_rspamd-rfc3339",
        "exim_all-mainlog+rejectlog",
        "amavis_json-rfc3339",
        "amavis_milter_discard-rfc3339",
    )
)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_recipients_tenants_read_no_address_of_others(form: Form, tmp_path: Path) -> None:
    """Each domain's tenant, each report: an address in it is of his domain, of the trace or of a related one; no path is in it."""
    place = Place(tmp_path / "logs", tmp_path / "data", Embedded(tmp_path / "store"))
    tenants = Counter[str]()
    read(place, form.unpacked(place.logs), timezone=form.zone, customers=(Owner("All", frozenset({"example.com"})),))
    with MailTrace(place.store.engine()) as mail:
        tenants.update(domain for trace in traces_of(mail) for domain in trace.visible_to)
        assert len(tenants) > 4
        for tenant, _ in tenants.most_common(4):
            scoped = MailTrace(mail.engine, scope_of(tenant))
            for answer in scoped.walk():
                report = scoped.report(answer.id)
                assert report is not None
                text = msgspec.json.encode([answer, report]).decode()
                named = (answer.sender, answer.recipient, answer.original_recipient, answer.header_from, answer.message_id)
                own = {name for name in (*named, *(one.recipient for one in report.related)) if name}
                for name in sorted(own, key=len, reverse=True):
                    text = re.sub(re.escape(msgspec.json.encode(name).decode()[1:-1]), "", text, flags=re.IGNORECASE)
                others = {one for one in _ADDRESS.findall(text) if fold(normalise(one.rstrip("."))).rpartition("@")[2] != tenant}
                # A Message-ID that a server made holds its queue id.
                assert not {one for one in others if not any(known in one for known in answer.queue_ids)}, (tenant, answer.id)
                assert not re.search(r"/(?:var|home|etc|tmp)/", text), (tenant, answer.id)
