"""One login by each of the four methods: a request that asks for an access token, and the answer read.

simple-salesforce has these logins too, but with a fixed host, without time limits, and without refresh tokens.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import jwt
import requests
from lxml import etree
from simple_salesforce.api import Salesforce

from connector.answers import UNREADABLE, UnreadableAnswer, decoded
from connector.clock import Pace
from connector.errors import AuthFailed, Unavailable, WrongIdentity
from connector.http import HttpSession
from connector.http_dates import http_date
from connector.reach import unreached
from connector.salesforce.api import errors
from connector.salesforce.api.answers import require_token
from connector.salesforce.api.login_errors import login_refusal
from connector.salesforce.api.row_ids import is_id
from connector.salesforce.api.settings import (
    ClientCredentials,
    JwtBearer,
    Password,
    RefreshToken,
    SalesforceSettings,
    audience,
)
from connector.salesforce.api.transport import is_instance_of
from connector.secrecy import register

log = logging.getLogger(__name__)

#: Is told a new refresh token before the access token that came with it is used; must not return before it is safe.
SaveRefreshToken = Callable[[str], None]

#: Seconds for which a signed assertion is good; Salesforce takes at most 300.
_ASSERTION_LIFE = 180
#: Seconds between this machine's clock and Salesforce's that explain a refused assertion.
_SKEW = 60.0
#: Codes of a login that may succeed later. The status says nothing: SOAP refuses a password with a 500.
_PASSING = frozenset({"server_error", "unknown_error", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A session with an org."""

    access_token: str = field(repr=False)
    instance_url: str
    #: 18 characters; None where the answer did not tell.
    org_id: str | None
    user_id: str | None
    #: What it may be used for; None where the answer did not tell (a log-in by password has no scopes).
    scopes: frozenset[str] | None = None


