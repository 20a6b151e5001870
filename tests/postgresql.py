"""A PostgreSQL server of the tests' own, where its programs are on this machine: in a folder that goes with it, reached
through a socket in there and by no network, and run by a user without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

WHY_SKIPPED = "PostgreSQL's server is not installed; .ci/run installs it on Debian and Ubuntu"

#: Where Debian and others put what only a server needs.
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin")
#: The server refuses to be run by root. Debian's package brings this user.
_USER = "postgres"
_ROLE = "tandem"


def programs() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, of the newest version; None where there is none that can be run."""
    if os.getuid() == 0 and not _is_known(_USER):
        return None
    found = [
        Path(folder)
        for place in _PLACES
        for folder in sorted(Path("/").glob(place.removeprefix("/")))
        if (Path(folder) / "initdb").exists() and (Path(folder) / "postgres").exists()
    ]
    on_path = shutil.which("initdb")
    if not found and on_path is not None:
        found = [Path(on_path).resolve().parent]
    return max(found, key=lambda folder: (len(str(folder)), str(folder)), default=None)


def _is_known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that runs, and makes databases."""

    socket: Path

    def url(self, database: str) -> str:
        """As it stands under `ledger:`."""
        return f"postgresql+psycopg://{_ROLE}@/{database}?host={self.socket}"

    def run(self, sql: str, database: str = "postgres") -> None:
        """Carry out one statement, as the server's owner."""
        with psycopg.connect(
            host=str(self.socket), user=_ROLE, dbname=database, autocommit=True
        ) as connection:
            connection.execute(sql.encode())

    def make(self, database: str, how: str | None = None) -> str:
        """A new database, and where it is. Its text sorts as English does, not by its bytes, unless told otherwise (or
        before PostgreSQL 15, which knows no other way to say so than a language of this machine)."""
        with psycopg.connect(host=str(self.socket), user=_ROLE, dbname="postgres") as connection:
            new = connection.info.server_version >= 150000
        utf8 = "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'" if new else "ENCODING 'UTF8'"
        self.run(f"DROP DATABASE IF EXISTS {database}")
        self.run(f"CREATE DATABASE {database} TEMPLATE template0 {how or utf8}")
        return self.url(database)


@contextmanager
def serving(binaries: Path) -> Iterator[Server]:
    """Runs a server while the block does."""
    # A path of its own: a socket's name may have no more than 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="tandem-pg-"))
    user = _USER if os.getuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user, user)
    data = folder / "data"
    try:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", _ROLE, "--auth=trust", "--no-sync", "--locale=C.UTF-8"],
            check=True,
            capture_output=True,
            cwd=folder,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            # Whatever becomes of this machine, the folder is worth nothing.
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "40",
            "shared_buffers": "16MB",
        }
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [
                    binaries / "postgres",
                    "-D",
                    data,
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        try:
            _wait_for(folder, server)
            yield Server(socket=folder)
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder)


def _wait_for(folder: Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(host=str(folder), user=_ROLE, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
