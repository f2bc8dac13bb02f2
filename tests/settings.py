"""The project's settings with what tests need besides: a flush that may clear append-only tables."""

import os

os.environ["INFUSION_TESTING"] = "1"

from infusion.settings import *  # noqa: F403

# Argon2 is slow on purpose; hundreds of test users need no such protection.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A test database need not outlive the machine's power.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"  # noqa: F405
