"""A real mail server, which keeps the messages that it is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Condition, Event
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.process import free_port

# Seconds that a message or the start gets, however busy the machine is.
_PATIENCE = 30.0


class Mailbox:
    """An SMTP server on `host` and `port`, and the `messages` that it has accepted.

    `accepts` decides about the next messages: while it is cleared, the server holds
    back its reply, so that the client waits.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.messages: list[EmailMessage] = []
        self.accepts = Event()
        self.accepts.set()
        self._arrived = Condition()

    def wait_for(self, count: int) -> bool:
        """Wait until `count` messages were accepted; return whether they were."""
        with self._arrived:
            return self._arrived.wait_for(
                lambda: len(self.messages) >= count, timeout=_PATIENCE
            )

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Accept a message; aiosmtpd calls this for each."""
        await server.loop.run_in_executor(None, self.accepts.wait, _PATIENCE)
        # Lines end with CRLF on the way, and with LF in a program.
        content = cast("bytes", envelope.original_content).replace(b"\r\n", b"\n")
        with self._arrived:
            self.messages.append(message_from_bytes(content, policy=default))
            self._arrived.notify_all()
        return "250 OK"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Yield a mail server on a free port of this machine; it is stopped afterwards."""
    server = Mailbox("127.0.0.1", free_port())
    controller = Controller(
        server, hostname=server.host, port=server.port, ready_timeout=_PATIENCE
    )
    controller.start()
    try:
        yield server
    finally:
        server.accepts.set()
        controller.stop()
