"""Logins: connected apps, access tokens that die when unused, refresh tokens, registered public keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import jwt
from cryptography.x509 import load_pem_x509_certificate

from emulator.salesforce.parts import Home

_SESSION = "session"
_REFRESH = "refresh"
_APP = "app"
#: seconds that a JWT's ``exp`` may lie ahead of the server's clock (Salesforce: OAuth 2.0 JWT bearer flow)
JWT_WINDOW = 300
#: what stands in front of a password's security token; the emulator takes any password that is not this
WRONG_PASSWORD = "wrong"


class LoginRefused(Exception):
    """The token endpoint says no: ``error`` and ``error_description`` of its body."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectedApp:
    """A client that may ask for tokens."""

    client_id: str
    client_secret: str
    run_as: str
    #: PEM public keys or certificates that may sign its JWTs
    keys: tuple[str, ...] = ()
    #: what its tokens may be used for, as a token answer tells it
    scope: str = "api refresh_token"


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One access token's session."""

    user_id: str
    client_id: str
    used_at: str
    revoked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What a login gives."""

    access_token: str
    user_id: str
    issued_at: datetime
    scope: str
    refresh_token: str | None = None


class Sessions:
    """Every login of one org, kept in the state file."""

    def __init__(self, org: Home) -> None:
        self._org = org
        self._apps: dict[str, ConnectedApp] = {}
        self._sessions: dict[str, Session] = {}
        self._refresh: dict[str, Session] = {}

    def reload(self) -> None:
        """Read everything from the state file."""
        state = self._org.state
        self._apps = {
            key: ConnectedApp(**{**doc, "keys": tuple(doc["keys"])}) for key, doc in state.load(_APP).items()
        }
        self._sessions = {key: Session(**doc) for key, doc in state.load(_SESSION).items()}
        self._refresh = {key: Session(**doc) for key, doc in state.load(_REFRESH).items()}

    # -- apps ------------------------------------------------------------------------------------------------------

    def register(
        self, *, client_id: str, client_secret: str, run_as: str, keys: tuple[str, ...] = (), **more: str
    ) -> ConnectedApp:
        """Let a connected app in, or replace the one of that id; ``more``: its ``scope``."""
        app = ConnectedApp(client_id=client_id, client_secret=client_secret, run_as=run_as, keys=keys, **more)
        self._apps[client_id] = app
        self._org.state.put(_APP, client_id, asdict(app))
        return app

    def add_key(self, client_id: str, pem: str) -> ConnectedApp:
        """Register a public key (PEM) for an app's JWTs; an unknown app is let in without a secret."""
        app = self._apps.get(client_id) or ConnectedApp(client_id=client_id, client_secret="", run_as="")
        made = replace(app, keys=(*app.keys, pem))
        self._apps[client_id] = made
        self._org.state.put(_APP, client_id, asdict(made))
        return made

    def app(self, client_id: str, client_secret: str | None = None) -> ConnectedApp:
        """Return the app of these credentials. Raises LoginRefused."""
        app = self._apps.get(client_id)
        if app is None:
            raise LoginRefused("invalid_client_id", "client identifier invalid")
        if client_secret is not None and not hmac.compare_digest(app.client_secret, client_secret):
            raise LoginRefused("invalid_client", "invalid client credentials")
        return app

    # -- logins ----------------------------------------------------------------------------------------------------

    def by_client_credentials(self, client_id: str, client_secret: str) -> Grant:
        """Log the app's execution user in. Raises LoginRefused."""
        app = self.app(client_id, client_secret)
        user = self._active(app.run_as, "invalid_grant", "no client credentials user enabled")
        return self._open(user, app)

    def by_password(self, client_id: str, client_secret: str, username: str, password: str) -> Grant:
        """Log a user in by name; any password but an empty one or ``wrong…`` is right. Raises LoginRefused."""
        app = self.app(client_id, client_secret)
        return self._open(self.check_password(username, password), app)

    def check_password(self, username: str, password: str) -> str:
        """Return the user id of a username and password. Raises LoginRefused."""
        user = self._active(username, "invalid_grant", "authentication failure")
        if not password or password.startswith(WRONG_PASSWORD):
            raise LoginRefused("invalid_grant", "authentication failure")
        return user

    def by_jwt(self, assertion: str, audiences: tuple[str, ...]) -> Grant:
        """Log the user in whom a signed assertion names. Raises LoginRefused."""
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise LoginRefused("invalid_grant", "invalid assertion") from error
        app = self.app(str(claims.get("iss", "")))
        if not any(_signed_by(assertion, key) for key in app.keys):
            raise LoginRefused("invalid_grant", "invalid assertion")
        now = self._org.clock.now().timestamp()
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or not now < expires <= now + JWT_WINDOW:
            raise LoginRefused("invalid_grant", "assertion is expired")
        named = claims.get("aud")
        if not set([named] if isinstance(named, str) else named or []) & set(audiences):
            raise LoginRefused("invalid_grant", "audience is invalid")
        user = self._active(str(claims.get("sub", "")), "invalid_grant", "user hasn't approved this consumer")
        return self._open(user, app)

    def by_refresh_token(
        self, client_id: str, client_secret: str | None, token: str, *, rotate: bool = False
    ) -> Grant:
        """Give a new access token for a refresh token, and with rotation a new refresh token. Raises LoginRefused."""
        app = self.app(client_id, client_secret)
        held = self._refresh.get(token)
        if held is None or held.revoked or held.client_id != app.client_id:
            raise LoginRefused("invalid_grant", "expired access/refresh token")
        if not self._org.user(held.user_id).get("IsActive"):
            raise LoginRefused("invalid_grant", "inactive user")
        grant = self._open(held.user_id, app)
        if not (rotate or self._org.settings.rotate_refresh_tokens):
            return grant
        self.revoke(token)
        return replace(grant, refresh_token=self.issue_refresh_token(client_id, held.user_id))

    def issue_refresh_token(self, client_id: str, user_id: str) -> str:
        """Return a refresh token as the browser flow would have given it to the app for this user."""
        token = "5Aep" + secrets.token_urlsafe(48)
        session = Session(user_id=user_id, client_id=client_id, used_at=self._org.now())
        self._refresh[token] = session
        self._org.state.put(_REFRESH, token, asdict(session))
        return token

    def open(self, user_id: str, client_id: str = "") -> str:
        """Open a session for a user and return its access token: for SOAP's login and for tests."""
        token = f"{self._org.id[:15]}!AQ{secrets.token_urlsafe(60)}"
        session = Session(user_id=user_id, client_id=client_id, used_at=self._org.clock.now().isoformat())
        self._keep(token, session)
        return token

    # -- sessions --------------------------------------------------------------------------------------------------

    def user_of(self, token: str) -> str | None:
        """Return the user of a living access token, and note its use; None for a dead or unknown one."""
        session = self._sessions.get(token)
        if session is None or session.revoked:
            return None
        now = self._org.clock.now()
        unused = now - datetime.fromisoformat(session.used_at)
        lifetime = timedelta(seconds=self._org.settings.session_seconds)
        user = self._org.store.get("User", session.user_id)
        if unused >= lifetime or user is None or not user.get("IsActive"):
            return None
        # A use counts only once half of the lifetime is over (Salesforce: session timeout).
        if unused > lifetime / 2:
            self._keep(token, replace(session, used_at=now.isoformat()))
        return session.user_id

    def revoke(self, token: str) -> bool:
        """Kill an access or refresh token; False when there is none."""
        if (session := self._sessions.get(token)) is not None:
            self._keep(token, replace(session, revoked=True))
            return True
        if (held := self._refresh.get(token)) is not None:
            self._refresh[token] = replace(held, revoked=True)
            self._org.state.put(_REFRESH, token, asdict(self._refresh[token]))
            return True
        return False

    def revoke_all(self) -> int:
        """Kill every access token; refresh tokens live on. Returns how many."""
        living = [token for token, session in self._sessions.items() if not session.revoked]
        for token in living:
            self.revoke(token)
        return len(living)

    def _open(self, user_id: str, app: ConnectedApp) -> Grant:
        return Grant(
            access_token=self.open(user_id, app.client_id),
            user_id=user_id,
            issued_at=self._org.clock.now(),
            scope=app.scope,
        )

    def _active(self, username: str, error: str, unknown: str) -> str:
        user = self._org.find_user(username)
        if user is None:
            raise LoginRefused(error, unknown)
        if not user.get("IsActive"):
            raise LoginRefused(error, "inactive user")
        return str(user["Id"])

    def _keep(self, token: str, session: Session) -> None:
        self._sessions[token] = session
        self._org.state.put(_SESSION, token, asdict(session))


def signature(secret: str, identity: str, issued_at: str) -> str:
    """Return the ``signature`` of a token answer: over identity URL and issue time, with the client's secret."""
    digest = hmac.new(secret.encode(), f"{identity}{issued_at}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _signed_by(assertion: str, pem: str) -> bool:
    try:
        key: object = pem
        if "CERTIFICATE" in pem:
            key = load_pem_x509_certificate(pem.encode()).public_key()
        options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
        jwt.decode(assertion, key=key, algorithms=["RS256"], options=options)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        return False
    return True
