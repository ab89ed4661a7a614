"""Messages of which no line names a sender or a recipient."""

from __future__ import annotations

from captures import written
from reading import Place, read
from written_mail import Mail, Server, found, log

ID = "4D2A31C0FFEE"
PEER = "mail.sender.example[203.0.113.5]"


def begun(server: Server) -> Mail:
    """A message that the server is receiving."""
    mail = Mail()
    server.at(mail, "postfix/smtpd", 1001, f"connect from {PEER}")
    server.at(mail, "postfix/smtpd", 1001, f"{ID}: client={PEER}")
    return mail


def test_one_that_has_begun_is_a_trace(place: Place) -> None:
    """Its beginning is all that is known."""
    read(place, written(place.logs, {"mail.log": log([begun(Server())])}))
    assert list(found(place.store)) == [(None, None, "in_progress", (ID,), False)]


def test_one_that_broke_off_is_none(place: Place) -> None:
    """Nobody was named and nothing came: also where it was told as begun before."""
    server = Server()
    mail = begun(server)
    files = written(place.logs, {"mail.log": log([mail])})
    read(place, files)
    assert found(place.store)
    server.wait(seconds=90)
    server.at(mail, "postfix/smtpd", 1001, f"lost connection after DATA from {PEER}")
    server.at(mail, "postfix/smtpd", 1001, f"disconnect from {PEER} ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4")
    written(place.logs, {"mail.log": log([mail])})
    read(place, files)
    assert not found(place.store)
    read(place, files, rebuild=True)
    assert not found(place.store)


def test_one_that_goes_on_is_told_under_its_names(place: Place) -> None:
    """Its trace is replaced by that of its recipient."""
    server = Server()
    mail = begun(server)
    files = written(place.logs, {"mail.log": log([mail])})
    read(place, files)
    server.wait(seconds=900)
    server.at(mail, "postfix/cleanup", 1002, f"{ID}: message-id=<a@sender.example>")
    server.at(mail, "postfix/qmgr", 99, f"{ID}: from=<ann@sender.example>, size=600, nrcpt=1 (queue active)")
    server.deliver(mail, ID, "bob@example.net", 1003)
    server.remove(mail, ID)
    written(place.logs, {"mail.log": log([mail])})
    read(place, files)
    assert list(found(place.store)) == [("ann@sender.example", "bob@example.net", "delivered", (ID,), False)]
