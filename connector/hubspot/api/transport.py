"""One call to HubSpot: budget, token, timeout, retry, and the meaning of what comes back.

The only module that imports hubspot-api-client. It keeps one of the library's API clients and its connection
pool (each ``client.crm.companies.basic_api`` builds new ones), and uses it below the typed methods: these know
the numbered paths alone, spend 150 µs a record on models, and log whole bodies at DEBUG.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import urllib3.exceptions
from hubspot import HubSpot

from connector.answers import UNREADABLE, Check, UnreadableAnswer, decoded
from connector.base import Quota
from connector.budget import Budget, Window
from connector.clock import Pace
from connector.errors import ConnectorError, Fatal, Rejected, Retryable, Throttled, Unavailable, Unsupported
from connector.http import Bounds, ForeignHostError, open_pool
from connector.http_dates import believed, http_date
from connector.hubspot.api.answers import check_of
from connector.hubspot.api.errors import TEN_SECONDLY_WAIT, TokenExpired, error_of
from connector.hubspot.api.settings import AccessToken, HubSpotSettings
from connector.hubspot.api.tokens import TokenKeeper, keeper_of
from connector.network import Network
from connector.reach import UNTRUSTED, unreached
from connector.retry import RetryPolicy

#: Names of the rolling windows.
BURST_WINDOW = "ten seconds"
SEARCH_WINDOW = "search"

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer: its JSON (None where there was none) and HubSpot's own time when it was given, as far as
    that can be right."""

    data: Any
    at: datetime
    #: What HubSpot's clock says, right or wrong.
    clock: datetime | None = None


# -- what the libraries raise --------------------------------------------------------------------------------


def _never_reached(error: BaseException) -> ConnectorError:
    found = unreached(error, _url_of(error))
    return Unavailable(
        f"HubSpot cannot be reached: {found.why if found else error}",
        code=type(error).__name__,
        remedy=found.remedy if found else None,
    )


def _url_of(error: BaseException) -> str:
    """Where the exchange was to go, as far as urllib3's error tells."""
    pool = getattr(error, "conn", None) or getattr(error, "pool", None) or getattr(error, "_conn", None)
    host, port = getattr(pool, "host", None), getattr(pool, "port", None)
    return f"https://{host}:{port}" if host and port not in (None, 443) else f"https://{host or 'HubSpot'}"


def _broke_off(error: BaseException) -> ConnectorError:
    return Unavailable(f"HubSpot did not answer: {error}", code=type(error).__name__, maybe_done=True)


def _not_trusted(error: BaseException) -> ConnectorError:
    found = unreached(error, _url_of(error))
    return Fatal(
        f"No trusted connection to HubSpot: {found.why if found else error}",
        code="TLS",
        remedy=found.remedy if found else UNTRUSTED,
    )


def _misdirected(error: BaseException) -> ConnectorError:
    return Fatal(
        f"No call could be made: {error}",
        code=type(error).__name__,
        remedy="Check base_url of this system in tandem.yaml.",
    )


def _misused(error: BaseException) -> ConnectorError:
    return Fatal(
        f"hubspot-api-client refused the call: {error}",
        code=type(error).__name__,
        remedy="Install the version of hubspot-api-client that requirements.lock names.",
    )


def _answered(error: Any) -> ConnectorError:
    if not getattr(error, "status", None):
        return _not_trusted(error)
    body = error.body if isinstance(error.body, bytes) else str(error.body or "").encode()
    return error_of(error.status, _lower(error.headers), body)


