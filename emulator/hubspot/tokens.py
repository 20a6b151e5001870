"""Access tokens: private apps without an end, OAuth tokens of thirty minutes (HubSpot: OAuth, private apps)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from emulator.hubspot.data.stamps import instant, read_moment
from emulator.hubspot.errors import (
    HubSpotError,
    expired_token,
    malformed_token,
    missing_credentials,
    missing_scopes,
)

PRIVATE_TOKEN = "pat-emulator"
CLIENT_ID = CLIENT_SECRET = "emulator"
REFRESH_TOKEN = "emulator-refresh"
PRIVATE_APP = 19_083_857
OAUTH_APP = 20_411_906
#: What an app may ask for itself, whatever portals it is installed in (HubSpot: webhooks journal).
APP_SCOPES = frozenset(
    {
        "developer.webhooks_journal.read",
        "developer.webhooks_journal.subscriptions.read",
        "developer.webhooks_journal.subscriptions.write",
        "developer.webhooks_journal.snapshots.read",
        "developer.webhooks_journal.snapshots.write",
    }
)
LIFE = timedelta(seconds=1800)

ALL_SCOPES = frozenset(
    {
        "oauth",
        "crm.objects.owners.read",
        *(
            f"crm.{kind}.{name}.{right}"
            for kind in ("objects", "schemas")
            for name in ("companies", "contacts", "deals")
            for right in ("read", "write")
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a bearer token stands for. `expires` None: never."""

    text: str
    app_id: int
    scopes: frozenset[str]
    expires: datetime | None = None

    @property
    def oauth(self) -> bool:
        return self.expires is not None

    def require(self, wanted: Iterable[str]) -> None:
        """403 unless every scope is held. A key that may write the same schemas is refused without a scope name."""
        missing = set(wanted) - self.scopes
        if missing:
            writes = {scope.removesuffix("read") + "write" for scope in missing if ".schemas." in scope}
            raise missing_scopes(missing, named=not writes & self.scopes)

    def as_doc(self) -> dict[str, Any]:
        return {
            "app": self.app_id,
            "scopes": sorted(self.scopes),
            "expires": instant(self.expires) if self.expires else None,
        }

    @classmethod
    def from_doc(cls, text: str, doc: Mapping[str, Any]) -> "Token":
        expires = read_moment(doc["expires"]) if doc["expires"] else None
        return cls(text=text, app_id=doc["app"], scopes=frozenset(doc["scopes"]), expires=expires)


class Tokens:
    """The tokens and refresh tokens of the portal."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.by_text: dict[str, Token] = {}
        self.refresh: dict[str, frozenset[str]] = {REFRESH_TOKEN: ALL_SCOPES}
        self.add(Token(text=PRIVATE_TOKEN, app_id=PRIVATE_APP, scopes=ALL_SCOPES))

    def add(self, token: Token) -> None:
        self.by_text[token.text] = token

    def bearer(self, header: str | None, now: datetime) -> Token:
        """The token of an Authorization header; 401 in HubSpot's three ways."""
        scheme, _, text = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise missing_credentials()
        token = self.by_text.get(text.strip())
        if token is None:
            # What looks like a private app's token was revoked; anything else is read as a token of 1970.
            raise missing_credentials() if text.startswith("pat-") else malformed_token(now)
        if token.expires is not None and now >= token.expires:
            raise expired_token(token.expires, now)
        return token

    @staticmethod
    def check_app(form: Mapping[str, str]) -> None:
        """400 in HubSpot's words unless the form shows the app's credentials."""
        if form.get("client_id") != CLIENT_ID:
            raise _refused("BAD_CLIENT_ID", "missing or unknown client id")
        if form.get("client_secret") != CLIENT_SECRET:
            raise _refused("BAD_CLIENT_SECRET", "missing or invalid client secret")

    def issue(
        self, form: Mapping[str, str], now: datetime, *, dated: bool = False
    ) -> tuple[Token, str | None]:
        """A new access token for a refresh token, and the refresh token (the same one); or, under a ``dated`` path, one
        of the app's own by its credentials, without a refresh token. 400 in HubSpot's words."""
        grant = form.get("grant_type")
        if grant == "client_credentials" and dated:
            self.check_app(form)
            asked = frozenset(form.get("scope", "").split())
            if not asked or asked - APP_SCOPES - ALL_SCOPES:
                raise _refused("BAD_SCOPE", "missing or unknown scope")
            return self._new(asked, now), None
        if grant != "refresh_token":
            raise _refused("BAD_GRANT_TYPE", "missing or unknown grant type")
        self.check_app(form)
        refresh = form.get("refresh_token", "")
        scopes = self.refresh.get(refresh)
        if scopes is None:
            raise _refused("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        return self._new(scopes, now), refresh

    def revoke(self, text: str) -> None:
        """Forget an access or refresh token; one that is not known is none already (RFC 7009)."""
        self.refresh.pop(text, None)
        self.by_text.pop(text, None)

    def _new(self, scopes: frozenset[str], now: datetime) -> Token:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        length = 240 + self._random.randrange(80)
        text = "C" + "".join(self._random.choice(alphabet) for _ in range(length))
        token = Token(text=text, app_id=OAUTH_APP, scopes=scopes, expires=now + LIFE)
        self.add(token)
        return token

    def restore_from(self, docs: Mapping[str, Mapping[str, Any]]) -> None:
        for text, doc in docs.items():
            self.add(Token.from_doc(text, doc))


def _refused(status: str, message: str) -> HubSpotError:
    error = HubSpotError(400, {"message": message, "category": "VALIDATION_ERROR"})
    error.body["status"] = status
    return error
