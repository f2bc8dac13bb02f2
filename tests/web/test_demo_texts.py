"""The demo's page of what went out shows its text messages."""

from __future__ import annotations

from infusion.demo import mailbox, place
from infusion.reminders.sms import FileCarrier


def test_texts_are_read_back_newest_first(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("INFUSION_DEMO_DIR", str(tmp_path))
    assert mailbox.texts() == []
    settings.SMS_FILE = place.texts()
    for number in range(2):
        FileCarrier().deliver(f"Hasta mañana {number}", to="+12125552428", message_id=str(number))
    assert [line["text"] for line in mailbox.texts()] == ["Hasta mañana 1", "Hasta mañana 0"]
