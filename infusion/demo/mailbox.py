"""The mail and the texts the demo sent, read back from their files with the standard library."""

import email
import email.policy
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from infusion.demo import place

NAME = re.compile(r"[0-9]{20}")


@dataclass(frozen=True)
class Mail:
    """One message: `name` is its file's, `sent` the instant it arrived at the sink (UTC)."""

    name: str
    sent: datetime
    recipient: str
    subject: str
    message: EmailMessage
    raw: str

    def part(self, content_type: str) -> str | None:
        """The text of the first part of that type, attachments included; None if there is none."""
        for part in self.message.walk():
            if part.get_content_type() == content_type:
                content = part.get_content()
                return content if isinstance(content, str) else bytes(content).decode("utf-8", "replace")
        return None


def newest(count: int = 200) -> list[Mail]:
    """The latest messages, newest first."""
    names = sorted((path.stem for path in place.mail().glob("*.eml")), reverse=True)
    return [mail for name in names[:count] if (mail := read(name))]


def texts(count: int = 200) -> list[dict[str, str]]:
    """The latest text messages, newest first."""
    try:
        lines = place.texts().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in reversed(lines[-count:])]


def read(name: str) -> Mail | None:
    """The message of that name; None where there is none, or where the name is not one of ours."""
    if not NAME.fullmatch(name):
        return None
    path: Path = place.mail() / f"{name}.eml"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return Mail(
        name=name,
        sent=datetime.fromtimestamp(int(name) / 1e9, tz=UTC),
        recipient=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        message=message,
        raw=raw.decode("utf-8", "replace"),
    )
