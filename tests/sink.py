"""An SMTP server inside the test process that keeps what it is sent and can be told to misbehave."""

import asyncio
import email
import email.policy
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from infusion.demo import sink


@dataclass(frozen=True)
class Received:
    """One message as it came: the envelope's recipients, the parsed content, and when its sender was last told that
    the server listens (on the monotonic clock).
    """

    to: tuple[str, ...]
    message: EmailMessage
    greeted_at: float


class Receiver(sink.Receiver):
    """The demo's, with a note of when each sender was told it listens, `greets_after` seconds
    after it asked, and how many `lines` were made."""

    greets_after = 0.0
    lines = 0
    refuse_sender: Callable[[], str | None]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, answers: list[str]
    ) -> list[str]:
        """Greets a sender on a new line."""
        self.lines += 1
        session.host_name = name
        await asyncio.sleep(self.greets_after)
        session.greeted_at = time.monotonic()
        return answers

    async def handle_NOOP(self, server: SMTP, session: Session, envelope: Envelope, arg: str) -> str:
        """Says to a sender that kept the line that it still listens."""
        await asyncio.sleep(self.greets_after)
        session.greeted_at = time.monotonic()
        return "250 2.0.0 OK"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes or refuses a sender."""
        if refused := self.refuse_sender():
            return refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Takes or refuses the message, which remembers when its sender was greeted."""
        envelope.greeted_at = session.greeted_at
        return await super().handle_DATA(server, session, envelope)


@dataclass
class SmtpSink:
    """`received` in order of arrival. `refusals` maps a recipient to an SMTP answer such as "550 no such
    mailbox"; `refuse_sender` refuses every message at once, `refuse_content` after its content came; `delay`
    in seconds is waited after a message was kept and before it is acknowledged."""

    received: list[Received] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    refuse_content: str | None = None
    refuse_sender: str | None = None
    delay: float = 0.0
    host: str = "127.0.0.1"
    port: int = 0

    def start(self) -> None:
        """Listens on a free loopback port, kept in `port`."""
        listening = sink.loopback()
        self.port = listening.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.receiver = Receiver(self._keep, self._judge)
        self.receiver.refuse_sender = lambda: self.refuse_sender
        serving = asyncio.run_coroutine_threadsafe(sink.serve(listening, self.receiver), self._loop)
        self._server = serving.result(timeout=10)

    def stop(self) -> None:
        """Stops listening; what was received stays readable."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _judge(self, address: str) -> str | None:
        return self.refusals.get(address)

    async def _keep(self, envelope: Envelope) -> str | None:
        if self.refuse_content:
            return self.refuse_content
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode()
        message = email.message_from_bytes(raw, policy=email.policy.default)
        self.received.append(Received(tuple(envelope.rcpt_tos), message, envelope.greeted_at))
        await asyncio.sleep(self.delay)
        return None
