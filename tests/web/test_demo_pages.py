"""The demo's own pages: mail read back as it was sent, and sign-ins with a code that works."""

import re
import smtplib
import stat
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import generate_totp_secret, validate_totp_code
from django.test import Client

from infusion.demo import accounts, leash, mailbox, place, sink
from infusion.demo.accounts import Account
from tests import programs

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.demo_urls")]
NAME = "01795373835123456789"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INFUSION_DEMO_DIR", str(tmp_path))
    place.mail().mkdir()
    return tmp_path


def letter() -> EmailMessage:
    message = EmailMessage()
    message["To"], message["From"], message["Subject"] = (
        "Zoë <zoe@example.org>",
        "desk@example.org",
        "Café <b>am 3.</b>",
    )
    message.set_content("Plain words: naïve.")
    message.add_alternative("<p>Rich words</p><script>alert(1)</script>", subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="visit.ics")
    message.set_boundary("outer")
    message.get_payload(0).set_boundary("inner")
    return message


def put(name: str, message: EmailMessage) -> None:
    (place.mail() / f"{name}.eml").write_bytes(message.as_bytes())


def test_the_list_is_kind_to_an_empty_box(client: Client) -> None:
    assert "No mail yet" in client.get("/demo/mail/").content.decode()


def test_the_list_shows_the_newest_first_and_escapes_what_was_written(client: Client) -> None:
    put(NAME, letter())
    newer = letter()
    newer.replace_header("Subject", "Later")
    put(f"{int(NAME) + 1:020d}", newer)
    page = client.get("/demo/mail/").content.decode()
    assert re.findall(r"<a href=\"/demo/mail/\d+/\">(.*?)</a>", page) == [
        "Later",
        "Café &lt;b&gt;am 3.&lt;/b&gt;",
    ]


def test_a_mail_shows_its_text_its_calendar_and_its_source(client: Client) -> None:
    put(NAME, letter())
    page = client.get(f"/demo/mail/{NAME}/").content.decode()
    shown = re.findall(r'<pre class="mail-text" tabindex="0">(.*?)</pre>', page, re.DOTALL)
    assert [text.strip() for text in shown[:2]] == ["Plain words: naïve.", "BEGIN:VCALENDAR"]
    assert "Content-Type: multipart/mixed" in shown[2]
    assert "<script>alert" not in page


def test_a_mails_page_may_do_nothing_but_be_read_in_our_own_frame(client: Client) -> None:
    put(NAME, letter())
    answer = client.get(f"/demo/mail/{NAME}/page/")
    assert "Rich words" in answer.content.decode()
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    policy = answer["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["sandbox", "default-src 'none'"]
    assert not [part for part in policy if "script" in part]


@pytest.mark.parametrize("name", ["1", NAME + "0", "..%2f..%2fsecret-key", "0" * 20, "٠" * 20])
def test_a_name_that_is_none_of_ours_is_not_found(client: Client, name: str) -> None:
    assert client.get(f"/demo/mail/{name}/").status_code == 404
    assert client.get(f"/demo/mail/{name}/page/").status_code == 404


def test_a_mail_that_is_no_proper_mail_is_shown_all_the_same(client: Client) -> None:
    (place.mail() / f"{NAME}.eml").write_bytes(b"\xff\xfe\x00 no headers at all")
    assert client.get("/demo/mail/").status_code == 200
    assert client.get(f"/demo/mail/{NAME}/").status_code == 200


def test_sign_ins_come_with_a_code_that_opens_the_door(client: Client) -> None:
    secret = generate_totp_secret()
    nurse = Account(
        "nurse", "Nadia <i>", "nurse@example.org", password="long-and-random", second_factor=secret
    )
    patient = Account("patient", "Ana", "ana@example.org", birth_date="1968-05-09")
    accounts.save([nurse, patient])
    assert stat.S_IMODE(accounts.path().stat().st_mode) == 0o600
    assert accounts.load() == [nurse, patient]
    page = client.get("/demo/").content.decode()
    codes = re.findall(r"<code>(\d{6})</code>", page)
    assert [validate_totp_code(secret, code) for code in codes] == [True]
    assert "Nadia &lt;i&gt;" in page
    assert "1968-05-09" in page


def test_the_demos_pages_are_not_there_outside_the_demo(client: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = "infusion.urls"
    assert [client.get(path).status_code for path in ("/demo/", "/demo/mail/")] == [404, 404]


def test_a_mail_sent_through_smtp_is_kept_as_it_came(directory: Path) -> None:
    listening = sink.loopback()
    descriptor = listening.fileno()
    command = [sys.executable, "-m", "infusion.demo.sink", str(descriptor), str(place.mail())]
    program = leash.start(command, log=directory / "log", cwd=programs.ROOT, inherit=(descriptor,))
    try:
        with smtplib.SMTP(*listening.getsockname(), timeout=30) as link:
            link.send_message(letter(), to_addrs=["zoe@example.org"])
    finally:
        leash.stop([program])
    (kept,) = place.mail().glob("*.eml")
    assert mailbox.NAME.fullmatch(kept.stem)
    assert kept.read_bytes().splitlines() == letter().as_bytes().splitlines()
