"""What filters' tests say of SPF, DKIM, DMARC and ARC, and which of several results counts."""

from __future__ import annotations

import pytest

from mappings.authentication import AuthCheck, AuthMethod, AuthResult, check_of_symbol, domain_in, strongest


@pytest.mark.parametrize(
    ("name", "options", "check"),
    [
        ("R_SPF_ALLOW", ["+ip4:192.0.2.0/24"], AuthCheck(AuthMethod.SPF, AuthResult.PASS)),
        ("R_DKIM_ALLOW", ["Sender.example:s=mail"], AuthCheck(AuthMethod.DKIM, AuthResult.PASS, "sender.example")),
        (
            "DMARC_POLICY_REJECT",
            ["sender.example : No valid SPF", "reject"],
            AuthCheck(AuthMethod.DMARC, AuthResult.FAIL, "sender.example"),
        ),
        ("ARC_ALLOW", ["partner.example:s=arc:i=1"], AuthCheck(AuthMethod.ARC, AuthResult.PASS, "partner.example")),
        ("SPF_SOFTFAIL", [], AuthCheck(AuthMethod.SPF, AuthResult.SOFTFAIL)),
        ("DKIM_SIGNED", [], None),
        ("BAYES_SPAM", ["99%"], None),
    ],
)
def test_a_test_of_a_filter_is_a_result(name: str, options: list[str], check: AuthCheck | None) -> None:
    """In the words of RFC 8601, with the domain where the filter names it."""
    assert check_of_symbol(name, options) == check


def test_of_several_signatures_the_one_that_holds_counts() -> None:
    """A mailing list breaks the author's, and signs anew."""
    broken = AuthCheck(AuthMethod.DKIM, AuthResult.FAIL, "sender.example")
    whole = AuthCheck(AuthMethod.DKIM, AuthResult.PASS, "list.example")
    assert strongest([broken, whole], AuthMethod.DKIM) == whole
    assert strongest([broken], AuthMethod.SPF) is None


@pytest.mark.parametrize(
    ("text", "domain"),
    [("Sender.Example", "sender.example"), ("bücher.example", "bücher.example"), ('"@x>usual', None), ("localhost", None), ("a..b", None)],
)
def test_only_the_name_of_a_domain_is_one(text: str, domain: str | None) -> None:
    """Strangers choose what stands there."""
    assert domain_in(text) == domain


def test_a_newer_result_is_another() -> None:
    """Documents of a newer release are read."""
    assert AuthResult("a word of tomorrow") is AuthResult.OTHER
