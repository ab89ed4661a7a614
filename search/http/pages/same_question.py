"""The question of a page as others ask it: the address of the API, a call of curl, and the command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from search.http.pages.page_request import PageRequest
from search.http.pages.question import TIMES, Question


@dataclass(frozen=True, slots=True)
class SameQuestion:
    """The same question in three ways."""

    address: str
    curl: str
    command: str


def same_question(question: Question, page: PageRequest) -> SameQuestion:
    """The ways to ask it; times of a zone of their own are told as moments, which mean the same to everybody."""
    moments = question.values("tz") != ()
    customer = question.values("customer")
    params = [
        (name, value)
        for name, value in question.query.to_params()
        if (moments or name not in TIMES) and not (customer and name == "domain")
    ]
    params += [("customer", name) for name in customer]
    params += [] if moments else [(name, value) for name in TIMES for value in question.values(name)]
    url = page.request.url
    asked = f"?{urlencode(params)}" if params else ""
    address = f"{url.scheme}://{url.netloc}{page.base}/api/v1/traces{asked}"
    words = [word for name, value in params for word in (f"--{name.replace('_', '-')}", value)]
    curl = f'curl -H "Authorization: Bearer $TOKEN" {shlex.quote(address)}'
    return SameQuestion(address, curl, shlex.join(["mailtrace", "search", *words]))