#: hubspot-api-client repeats its exceptions in each of its 60 packages without a common base, so they are
#: known by name; the most specific class that stands here decides.
_HUBSPOT_ERRORS: Mapping[str, Callable[[Any], ConnectorError]] = {
    "ApiException": _answered,
    "OpenApiException": _misused,
    # Of webhook signatures, which no call here has.
    "InvalidSignatureTimestampError": _misused,
    "InvalidSignatureVersionError": _misused,
}
_URLLIB3_ERRORS: Mapping[type[BaseException], Callable[[BaseException], ConnectorError]] = {
    ForeignHostError: _misdirected,
    urllib3.exceptions.SSLError: _not_trusted,
    urllib3.exceptions.ConnectTimeoutError: _never_reached,
    urllib3.exceptions.NewConnectionError: _never_reached,
    urllib3.exceptions.ProxyError: _never_reached,
    urllib3.exceptions.ClosedPoolError: _never_reached,
    urllib3.exceptions.EmptyPoolError: _never_reached,
    urllib3.exceptions.FullPoolError: _never_reached,
    urllib3.exceptions.LocationValueError: _misdirected,
    urllib3.exceptions.UnrewindableBodyError: _misdirected,
    urllib3.exceptions.HTTPError: _broke_off,
}


def translation_of(kind: type[BaseException]) -> Callable[[Any], ConnectorError] | None:
    """How an exception class of hubspot-api-client or urllib3 is read; None for anybody else's."""
    for base in kind.__mro__:
        if base in _URLLIB3_ERRORS:
            return _URLLIB3_ERRORS[base]
        if base.__module__.startswith("hubspot.") and base.__name__ in _HUBSPOT_ERRORS:
            return _HUBSPOT_ERRORS[base.__name__]
    return None


def translated(error: BaseException) -> ConnectorError | None:
    """What an exception of hubspot-api-client or urllib3 means; None for anything else."""
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        return translated(error.reason)
    read = translation_of(type(error))
    return None if read is None else read(error)


@contextmanager
def vendor_errors() -> Iterator[None]:
    """Let only Tandem's errors out of the block."""
    try:
        yield
    except ConnectorError:
        raise
    except Exception as error:
        ours = translated(error)
        if ours is None:
            raise
        raise ours from error


# -- calls ---------------------------------------------------------------------------------------------------


