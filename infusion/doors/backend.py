"""Who a session belongs to, read at every click by a question that is compiled once."""

from __future__ import annotations

from allauth.account import auth_backends

from clinics.models import User
from clinics.prepared import Given, Prepared

_PERSON = Prepared(lambda: User.objects.filter(pk=Given("pk")))


class AuthenticationBackend(auth_backends.AuthenticationBackend):
    """allauth's own, but for how a signed-in person is read."""

    def get_user(self, user_id: int) -> User | None:
        """The person, unless they are no longer active."""
        user: User | None = _PERSON.first(pk=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
