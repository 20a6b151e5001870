"""Secrets by reference: the configuration says where a secret is, never what it is."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, get_args

from connector.secrecy import register
from sync.errors import SettingsError, SyncError
from sync.private_file import write_private

#: The service name under which ``keyring:NAME`` is looked up.
SERVICE = "tandem"

Place = Literal["env", "file", "keyring", "credential"]
PLACES: tuple[Place, ...] = get_args(Place)
_WRITE = "env:NAME, file:PATH, keyring:NAME or credential:NAME"

#: Where systemd puts what ``LoadCredential=`` names (systemd.exec: Credentials).
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
#: Bytes of a file that may still be a secret; a key of 16,384 bits has 13,000.
_LARGEST = 64 * 1024
#: Characters of what is sent in one header or form field.
_LONGEST = 16 * 1024


class Form(StrEnum):
    """What a secret is made of."""

    #: An app's id, which is looked up like a secret and is none.
    ID = "id"
    #: A token or app's secret: visible ASCII in one piece, as it stands in a header.
    TOKEN = "token"  # noqa: S105 - a kind of secret, not one
    #: A person's password: any characters on one line.
    PASSWORD = "password"  # noqa: S105
    #: A private key in PEM.
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret (``env:NAME``, ``file:PATH``, ``keyring:NAME``, ``credential:NAME``)."""

    place: Place
    name: str

    @classmethod
    def parse(cls, text: str) -> Secret:
        """Raises ValueError with the remedy where ``text`` is no reference. It may *be* the secret, so the
        message does not repeat it."""
        place, colon, name = text.partition(":")
        if not colon or place not in PLACES or not name.strip():
            raise ValueError(f"write {_WRITE}, never the secret itself")
        return cls(place, name.strip())

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"

    def read(self, folder: Path, form: Form = Form.TOKEN) -> str:
        """The secret itself, registered to be taken out of all that is told. ``SettingsError`` where it is not to be
        had or is not of its form; the message names the reference alone. ``folder`` is what paths are relative to."""
        text = self._found(folder).strip()
        if form is not Form.ID:
            register(text)
        problem = _problem(text, form)
        if problem is not None:
            raise SettingsError([f"{self} {problem}."], remedy=f"Store it anew where {self} is read from.")
        return text

    def _found(self, folder: Path) -> str:
        if self.place == "env":
            value = os.environ.get(self.name, "")
            if not value:
                raise SettingsError(
                    [f"{self} is not set."],
                    remedy=f"Set it: export {self.name}=… (in the shell that runs tandem).",
                )
            return value
        if self.place == "file":
            return self._read_file(folder / self.name, may_be_shared=False)
        if self.place == "credential":
            place = os.environ.get(_CREDENTIALS)
            if not place:
                raise SettingsError(
                    [f"{self} is not there: {_CREDENTIALS} is not set."],
                    remedy=f"Run Tandem as a service of systemd with LoadCredential={self.name}:FILE.",
                )
            # systemd lets nobody else into the folder, whatever the mode of the file.
            return self._read_file(Path(place) / self.name, may_be_shared=True)
        stored = self._in_keyring()
        if stored is None:
            raise SettingsError(
                [f"{self} is not stored."], remedy=f"Store it: keyring set {SERVICE} {self.name}"
            )
        return stored

    def _in_keyring(self, value: str | None = None) -> str | None:
        """What is stored there; ``value`` is stored first. ``SyncError`` where the keyring does not do it."""
        # It looks for every keyring that there may be; who keeps secrets elsewhere need not wait for it.
        import keyring  # noqa: PLC0415
        from keyring.errors import KeyringError  # noqa: PLC0415

        try:
            if value is not None:
                keyring.set_password(SERVICE, self.name, value)
            return keyring.get_password(SERVICE, self.name)
        except KeyringError as error:
            if value is not None:
                raise SyncError(f"The new value of {self} cannot be stored: {error}") from error
            raise SettingsError([f"{self} cannot be read: {error}"]) from error

    def _read_file(self, path: Path, *, may_be_shared: bool) -> str:
        try:
            # A FIFO would be waited for, and a device has no end.
            if not path.is_file():
                why = "is no file" if path.exists() else "is not there"
                raise SettingsError([f"{self} {why}: {path}"], remedy=f"Write the secret into {path}.")
            status = path.stat()
            if status.st_size > _LARGEST:
                raise SettingsError([f"{self} has {status.st_size:,} bytes, which is no secret: {path}"])
            text = path.read_text(encoding="utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise SettingsError([f"{self} is no text in UTF-8: {path}"]) from error
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SettingsError([f"{self} cannot be read: {reason}"]) from error
        if not may_be_shared and status.st_mode & (stat.S_IRGRP | stat.S_IROTH):
            raise SettingsError([f"{path} can be read by others."], remedy=f"chmod 600 {path}")
        if not text:
            raise SettingsError([f"{path} is empty."], remedy="Write the secret into it.")
        return text

    def write(self, folder: Path, value: str) -> None:
        """Keep a secret that its issuer has replaced. ``SyncError`` where this place cannot be written."""
        register(value)
        if self.place == "file":
            try:
                write_private(folder / self.name, f"{value}\n".encode())
            except OSError as error:
                raise SyncError(f"The new value of {self} cannot be stored: {error.strerror}") from error
        elif self.place == "keyring":
            self._in_keyring(value)
        else:
            raise SyncError(
                f"A new value was issued for {self}, which cannot keep it.",
                remedy="Use file:PATH or keyring:NAME for a refresh token that its issuer rotates.",
            )


def _problem(text: str, form: Form) -> str | None:
    """What is wrong with a secret, without a word of it."""
    if form is Form.KEY:
        # It is read by its own library later; here only what is plainly something else.
        wrong = [
            (not text.startswith("-----BEGIN "), "is no private key in PEM (-----BEGIN PRIVATE KEY-----)")
        ]
    else:
        copied = "has a blank or a character in it that no token has (was it copied out of a text?)"
        wrong = [
            (not text, "is blank"),
            (len(text) > _LONGEST, f"has {len(text):,} characters, which is no {form.value}"),
            (len(text.splitlines()) > 1, "has a line break in it"),
            (not text.isprintable(), "has a control character or an invisible mark in it"),
            (form is not Form.PASSWORD and (not text.isascii() or " " in text), copied),
        ]
    return next((words for is_wrong, words in wrong if is_wrong), None)
