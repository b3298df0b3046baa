"""Of `mailbox`: a real mail server."""

import smtplib
from email.message import EmailMessage
from threading import Thread

from lab import Mailbox, mailbox


def _send(server: Mailbox, subject: str) -> None:
    message = EmailMessage()
    message["From"] = "shop@example.com"
    message["To"] = "zoe@example.com"
    message["Subject"] = subject
    message.set_content("Łódź")
    with smtplib.SMTP(server.host, server.port) as smtp:
        smtp.send_message(message)


def test_a_message_is_kept() -> None:
    with mailbox() as server:
        _send(server, "Größe")

        assert server.wait_for(1)
        (message,) = server.messages

    assert (message["to"], message["subject"]) == ("zoe@example.com", "Größe")
    assert message.get_content() == "Łódź\n"


def test_a_server_that_holds_back_its_reply_keeps_the_client_waiting() -> None:
    with mailbox() as server:
        server.accepts.clear()
        client = Thread(target=_send, args=(server, "Later"))
        client.start()
        client.join(0.2)
        assert client.is_alive()
        assert server.messages == []

        server.accepts.set()
        client.join()
        assert [one["subject"] for one in server.messages] == ["Later"]
