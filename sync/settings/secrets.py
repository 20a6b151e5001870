"""Secrets by reference: the configuration says where a secret is, never what it is."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from sync.errors import SettingsError, SyncError

#: The service name under which ``keyring:NAME`` is looked up.
SERVICE = "tandem"

Place = Literal["env", "file", "keyring"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret (``env:NAME``, ``file:PATH``, ``keyring:NAME``)."""

    place: Place
    name: str

    @classmethod
    def parse(cls, text: str) -> Secret:
        """Raises ValueError with the remedy where ``text`` is no reference. It may *be* the secret, so the
        message does not repeat it."""
        place, colon, name = text.partition(":")
        if not colon or place not in {"env", "file", "keyring"} or not name.strip():
            raise ValueError("write env:NAME, file:PATH or keyring:NAME, never the secret itself")
        return cls(cast(Place, place), name.strip())

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"

    def read(self, folder: Path) -> str:
        """The secret itself. ``SettingsError`` where it is not to be had; ``folder`` is what paths are relative to."""
        if self.place == "env":
            value = os.environ.get(self.name, "")
            if not value:
                raise SettingsError(
                    [f"{self} is not set."],
                    remedy=f"Set it: export {self.name}=… (in the shell that runs tandem).",
                )
            return value
        if self.place == "file":
            return self._read_file(folder / self.name)
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

    def _read_file(self, path: Path) -> str:
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError([f"{self} cannot be read: {error}"]) from error
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            raise SettingsError([f"{path} can be read by others."], remedy=f"chmod 600 {path}")
        if not text:
            raise SettingsError([f"{path} is empty."], remedy="Write the secret into it.")
        return text

    def write(self, folder: Path, value: str) -> None:
        """Keep a secret that its issuer has replaced. ``SyncError`` where this place cannot be written."""
        if self.place == "file":
            path = folder / self.name
            fresh = path.with_name(path.name + ".new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(value + "\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        elif self.place == "keyring":
            self._in_keyring(value)
        else:
            raise SyncError(
                f"A new value was issued for {self}, and an environment variable cannot keep it.",
                remedy="Use file:PATH or keyring:NAME for a refresh token that its issuer rotates.",
            )