class Login:
    """Asks for tokens. Not thread-safe: the session calls it under its lock."""

    def __init__(
        self,
        settings: SalesforceSettings,
        http: requests.Session,
        pace: Pace,
        save_refresh_token: SaveRefreshToken | None,
    ) -> None:
        self._settings = settings
        self._http = http
        self._pace = pace
        self._save = save_refresh_token
        self._refresh_token = settings.auth.refresh_token if isinstance(settings.auth, RefreshToken) else None
        #: A rotated refresh token that could not be saved yet: the old one may be dead already.
        self._unsaved: str | None = None

    def token(self) -> Token:
        """One request. Raises ``AuthFailed`` with the remedy, or ``Unavailable``."""
        if self._unsaved is not None:
            self._keep(self._unsaved)
        auth = self._settings.auth
        if isinstance(auth, Password) and auth.client_id is None:
            return self._soap(auth)
        return self._oauth(self._form(auth))

    def _form(self, auth: ClientCredentials | JwtBearer | RefreshToken | Password) -> dict[str, str]:
        form: dict[str, str | None]
        if isinstance(auth, ClientCredentials):
            form = {"grant_type": "client_credentials", "client_secret": auth.client_secret}
        elif isinstance(auth, RefreshToken):
            form = {
                "grant_type": "refresh_token",
                "refresh_token": self._refresh_token,
                "client_secret": auth.client_secret,
            }
        elif isinstance(auth, JwtBearer):
            return {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": self._assertion(auth),
            }
        else:
            form = {
                "grant_type": "password",
                "client_secret": auth.client_secret,
                "username": auth.username,
                "password": auth.password + auth.security_token,
            }
        form["client_id"] = auth.client_id
        return {name: text for name, text in form.items() if text is not None}

    def _assertion(self, auth: JwtBearer) -> str:
        claims = {
            "iss": auth.client_id,
            "sub": auth.username,
            "aud": audience(auth, self._settings.login_url),
            "exp": int(self._pace.wall().timestamp()) + _ASSERTION_LIFE,
        }
        try:
            return register(jwt.encode(claims, auth.private_key, algorithm="RS256"))
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise AuthFailed(
                "the private key cannot be read", code="INVALID_KEY", remedy="Give an RSA private key in PEM."
            ) from error

    def _oauth(self, form: dict[str, str]) -> Token:
        answer = self._post("/services/oauth2/token", data=form)
        body = _json(answer)
        if answer.status_code != 200:
            raise self._refused(answer, body)
        try:
            require_token(body)
        except UnreadableAnswer as error:
            raise Unavailable(
                f"login: the answer holds no token that can be used: {error}", code=UNREADABLE
            ) from error
        rotated = body.get("refresh_token")
        if isinstance(rotated, str) and self._refresh_token is not None and rotated != self._refresh_token:
            self._keep(rotated)
        org_id, user_id = _ids(str(body.get("id") or ""))
        return Token(
            access_token=register(str(body["access_token"])),
            instance_url=str(body.get("instance_url") or self._settings.login_url).rstrip("/"),
            org_id=org_id,
            user_id=user_id,
            scopes=frozenset(str(body["scope"]).split()) if body.get("scope") else None,
        )

    def _keep(self, rotated: str) -> None:
        """Salesforce may have killed the old token by giving a new one: losing it would end the connection."""
        self._refresh_token = self._unsaved = register(rotated)
        if self._save is None:
            log.warning("%s: a new refresh token came and there is nowhere to store it", self._settings.name)
        else:
            try:
                self._save(rotated)
            except Exception as error:
                raise AuthFailed(
                    "the new refresh token could not be stored, so the old one was not let go",
                    code="REFRESH_TOKEN_NOT_SAVED",
                    remedy="See that the place of the refresh token can be written to, then run again.",
                ) from error
        self._unsaved = None

    def _refused(self, answer: requests.Response, body: object) -> AuthFailed | Unavailable:
        faults = errors.faults_in(body)
        if not faults:
            return _unreadable(answer)
        code, message = faults[0].code, faults[0].message
        if code in _PASSING:
            return Unavailable(f"login: {message}", code=code, wait=30.0)
        known = login_refusal(code, message)
        remedy = known.remedy if known is not None else None
        if known is not None and known.wait is not None:
            return Unavailable(f"login: {known.what} ({message})", code=code, remedy=remedy, wait=known.wait)
        if code == "invalid_grant" and isinstance(self._settings.auth, JwtBearer):
            remedy = self._skew(answer) or remedy
        told = (
            f"login refused: {known.what} ({message})" if known is not None else f"login refused: {message}"
        )
        return AuthFailed(
            told,
            code=code,
            remedy=remedy or "Check the credentials of this system in tandem.yaml.",
        )

    def _skew(self, answer: requests.Response) -> str | None:
        theirs = http_date(answer.headers.get("Date"))
        if theirs is None:
            return None
        seconds = (self._pace.wall() - theirs).total_seconds()
        if abs(seconds) < _SKEW:
            return None
        return (
            f"This machine's clock is {_minutes(seconds)} {'ahead of' if seconds > 0 else 'behind'} Salesforce's "
            f"({_clock(theirs)} UTC there); set it right, e.g. `timedatectl set-ntp true`."
        )

    def _soap(self, auth: Password) -> Token:
        answer = self._post(
            f"/services/Soap/u/{self._settings.api_version}",
            data=_SOAP_LOGIN.format(
                client=errors.CLIENT,
                username=escape(auth.username),
                password=escape(auth.password + auth.security_token),
            ).encode(),
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
        )
        texts = _soap_texts(answer)
        if answer.status_code != 200 or not texts.get("sessionId") or not texts.get("serverUrl"):
            code = texts.get("exceptionCode") or texts.get("faultcode", "").removeprefix("sf:")
            message = texts.get("exceptionMessage") or texts.get("faultstring") or code
            raise self._refused(answer, {"errorCode": code, "message": message} if code else None)
        if texts.get("passwordExpired") == "true":
            raise self._refused(
                answer, {"errorCode": "EXPIRED_PASSWORD", "message": "the password has expired"}
            )
        session, server = texts["sessionId"], _place_of(texts["serverUrl"])
        if not re.fullmatch(r"[\x21-\x7e]{1,8192}", session) or server is None:
            raise _unreadable(answer)
        return Token(
            access_token=register(session),
            instance_url=server,
            org_id=_id_in(texts.get("organizationId")),
            user_id=_id_in(texts.get("userId")),
        )

    def _post(self, path: str, **request: Any) -> requests.Response:
        url = self._settings.login_url.rstrip("/") + path
        try:
            # A redirect would carry the secrets of the form to another host.
            answer = self._http.post(url, allow_redirects=False, **request)
        except requests.RequestException as error:
            found = unreached(error, url)
            raise Unavailable(
                f"login: {urlsplit(url).hostname} cannot be reached: {found.why if found else type(error).__name__}",
                remedy=found.remedy if found else "Check login_url, the network and the proxy.",
            ) from error
        if 300 <= answer.status_code < 400:
            raise AuthFailed(
                f"login: {urlsplit(url).hostname} points to {answer.headers.get('Location', 'nowhere')}",
                code=str(answer.status_code),
                remedy="Set login_url to the address that it points to.",
            )
        return answer