class Transport:
    """Calls to one portal. Safe to share between threads."""

    def __init__(
        self, settings: HubSpotSettings, *, pace: Pace, retry: RetryPolicy, network: Network
    ) -> None:
        self.settings = settings
        self.paths = settings.paths
        self.pace = pace
        self.budget = Budget(
            pace=pace,
            windows=(
                Window(name=BURST_WINDOW, calls=settings.burst, seconds=10.0),
                Window(name=SEARCH_WINDOW, calls=settings.searches_per_second, seconds=1.0),
            ),
            in_flight=settings.in_flight,
            quota_share=settings.quota_share,
            patience=settings.connect_timeout + settings.timeout,
            day_began=self._day_began,
        )
        self._retry = retry
        self._base = settings.base_url.rstrip("/")
        self._bounds = Bounds(connect=settings.connect_timeout, read=settings.timeout)
        library = HubSpot(host=self._base, retry=False)
        self._api = library.crm.companies.basic_api.api_client
        # No retries and no redirects by urllib3: both are decided here, where it is known what may be repeated.
        self._api.rest_client.pool_manager = open_pool(
            self._base, network, self._bounds, connections=settings.in_flight, now=pace.now
        )
        self._agent = f"tandem-sync ({self._api.user_agent})"
        self._tokens: TokenKeeper = keeper_of(settings, post_form=self._post_form, pace=pace)
        self._zone: ZoneInfo | None = None

    def read(
        self,
        path: str,
        query: Query = (),
        *,
        body: Mapping[str, Any] | None = None,
        search: bool = False,
    ) -> Answer:
        """Read a list (GET), or by a body (POST: search, batch read). A refusal is fatal: the call was wrong,
        and a 404 for all of it must never pass for records that are gone."""
        try:
            return self._call("GET" if body is None else "POST", path, query=query, body=body, search=search)
        except Rejected as error:
            refused = Unsupported(f"{path}: {error}", code=error.code, remedy=error.remedy)
            refused.system = self.settings.name
            raise refused from error

    def look_up(self, path: str, query: Query = ()) -> Answer:
        """Read one thing by its name or id. Raises ``errors.Missing`` where it is not there."""
        return self._call("GET", path, query=query)

    def token_information(self) -> Answer:
        """Which app we are, and its scopes (``app``, ``scopes``): HubSpot takes the token in a body, and does not count
        the call. An OAuth app shows its secret with it (HubSpot: token-introspect)."""
        auth = self.settings.auth
        if isinstance(auth, AccessToken):
            path = self.paths.token_information()
            told = self._call("POST", path, body={"tokenKey": self._tokens.token()}, free=True)
            return replace(told, data={"app": told.data.get("appId"), "scopes": told.data.get("scopes")})
        form = {
            "client_id": auth.client_id,
            "client_secret": auth.client_secret,
            "token": self._tokens.token(),
            "token_type_hint": "access_token",
        }

        def once() -> Answer:
            status, headers, body = self._post_form(form, self.paths.introspection())
            if not 200 <= status < 300:
                raise error_of(status, headers, body)
            data = _read(body, check_of("POST", self.paths.introspection(), None))
            told = {"app": data.get("app_id"), "scopes": data.get("scopes")}
            return self._answer(told, headers)

        return self._retry.call(once, pace=self.pace, idempotent=True)

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        """Write something that may be written twice without harm. Raises ``Rejected`` where it is refused."""
        return self._call(method, path, body=body, writes=True)

    def write_values(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Write values of records: not sent again once HubSpot may have taken them, for somebody may have edited them
        since."""
        return self._call("POST", path, body=body, idempotent=False, writes=True)

    def learn_zone(self, name: str | None) -> None:
        """The portal's time zone: its day of calls ends at midnight there (HubSpot: usage-details)."""
        try:
            self._zone = ZoneInfo(name) if name else None
        except (ZoneInfoNotFoundError, ValueError):
            self._zone = None
        known = self.budget.quota
        if known is not None:
            # The answer that told the zone told the day's numbers, too, and was read before.
            self.budget.learn(replace(known, resets_at=self.day_ends()))

    @property
    def allowance(self) -> Quota | None:
        """The day's numbers, once it is known when the day ends."""
        return self.budget.quota if self._zone is not None else None

    def day_ends(self) -> datetime:
        """The portal's next midnight, in UTC; the next midnight of UTC where its zone is not known."""
        zone = self._zone or ZoneInfo("UTC")
        tomorrow = self.pace.wall().astimezone(zone).date() + timedelta(days=1)
        return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).astimezone(UTC)

    def _day_began(self, now: datetime) -> datetime:
        """The portal's midnight before that moment; where its zone is not known, all of the last 24 hours count."""
        if self._zone is None:
            return now - timedelta(hours=24)
        midnight = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight.astimezone(UTC) - timedelta(microseconds=1)

    def close(self) -> None:
        self._api.rest_client.pool_manager.clear()

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: Mapping[str, Any] | None = None,
        search: bool = False,
        free: bool = False,
        idempotent: bool = True,
        writes: bool = False,
    ) -> Answer:
        windows = (BURST_WINDOW, SEARCH_WINDOW) if search else (BURST_WINDOW,)

        def once() -> Answer:
            try:
                spend = partial(self.budget.spend, *windows, free=free, writes=writes)
                return self._authorised(method, path, query, body, spend)
            except Throttled as error:
                # The window is shared with everybody who uses this app: all our threads wait, not only this one.
                self.budget.hold(
                    error.wait, SEARCH_WINDOW if search and error.wait < TEN_SECONDLY_WAIT else BURST_WINDOW
                )
                raise

        try:
            # All but values may be repeated: reads, and definitions by name (the second meets 409). Nothing is ever
            # created by a bare POST.
            return self._retry.call(once, pace=self.pace, idempotent=idempotent)
        except ConnectorError as error:
            error.system = self.settings.name
            if isinstance(error, Retryable) and not idempotent:
                # Whoever asks next, what became of it, waits as long as whoever sends again.
                self.budget.hold(error.wait)
            raise

    def _authorised(
        self,
        method: str,
        path: str,
        query: Query,
        body: Mapping[str, Any] | None,
        spend: Callable[[], AbstractContextManager[None]],
    ) -> Answer:
        """Each call that is sent is counted; to ask for a token is another one, and needs a place of its own."""
        token = self._tokens.token()
        try:
            with spend():
                return self._send(method, path, query, body, token)
        except TokenExpired as error:
            renewed = self._tokens.renew(token)
            if renewed is None:
                raise
            # Nothing was done, so the same call is safe once more.
            try:
                with spend():
                    return self._send(method, path, query, body, renewed)
            except TokenExpired:
                raise error from None

    def _send(
        self, method: str, path: str, query: Query, body: Mapping[str, Any] | None, token: str
    ) -> Answer:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Content-Type": "application/json",
            "User-Agent": self._agent,
        }
        status, received, raw = self._exchange(
            method, path, query_params=list(query), headers=headers, body=body
        )
        self._learn_quota(received)
        if not 200 <= status < 300:
            raise error_of(status, received, raw, day_ends=self.day_ends())
        return self._answer(_read(raw, check_of(method, path, body)), received)

    def _exchange(self, method: str, path: str, **parts: Any) -> tuple[int, Mapping[str, str], bytes]:
        with vendor_errors():
            try:
                # Unread answers are not logged by the library, and records are not to stand in a log.
                response = self._api.request(
                    method,
                    self._base + path,
                    _preload_content=False,
                    _request_timeout=(self._bounds.connect, self._bounds.read),
                    **parts,
                )
            except Exception as error:
                answered = _as_answered(error)
                if answered is None:
                    raise
                return answered
            return response.status, _lower(response.headers), response.data

    def _post_form(
        self, form: Mapping[str, str], path: str | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask for a token, or at another path about one; HubSpot does not count this call."""
        with self.budget.spend(free=True):
            return self._exchange(
                "POST",
                path or self.paths.token(),
                headers={"Content-Type": "application/x-www-form-urlencoded", "User-Agent": self._agent},
                post_params=dict(form),
            )

    def _learn_quota(self, headers: Mapping[str, str]) -> None:
        # OAuth calls and searches carry no daily numbers (HubSpot: usage-details).
        limit, left = (_number(headers.get(name)) for name in _DAILY_HEADERS)
        if limit is not None and left is not None:
            self.budget.learn(Quota(limit=limit, used=max(limit - left, 0), resets_at=self.day_ends()))
        interval, most = (_number(headers.get(name)) for name in _INTERVAL_HEADERS)
        if interval == 10_000 and most:
            # A smaller edition than the setting assumes; never more than the setting allows.
            self.budget.resize(BURST_WINDOW, min(most, self.settings.burst))

    def _answer(self, data: Any, headers: Mapping[str, str]) -> Answer:
        """HubSpot's clock, to the second; this machine's may be minutes off."""
        clock, ours = http_date(headers.get("date")), self.pace.wall()
        return Answer(data=data, at=believed(clock, ours=ours) or ours, clock=clock)


_DAILY_HEADERS = ("x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining")
_INTERVAL_HEADERS = ("x-hubspot-ratelimit-interval-milliseconds", "x-hubspot-ratelimit-max")


def _as_answered(error: Any) -> tuple[int, Mapping[str, str], bytes] | None:
    """The library raises for every status outside 2xx; give the answer itself back."""
    status, body = getattr(error, "status", None), getattr(error, "body", None)
    if not status or not type(error).__module__.startswith("hubspot."):
        return None
    return status, _lower(error.headers), body if isinstance(body, bytes) else b""


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,12}", text) else None


def _read(raw: bytes, check: Check) -> Any:
    """The body of a good answer. A page of a proxy's with status 200, an answer cut short or of another form: the work
    may be done, its result is lost."""
    try:
        body = decoded(raw) if raw else None
        check(body)
    except UnreadableAnswer as error:
        raise Unavailable(
            f"HubSpot answered with something that its API does not: {error}",
            code=UNREADABLE,
            maybe_done=True,
        ) from error
    return body
