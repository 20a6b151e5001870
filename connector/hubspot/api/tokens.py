"""The access token that each call carries: a private app's own, or an OAuth app's, renewed before it runs out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from connector.answers import UNREADABLE, UnreadableAnswer, decoded
from connector.clock import Pace
from connector.errors import Unavailable
from connector.hubspot.api.answers import require_token
from connector.hubspot.api.errors import token_error_of
from connector.hubspot.api.settings import AccessToken, HubSpotSettings, RefreshToken
from connector.secrecy import register

#: Seconds before the end at which a token is no longer used: a call must not outlive it on its way.
_MARGIN = 120.0
#: HubSpot's usual lifetime of an access token, where an answer does not say (HubSpot: oauth-guide).
_USUAL_LIFE = 1800.0

#: Posts a form to the token address; gives status, headers (lower case) and body.
PostForm = Callable[[Mapping[str, str]], tuple[int, Mapping[str, str], bytes]]


class TokenKeeper(Protocol):
    """Where the token comes from."""

    def token(self) -> str:
        """A token that is good for the next call."""
        ...

    def renew(self, refused: str) -> str | None:
        """A newer token than the one that HubSpot said had expired; None where there is no other."""
        ...


class FixedToken:
    """A private app's token or a service key: there is no other."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def renew(self, refused: str) -> str | None:
        return None


class RefreshedToken:
    """An OAuth app's token, renewed by the clock.

    HubSpot says that a 401 is no sign that a new token is needed (HubSpot: usage-details), so the clock decides
    and a refusal for age only corrects it. Many threads ask; one of them renews while the others wait for it.
    """

    def __init__(self, auth: RefreshToken, *, post_form: PostForm, pace: Pace) -> None:
        self._auth = auth
        self._refresh_token = auth.refresh_token
        self._post_form = post_form
        self._pace = pace
        self._lock = threading.Lock()
        self._token: str | None = None
        self._good_until = 0.0

    def token(self) -> str:
        with self._lock:
            if self._token is None or self._pace.now() >= self._good_until:
                return self._fetch()
            return self._token

    def renew(self, refused: str) -> str | None:
        with self._lock:
            # Another thread may have met the same refusal a moment earlier.
            if self._token is not None and self._token != refused:
                return self._token
            return self._fetch()

    def _fetch(self) -> str:
        began = self._pace.now()
        status, headers, body = self._post_form(
            {
                "grant_type": "refresh_token",
                "client_id": self._auth.client_id,
                "client_secret": self._auth.client_secret,
                "refresh_token": self._refresh_token,
            }
        )
        if status != 200:
            raise token_error_of(status, headers, body)
        answer = _issued(body)
        life = float(answer.get("expires_in") or _USUAL_LIFE)
        # A very short life still leaves half of it for use, or every call would ask for a token of its own.
        self._good_until = began + max(life - _MARGIN, life / 2)
        self._token = register(str(answer["access_token"]))
        # Usually the same one; HubSpot keeps the old one valid, so nothing is lost where this process ends.
        self._refresh_token = register(str(answer.get("refresh_token") or self._refresh_token))
        return self._token


def _issued(body: bytes) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = decoded(body)
        require_token(answer)
    except UnreadableAnswer as error:
        raise Unavailable(
            f"HubSpot's token address answered with something that is no token: {error}", code=UNREADABLE
        ) from error
    return answer


def keeper_of(settings: HubSpotSettings, *, post_form: PostForm, pace: Pace) -> TokenKeeper:
    """The keeper that the settings ask for."""
    if isinstance(settings.auth, AccessToken):
        return FixedToken(settings.auth.access_token)
    return RefreshedToken(settings.auth, post_form=post_form, pace=pace)
