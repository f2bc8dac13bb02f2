"""What the environment says arrives in the settings."""

import runpy

import pytest

from tests import programs


@pytest.mark.parametrize(
    ("scheme", "secured"),
    [("smtp", (False, False)), ("smtp+tls", (True, False)), ("smtp+ssl", (False, True))],
)
def test_line_to_the_mail_server_is_as_secret_as_its_address_says(
    monkeypatch: pytest.MonkeyPatch, scheme: str, secured: tuple[bool, bool]
) -> None:
    monkeypatch.setenv("INFUSION_EMAIL_URL", f"{scheme}://desk:word@mail.example:465")
    found = runpy.run_path(str(programs.ROOT / "infusion" / "settings.py"))
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == secured
