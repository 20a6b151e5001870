"""A secret is checked where it is read, and a message about it names its place alone."""

import os
import stat
from pathlib import Path

import pytest

from connector.secrecy import MASK, scrub
from sync.errors import SettingsError, SyncError
from sync.settings.secrets import Form, Secret

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"


def refusal(secret: str, folder: Path, form: Form = Form.TOKEN) -> str:
    with pytest.raises(SettingsError) as caught:
        Secret.parse(secret).read(folder, form)
    return f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("pat-na1-1234\nX-Evil: 1", "has a line break"),
        ("pat-na1-1234\rmore", "has a line break"),
        ("pat-na1-1234\u2028more", "has a line break"),
        ("pat-na1-1234\x1b[31m", "has a control character"),
        ("pat-na1-1234\u200bmore", "has a control character or an invisible mark"),
        ("“pat-na1-1234”", "that no token has"),
        ("pat-na1-1234 5678", "that no token has"),
        ("pät-na1-1234", "that no token has"),
        ("x" * 20_000, "has 20,000 characters"),
        ("   ", "is blank"),
    ],
)
@pytest.mark.parametrize("place", ["env", "file"])
def test_what_can_be_no_token_is_refused_without_a_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str, place: str
) -> None:
    if place == "env":
        monkeypatch.setenv("TOKEN", text)
        told = refusal("env:TOKEN", tmp_path)
    else:
        path = tmp_path / "token"
        path.write_bytes(text.encode())
        path.chmod(0o600)
        told = refusal("file:token", tmp_path)
        why = "is empty" if not text.strip() else why
    assert why in told
    assert "1234" not in told


def test_a_password_may_have_blanks_and_letters_of_any_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "süß & пароль")
    assert Secret.parse("env:PASSWORD").read(tmp_path, Form.PASSWORD) == "süß & пароль"
    assert scrub("süß & пароль") == MASK


def test_a_key_has_lines_and_must_look_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", KEY)
    assert Secret.parse("env:KEY").read(tmp_path, Form.KEY) == KEY
    monkeypatch.setenv("KEY", "server.key")
    assert "no private key in PEM" in refusal("env:KEY", tmp_path, Form.KEY)


def test_an_apps_id_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ID", "3MVG9-the-id-of-an-app")
    assert scrub(Secret.parse("env:ID").read(tmp_path, Form.ID)) == "3MVG9-the-id-of-an-app"


def test_a_fifo_a_folder_and_what_is_too_large_are_no_secrets(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "folder").mkdir()
    large = tmp_path / "large"
    large.write_text("x" * 100_000)
    large.chmod(0o600)
    assert "file:fifo is no file" in refusal("file:fifo", tmp_path)
    assert "file:folder is no file" in refusal("file:folder", tmp_path)
    assert "file:/dev/zero is no file" in refusal("file:/dev/zero", tmp_path)
    assert "100,000 bytes" in refusal("file:large", tmp_path)
    assert "is not there" in refusal("file:missing", tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"\xff\xfepat")
    path.chmod(0o600)
    assert "no text in UTF-8" in refusal("file:token", tmp_path)


def test_a_credential_of_systemd_is_read_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert "LoadCredential=token:FILE" in refusal("credential:token", tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    # systemd makes it readable by the group of the service, whose folder nobody else enters.
    (tmp_path / "token").write_text("pat-na1-of-systemd\n")
    (tmp_path / "token").chmod(0o440)
    assert Secret.parse("credential:token").read(tmp_path) == "pat-na1-of-systemd"
    with pytest.raises(SyncError, match="cannot keep it"):
        Secret.parse("credential:token").write(tmp_path, "another")


def test_a_rotated_token_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    victim, place = tmp_path / "victim", tmp_path / "token"
    victim.write_text("precious")
    place.symlink_to(victim)
    Secret.parse("file:token").write(tmp_path, "refresh-token-2")
    assert victim.read_text() == "precious"
    assert not place.is_symlink()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert Secret.parse("file:token").read(tmp_path) == "refresh-token-2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["token", "victim"]


def test_a_rotated_token_that_cannot_be_kept_is_told_without_it(tmp_path: Path) -> None:
    with pytest.raises(SyncError) as caught:
        Secret.parse("file:missing/token").write(tmp_path, "refresh-token-3")
    assert "file:missing/token cannot be stored" in str(caught.value)
