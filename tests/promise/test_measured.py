"""What documents have beside fates: how long it took, by whom it was authenticated, which tests it met, where it was put."""

from __future__ import annotations

from reading import Place

from mappings.authentication import AuthResult
from promise.fates import mainlog, syslog, traces_of

_ID = "1xVhsP-00001T-1p"
_LOGGED_IN = ", sasl_method=PLAIN, sasl_username=ann@sender.example"


def _postfix(*more: str, client: str = "mail.sender.example[203.0.113.5]", login: str = "") -> list[str]:
    """A message of Postfix' until it is active."""
    return [
        f"postfix/smtpd[1]: 80582186537: client={client}{login}",
        "postfix/cleanup[2]: 80582186537: message-id=<a1@sender.example>",
        *more,
        "postfix/qmgr[3]: 80582186537: from=<ann@sender.example>, size=1234, nrcpt=1 (queue active)",
    ]


_PUT_OFF = (
    "postfix/smtp[4]: 80582186537: to=<bob@example.net>, relay=mx.example.net[198.51.100.1]:25, delay=1, delays=0.5/0/0.3/0.2, "
    "dsn=4.2.2, status=deferred (host mx.example.net[198.51.100.1] said: 452 4.2.2 <bob@example.net>: mailbox full (in reply to RCPT TO))"
)
_SENT = (
    "postfix/smtp[4]: 80582186537: to=<bob@example.net>, relay=mx.example.net[198.51.100.1]:25, delay=65, delays=0.5/60/3.5/1, "
    "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 3033D18654F)"
)


def test_postfix_says_the_parts_of_the_delay(place: Place) -> None:
    """Those of the last try, the times of the first and the last one, and who logged in how."""
    (trace,) = traces_of(place, {"mail.log": syslog([*_postfix(login=_LOGGED_IN), _PUT_OFF, _SENT])})
    parts = (trace.delay_before_queue, trace.delay_in_queue, trace.delay_connection, trace.delay_transmission)
    assert (trace.delay, *parts) == (65.0, 0.5, 60.0, 3.5, 1.0)
    assert trace.first_try_ms is not None
    assert trace.last_try_ms is not None
    assert trace.last_try_ms - trace.first_try_ms == 100
    assert (trace.authenticated_as, trace.login_method) == ("ann@sender.example", "PLAIN")


def test_exim_says_how_long_and_over_which_connections(place: Place) -> None:
    """`RT=`, `QT=` and `DT=`; protocol and cipher of both sides."""
    lines = [
        (
            f"{_ID} <= ann@sender.example H=mail.sender.example [203.0.113.5] P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no "
            "A=plain_login:ann S=575 RT=0.250s id=a1@sender.example for bob@example.net"
        ),
        (
            f"{_ID} => bob@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.1] X=TLS1.2:ECDHE_RSA__AES_128_GCM:128 "
            'C="250 2.0.0 Ok: queued as 3033D18654F" QT=1m5s DT=1.500s'
        ),
        f"{_ID} Completed",
    ]
    (trace,) = traces_of(place, {"mainlog": mainlog(lines)})
    assert (trace.delay, trace.delay_before_queue, trace.delay_transmission) == (65.0, 0.25, 1.5)
    assert (trace.tls_version, trace.tls_cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert (trace.relay_tls_version, trace.relay_tls_cipher) == ("TLSv1.2", "ECDHE_RSA__AES_128_GCM")
    assert trace.login_method == "plain_login"


def test_what_was_checked_stands_in_the_document(place: Place) -> None:
    """Of OpenDKIM, OpenDMARC and Rspamd's tests, each with the domain that it names."""
    checked = [
        "opendkim[7]: 80582186537: DKIM verification successful",
        "opendmarc[8]: 80582186537: SPF(mailfrom): ann@sender.example softfail",
        "opendmarc[8]: 80582186537: Sender.example pass",
        (
            "rspamd[9]: <dd29ba>; proxy; rspamd_task_write_log: id: <a1@sender.example>, qid: <80582186537>, ip: 203.0.113.5, "
            "from: <ann@sender.example>, (default: F (no action): [1.20/15.00] "
            "[R_SPF_SOFTFAIL(0.00){~all;},R_DKIM_ALLOW(-0.20){sender.example:s=mail;},BAYES_SPAM(1.40){99%;}]), len: 364, "
            "time: 3.603ms, dns req: 0, digest: <01f7e25dfe47651fe822ca0222c69963>, rcpts: <bob@example.net>, mime_rcpts: <bob@example.net>"
        ),
    ]
    (trace,) = traces_of(place, {"mail.log": syslog([*_postfix(*checked), _SENT])})
    assert (trace.dkim, trace.dkim_domain) == (AuthResult.PASS, "sender.example")
    assert (trace.spf, trace.dmarc, trace.dmarc_domain) == (AuthResult.SOFTFAIL, AuthResult.PASS, "sender.example")
    assert trace.arc is None
    assert trace.symbols == ["R_SPF_SOFTFAIL", "R_DKIM_ALLOW", "BAYES_SPAM"]
    assert trace.symbol_scores == [0.0, -0.2, 1.4]


def test_a_reply_has_a_shape(place: Place) -> None:
    """Two mailboxes that are full are one cause."""
    (trace,) = traces_of(place, {"mail.log": syslog([*_postfix(), _PUT_OFF])})
    assert trace.reply_shape == "<address>: mailbox full"
    assert trace.reply_text is not None


def test_of_what_no_line_tells_nothing_is_said(place: Place) -> None:
    """No delay, no result, no mailbox."""
    (trace,) = traces_of(place, {"mail.log": syslog(_postfix())})
    assert (trace.delay, trace.first_try_ms, trace.spf, trace.dkim, trace.dmarc, trace.symbols, trace.mailbox) == (*[None] * 5, [], None)
