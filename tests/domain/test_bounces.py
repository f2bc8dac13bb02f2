"""Reports of mail that was not delivered, in the shapes several mail servers give them, and what is none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from infusion.reminders import mailbox
from infusion.reminders.domain.bounces import Delivery, Outcome, Report, read

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "bounces"
ADDRESS, NUMBER = "Ada@Example.org", "<0123abc@clinic.example>"


def sample(name: str) -> bytes:
    text = (SAMPLES / f"{name}.eml").read_text()
    return text.replace("@RECIPIENT@", ADDRESS).replace("@MESSAGE_ID@", NUMBER).encode()


def one(outcome: Outcome, reason: str, *more: str) -> tuple[Delivery, ...]:
    return (Delivery(frozenset({ADDRESS.lower(), *more}), outcome, reason),)


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("postfix", Report(NUMBER, one(Outcome.REFUSED, "550 5.1.1 No such mailbox here"))),
        ("exim", Report(NUMBER, one(Outcome.REFUSED, "5.0.0 554 5.2.1 mailbox switched off"))),
        (
            "exchange",
            Report(
                NUMBER,
                one(
                    Outcome.REFUSED,
                    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address lookup",
                    "moved-away@outlook.example.com",
                ),
            ),
        ),
        (
            "delayed",
            Report(NUMBER, one(Outcome.DELAYED, "4.4.1 connection to mx.example.org timed out")),
        ),
        ("without_headers", Report("", one(Outcome.REFUSED, "5.1.1"))),
    ],
)
def test_report_is_read_in_the_shape_each_server_gives_it(name: str, report: Report) -> None:
    assert read(sample(name)) == report
    assert read(sample(name).replace(b"\n", b"\r\n")) == report


def test_report_of_a_mail_tried_in_vain_is_no_refusal() -> None:
    late = sample("postfix").replace(b"Status: 5.1.1", b"Status: 4.4.7")
    found = read(late)
    assert found is not None
    assert [each.outcome for each in found.deliveries] == [Outcome.GIVEN_UP]


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "", "failed?"])
def test_report_of_anything_else_is_none(action: str) -> None:
    assert read(sample("postfix").replace(b"Action: failed", f"Action: {action}".encode())) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe" * 500,
        b"Subject: hello\n\nI am on holiday.\n",
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n--x--\n",
        b"Content-Type: multipart/report\n\nno boundary at all",
        b"Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n",
    ],
)
def test_mail_that_is_no_report_is_none(raw: bytes) -> None:
    assert read(raw) is None


def test_report_broken_off_anywhere_never_raises() -> None:
    raw = sample("exchange")
    assert {type(read(raw[:length])) for length in range(0, len(raw), 7)} == {type(None), Report}


def test_report_in_another_charset_keeps_its_reason_readable() -> None:
    odd = sample("postfix").replace(b"No such", b"Bo\xeete inconnue\x07")
    found = read(odd)
    assert found is not None
    assert found.deliveries[0].reason.startswith("550 5.1.1 Bo")
    assert found.deliveries[0].reason.isprintable()


def test_mailbox_is_taken_apart_and_cut_where_a_mail_is_too_large() -> None:
    large = b"Subject: large\n\n" + b"x" * (2 * mailbox.LARGEST) + b"\n"
    box = b"".join(b"From MAILER-DAEMON Mon Nov 30 05:12:44 2026\n" + each + b"\n" for each in (
        sample("postfix"), large, sample("exim"),
    ))  # fmt: skip
    found = list(mailbox.mails(io.BytesIO(box)))
    assert [len(each) <= mailbox.LARGEST for each in found] == [True] * 3
    assert [read(each) is not None for each in found] == [True, False, True]
    assert list(mailbox.mails(io.BytesIO(b""))) == []


def test_mailbox_that_is_one_mail_keeps_lines_that_begin_with_from() -> None:
    mail = b"Subject: x\n\nFrom there it went\n"
    assert list(mailbox.mails(io.BytesIO(mail))) == [mail]
    held = b"From x\nSubject: x\n\ntext\nFrom there it went\n"
    assert len(list(mailbox.mails(io.BytesIO(held)))) == 1
