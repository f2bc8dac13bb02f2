"""Writing a clinic's own words, and trying them out on oneself."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from email.utils import make_msgid
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from clinics.actions import record
from clinics.actions.rules import lock_clinic
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.spans import STALE
from clinics.models import Clinic, User
from patients.phones import plain_phone, takes_texts

from .. import post, queries, sms
from ..domain.wording import WORDED, OwnWords, problems, too_many_parts
from ..models import Wording
from ..words import Words, sample

NO_SUCH_WORDING = Refusal("no_such_wording", "This message has no words of its own.")
NO_MOBILE = Refusal(
    "no_mobile", "No text message can go to this number. Begin with + and the country.", "number"
)


def check_wording(*, clinic: Clinic, kind: str, language: str, words: OwnWords, now: datetime) -> None:
    """Refused for a kind or a language that has no wording, for words that a message may not hold, and for those with
    which a text message, as an invented patient would get it on some day of a week, goes in too many parts.
    """
    if kind not in WORDED or language not in dict(settings.LANGUAGES):
        raise Refused(NO_SUCH_WORDING)
    if found := problems(kind, words):
        raise Refused(*found)
    filled_in = sample(kind=kind, clinic=clinic, language=language, own=words, now=now)
    if too_long := too_many_parts(words, filled_in.most_parts):
        raise Refused(too_long)


@transaction.atomic
def write_wording(
    *, clinic: Clinic, kind: str, language: str, words: OwnWords, seen: int, by: User, now: datetime
) -> Wording | None:
    """Let a clinic's own words hold from now on; without any, the standard text. Returns the wording that holds.

    ``seen`` is the version the page showed. The same words again write nothing. Refused as ``check_wording`` does,
    and on a stale page.
    """
    check_wording(clinic=clinic, kind=kind, language=language, words=words, now=now)
    lock_clinic(clinic)
    newest = queries.wordings(clinic, kind, language).first()
    before = newest.words if newest else OwnWords()
    if words == before:
        return newest
    if seen != (newest.version if newest else 0):
        raise Refused(STALE)
    row = Wording.objects.create(
        clinic=clinic,
        kind=kind,
        language=language,
        version=seen + 1,
        by=by,
        at=now,
        **asdict(words),
    )
    changed = {
        name: [was, asdict(words)[name]] for name, was in asdict(before).items() if was != asdict(words)[name]
    }
    record(
        clinic=clinic,
        by=by,
        verb="changed wording",
        subject=row,
        changes={"message": kind, "language": language, **changed},
    )
    return row


def send_test(*, clinic: Clinic, kind: str, language: str, words: Words, by: User) -> post.Answer:
    """Send a mail about nobody to the colleague who asks, at their own address, marked as a test.

    It stands in the audit trail and in no patient's ledger. Returns what the mail server answered.
    """
    _record_test(clinic, kind, language, by, to="")
    return post.deliver(
        replace(words, subject=f"[Test] {words.subject}", calendars=(), stop="", way_out=""),
        clinic=clinic,
        recipient=by.email,
        message_id=_new_id(),
        may_leave=lambda: True,
    )


def send_test_text(
    *, clinic: Clinic, kind: str, language: str, text: str, number: str, by: User
) -> post.Answer:
    """Send a text message about nobody to a number, marked as a test, as ``send_test`` does. Refused for a number
    that takes none. Returns what the carrier answered.
    """
    to = plain_phone(number, settings.PHONENUMBER_DEFAULT_REGION)
    if not takes_texts(to):
        raise Refused(NO_MOBILE)
    _record_test(clinic, kind, language, by, to=to)
    return sms.deliver(f"[Test] {text}", to=to, message_id=_new_id())


def _record_test(clinic: Clinic, kind: str, language: str, by: User, *, to: str) -> None:
    changes = {"message": kind, "language": language} | ({"to": to} if to else {})
    record(clinic=clinic, by=by, verb="sent test message", changes=changes)


def _new_id() -> str:
    return make_msgid("test", domain=urlsplit(settings.SITE_ADDRESS).hostname or "localhost")
