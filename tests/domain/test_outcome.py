"""What a mail server's answer to a recipient says: of the address, or of something else."""

from __future__ import annotations

import pytest

from infusion.reminders.domain.outcome import refuses_address


@pytest.mark.parametrize(
    ("code", "text", "gone"),
    [
        (550, "5.1.1 The account does not exist", True),
        (556, "5.1.10 Recipient address has null MX", True),
        (550, "5.1.8 Sender address has no mail server", False),
        (550, "5.7.1 Not wanted here", False),
        (552, "5.2.2 Mailbox full", False),
        (550, "5.10.1 Of no known meaning", False),
        (550, "no such mailbox", True),
        (551, "not one of ours", True),
        (553, "name not allowed", True),
        (550, "Relaying denied", False),
        (550, "blocked, see our list", False),
        (552, "too large", False),
        (554, "no", False),
        (450, "4.1.1 Try again", False),
        (450, "no such mailbox", False),
    ],
)
def test_refusal_of_an_address_is_told_from_a_refusal_of_the_mail(code: int, text: str, gone: bool) -> None:
    assert refuses_address(code, text) is gone
