"""Where the demo keeps what it makes: database, secrets, mail, logs. Knows nothing of Django."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def directory() -> Path:
    """The demo's own directory: INFUSION_DEMO_DIR, else var/demo in the checkout."""
    return Path(os.environ.get("INFUSION_DEMO_DIR") or ROOT / "var" / "demo").resolve()


def mail() -> Path:
    """Where the SMTP sink puts each message it was sent."""
    return directory() / "mail"


def texts() -> Path:
    """Where each text message that was sent stands as one line."""
    return directory() / "texts.jsonl"


def log(program: str) -> Path:
    """The file that takes a program's output."""
    return directory() / "log" / f"{program.replace(' ', '-')}.log"


def database() -> Path:
    """The demo's SQLite file. It appears under this name only when it has been filled."""
    return directory() / "demo.sqlite3"
