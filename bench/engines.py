"""The two database engines: an empty place, a database made once, and a fresh copy of it for each section."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

import psycopg

from infusion.demo import leash
from tests import postgresql

ENGINES = ("sqlite", "postgresql")
# PostgreSQL as it comes, which is durable: every commit waits for the disk. Only links and zone are set.
DURABLE = {"listen_addresses": "", "max_connections": "300", "timezone": "UTC"}


class Engine(Protocol):
    """A place that holds databases by name."""

    name: str

    def url(self, database: str) -> str: ...

    def copy(self, database: str, new: str) -> None: ...

    def drop(self, database: str) -> None: ...

    def stop(self) -> None: ...


class SQLite:
    """Databases as files of one directory."""

    name = "sqlite"

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def _file(self, database: str) -> Path:
        return self.directory / f"{database}.sqlite3"

    def url(self, database: str) -> str:
        return f"sqlite:///{self._file(database)}"

    def copy(self, database: str, new: str) -> None:
        with closing(sqlite3.connect(self._file(database))) as link:
            link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self._file(database), self._file(new))

    def drop(self, database: str) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{self._file(database)}{end}").unlink(missing_ok=True)

    def stop(self) -> None:
        """Nothing runs."""


class PostgreSQL:
    """Databases of one private server on a unix socket, durable as in production."""

    name = "postgresql"

    def __init__(self, directory: Path) -> None:
        self.server = postgresql.start(directory, DURABLE)
        self.socket = self.server.url.removeprefix("postgres://infusion@/").removesuffix("/infusion")
        self._do("CREATE DATABASE empty")

    def url(self, database: str) -> str:
        return f"postgres://infusion@/{self.socket}/{database}"

    def copy(self, database: str, new: str) -> None:
        self._do(f"CREATE DATABASE {new} TEMPLATE {database} STRATEGY FILE_COPY")

    def drop(self, database: str) -> None:
        self._do(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def stop(self) -> None:
        leash.stop([self.server.program], patience=15)

    def _do(self, command: str) -> None:
        with psycopg.connect(host=self.socket, user="infusion", dbname="postgres", autocommit=True) as link:
            link.execute(command)


def start(name: str, directory: Path) -> Engine:
    """An engine with nothing in it, its files in a private directory. Raises NoPostgreSQL."""
    directory.mkdir(mode=0o700)
    return SQLite(directory) if name == "sqlite" else PostgreSQL(directory)