_SOAP_LOGIN = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:partner.soap.sforce.com">'
    "<e:Header><u:CallOptions><u:client>{client}</u:client></u:CallOptions></e:Header>"
    "<e:Body><u:login><u:username>{username}</u:username><u:password>{password}</u:password></u:login></e:Body>"
    "</e:Envelope>"
)


def _json(answer: requests.Response) -> Any:
    try:
        return decoded(answer.content)
    except UnreadableAnswer:
        return None


def _unreadable(answer: requests.Response) -> Unavailable:
    error = errors.error_from(max(answer.status_code, 500), answer.text)
    return Unavailable(f"login: {error}", code=str(answer.status_code))


def _soap_texts(answer: requests.Response) -> dict[str, str]:
    """Texts of an answer's elements by their local names; the first of each counts."""
    try:
        root = etree.fromstring(answer.content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return {}
    texts: dict[str, str] = {}
    for element in root.iter():
        if isinstance(element.tag, str) and element.text:
            texts.setdefault(etree.QName(element).localname, element.text.strip())
    return texts


def _place_of(url: str) -> str | None:
    """Scheme, host and port of an address; None where it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def _id_in(text: str | None) -> str | None:
    return errors.to_18(text) if text is not None and is_id(text) else None


def _ids(identity_url: str) -> tuple[str | None, str | None]:
    """Org and user out of a token's identity URL, https://login…/id/00D…/005…"""
    parts = urlsplit(identity_url).path.strip("/").split("/")
    if len(parts) == 3 and parts[0] == "id" and is_id(parts[1]) and is_id(parts[2]):
        return errors.to_18(parts[1]), errors.to_18(parts[2])
    return None, None


def _minutes(seconds: float) -> str:
    minutes = round(abs(seconds) / 60)
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


#: Scopes of which the API takes either (Salesforce Help: "OAuth Tokens and Scopes").
_API_SCOPES = frozenset({"api", "full"})


def check(token: Token, settings: SalesforceSettings, http: HttpSession) -> None:
    """Let the session reach the token's instance; ``AuthFailed`` or ``WrongIdentity`` for one that must not be used."""
    if token.scopes is not None and not token.scopes & _API_SCOPES:
        raise AuthFailed(
            "the token may not use the API: the scope api is missing "
            f"(held: {', '.join(sorted(token.scopes)) or 'none'})",
            code="MISSING_SCOPE",
            remedy="Add “Manage user data via APIs (api)” to the app's OAuth scopes in Setup, App Manager.",
        )
    expected = settings.expect_org_id
    if expected is not None and token.org_id is not None and token.org_id != errors.to_18(expected):
        raise WrongIdentity(
            f"these credentials belong to org {token.org_id}, not to {errors.to_18(expected)}",
            remedy="Correct the credentials, or expect_org_id, in tandem.yaml.",
        )
    if not is_instance_of(settings.login_url, token.instance_url):
        raise AuthFailed(
            f"the login names {token.instance_url}, where a token must not be sent: "
            "it is another's host, or unencrypted",
            remedy="Set login_url to the org's own domain (https://….my.salesforce.com).",
        )
    http.allow(token.instance_url)


def is_csv(response: requests.Response) -> bool:
    """Whether an answer says of itself that it is a CSV."""
    return str(response.headers.get("Content-Type", "")).startswith("text/csv")


class _Client(Salesforce):
    """simple-salesforce, which reads bodies as we do."""

    def parse_result_to_json(self, result: requests.Response) -> Any:
        """The body. Raises ``UnreadableAnswer``; a CSV, and nothing at all, are left to whoever asked."""
        if not result.content.strip() or is_csv(result):
            return {}
        found = decoded(result.content)
        if not isinstance(found, dict | list):
            raise UnreadableAnswer("it is neither an object nor a list")
        return found


def client_of(token: Token, settings: SalesforceSettings, http: requests.Session) -> Salesforce:
    """The client that speaks with this token."""
    client = _Client(
        session_id=token.access_token,
        instance_url=token.instance_url,
        version=settings.api_version,
        session=http,
        # None lets the fast JSON decoder do its work.
        object_pairs_hook=None,
    )
    client.headers["Sforce-Call-Options"] = f"client={errors.CLIENT}"
    client.headers.pop("X-PrettyPrint", None)
    return client
