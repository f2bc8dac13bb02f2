"""The demo's sign-ins: made when the demo is filled, kept readable for its owner only."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from infusion.demo import place


@dataclass(frozen=True)
class Account:
    """One sign-in of the demo.

    `role` is the word shown ("nurse", "patient"). Staff have a `password` and a `second_factor`, the
    base32 secret of their TOTP device (empty: enrolled at the first sign-in). Patients have neither:
    they get a typed code by mail, and give their `birth_date` (ISO) at the first sign-in.
    """

    role: str
    name: str
    email: str
    password: str = ""
    second_factor: str = ""
    birth_date: str = ""


def path() -> Path:
    """The file that holds the accounts."""
    return place.directory() / "accounts.json"


def save(accounts: Iterable[Account]) -> None:
    """Writes the accounts, whole or not at all, readable for this user only."""
    unfinished = path().with_suffix(".unfinished")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([asdict(account) for account in accounts], file, indent=1, ensure_ascii=False)
    unfinished.replace(path())


def load() -> list[Account]:
    """The accounts of a filled demo; none where it was not filled yet."""
    try:
        return [Account(**entry) for entry in json.loads(path().read_text())]
    except FileNotFoundError:
        return []
