"""An SMTP server inside the test process that keeps what it is sent and can be told to misbehave."""

import asyncio
import email
import email.policy
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.smtp import Envelope

from infusion.demo import sink


@dataclass(frozen=True)
class Received:
    """One message as it came: the envelope's recipients and the parsed content."""

    to: tuple[str, ...]
    message: EmailMessage


@dataclass
class SmtpSink:
    """`received` in order of arrival. `refusals` maps a recipient to an SMTP answer such as "550 no such
    mailbox", `refuse_content` refuses every message after its content came; `delay` in seconds is
    waited after a message was kept and before it is acknowledged."""

    received: list[Received] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    refuse_content: str | None = None
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
        receiver = sink.Receiver(self._keep, self._judge)
        serving = asyncio.run_coroutine_threadsafe(sink.serve(listening, receiver), self._loop)
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
        self.received.append(Received(tuple(envelope.rcpt_tos), message))
        await asyncio.sleep(self.delay)
        return None
