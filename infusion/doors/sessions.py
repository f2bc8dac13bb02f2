"""Sessions in the database, read at every click by a question that is compiled once."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.utils import timezone

from clinics.prepared import Given, Prepared

_STANDING = Prepared(
    lambda: Session.objects.filter(session_key=Given("key"), expire_date__gt=Given("now")).values_list(
        "session_data"
    )
)


class SessionStore(db.SessionStore):
    """Django's own, but for how a session is read."""

    def load(self) -> dict[str, Any]:
        """What the session holds; one that is unknown or over gets another key once it is written."""
        found = _STANDING.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
            return {}
        return self.decode(found[0])


def code_in(session: SessionBase) -> Any:
    """The code somebody was sent, and what was tried of it, as the session holds it in the database this instant."""
    kept = SessionStore(session.session_key).load().get("account_login") or {"state": {}}
    return kept["state"].get("stages", {}).get("login_by_code", {}).get("data")
