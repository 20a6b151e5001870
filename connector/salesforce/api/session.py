"""A session with one org: who we are, one call at a time, through simple-salesforce.

simple-salesforce is given a session id and never credentials, so that it does not log in by itself: its own
refresh drops the caller's headers on the second try and can recurse without end. What a 401 means, when to
refresh and when to stop is decided here, once for all threads.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError
from urllib3.exceptions import NewConnectionError

from connector.answers import UNREADABLE, UnreadableAnswer
from connector.budget import Budget
from connector.clock import Pace
from connector.endings import Pages, wait_asked
from connector.errors import AuthFailed, ConnectorError, Retryable, Throttled, Unavailable, WrongIdentity
from connector.http import EndlessAnswerError, ForeignHostError, PlainHttpRefusedError
from connector.http_dates import believed, http_date
from connector.network import Network
from connector.reach import UNTRUSTED, unreached
from connector.retry import RetryPolicy
from connector.salesforce.api import errors
from connector.salesforce.api.answers import Columns, Request, pages_in, require_answer
from connector.salesforce.api.login import Login, SaveRefreshToken, Token, check, client_of, is_csv
from connector.salesforce.api.metadata_api import metadata_api, metadata_error
from connector.salesforce.api.settings import SalesforceSettings
from connector.salesforce.api.transport import open_session

log = logging.getLogger(__name__)

E = TypeVar("E", bound=ConnectorError)
T = TypeVar("T")
Judge = Callable[[Any], None]

#: Seconds for which a refused login stands for everybody: threads that all met a 401 must not each try again.
_REFUSAL_STANDS = 60.0
#: Salesforce: Composite resource, "up to 25 subrequests, of which 5 may be collections or queries".
COMPOSITE_LIMIT = 5
#: Further pages that are remembered at most.
_PAGES_KNOWN = 1000
_CSV = {"Content-Type": "text/csv; charset=UTF-8", "Accept": "text/csv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    #: The server's time when it answered; None where no ``Date`` header came.
    at: datetime | None
    #: The server's time at sending, never too late: ``Date`` is cut to seconds, and the answer took its time. None
    #: where it is not known, or cannot be right.
    sent: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    token: Token
    client: Salesforce


class _SessionEndedError(Exception):
    """401: the token is no longer good."""


class Session:
    """Calls to one org. Thread-safe."""

    def __init__(
        self,
        settings: SalesforceSettings,
        *,
        pace: Pace,
        budget: Budget,
        policy: RetryPolicy,
        save_refresh_token: SaveRefreshToken | None = None,
        network: Network,
    ) -> None:
        self.settings = settings
        self.pace = pace
        self.budget = budget
        self.policy = policy
        self._http = open_session(settings, network, pace.now)
        self._http.hooks["response"] = [self._keep]
        self._login = Login(settings, self._http, pace, save_refresh_token)
        self._lock = threading.Lock()
        self._live: _Live | None = None
        self._refusal: tuple[AuthFailed | WrongIdentity, float] | None = None
        #: simple-salesforce hands out bodies without headers; each thread finds its last answer here.
        self._last = threading.local()
        #: Where further pages of queries are -> what their rows hold.
        self._columns: dict[str, Columns] = {}

    @property
    def token(self) -> Token:
        """The session in force; logs in if there is none, as often as the retry policy allows."""
        live = self._live
        if live is None:
            live = self._with_policy(lambda: self._renew(None), idempotent=True)
        return live.token

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        idempotent: bool = True,
        rows: bool = False,
        judge: Judge | None = None,
        csv: bool = False,
        writes: bool | None = None,
    ) -> Answer:
        """One API call below ``/services/data/vNN.N/``, repeated as the retry policy allows.

        ``rows``: the caller understands a collection's rows, which are an answer whatever the status says.
        ``judge``: sees the body of a good answer, and raises where it holds an error to be dealt with as such.
        ``csv``: the body, and what answers a GET, is such a text and no JSON. ``writes``: it changes something, as all
        but a GET does unless told.
        """
        changes = method != "GET" if writes is None else writes
        if body is None or (csv and isinstance(body, str)):
            data = None if body is None else body.encode()
        else:
            data = json.dumps(body, separators=(",", ":")).encode()
        return self._with_policy(
            lambda: self._once(
                method, path, params, data, body, rows=rows, judge=judge, csv=csv, writes=changes
            ),
            idempotent=idempotent,
        )

    def _with_policy(self, work: Callable[[], T], *, idempotent: bool) -> T:
        try:
            return self.policy.call(work, pace=self.pace, idempotent=idempotent, observe=self._observe)
        except ConnectorError as error:
            if isinstance(error, Retryable) and not idempotent:
                # Whoever asks next, what became of it, waits as long as whoever sends again.
                self.budget.hold(error.wait)
            raise self.named(error) from error.__cause__

    def query(self, soql: str, *, deleted: bool = False) -> Answer:
        """The first page of a query. ``deleted``: with rows that were deleted or merged away."""
        return self.call("GET", "queryAll" if deleted else "query", params={"q": soql})

    def page(self, next_url: str) -> Answer:
        """A further page, by the address that the page before it named."""
        return self.call("GET", self._below(next_url))

    def everything(self, soql: str, *, path: str = "query") -> list[dict[str, Any]]:
        """All rows of a query that is known to be small."""
        answer = self.call("GET", path, params={"q": soql})
        return self.rest_of(answer.body)

    def rest_of(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of a query's first page and of all that follow it."""
        found = list(body["records"])
        pages = Pages("a query")
        while not body["done"]:
            body = self.page(pages.go_on(body["nextRecordsUrl"])).body
            found += body["records"]
        return found

    def composite(
        self, parts: Sequence[Mapping[str, Any]], *, judge: Judge, idempotent: bool = True
    ) -> tuple[list[tuple[int, Any]], Answer]:
        """Several requests (``method``, ``path``, ``body``, ``httpHeaders``) as one API call; status and body of each,
        in order. ``judge`` decides which failures of parts fail the call: :func:`errors.any_failed`,
        :func:`errors.all_down`."""
        answer = self.call(
            "POST",
            "composite",
            body={
                "allOrNone": False,
                "compositeRequest": [
                    {
                        "method": part["method"],
                        "url": f"/services/data/v{self.settings.api_version}/{part['path']}",
                        "referenceId": f"part{number}",
                        **{name: part[name] for name in ("body", "httpHeaders") if name in part},
                    }
                    for number, part in enumerate(parts)
                ],
            },
            idempotent=idempotent,
            judge=judge,
            writes=any(part["method"] != "GET" for part in parts),
        )
        return errors.sub_answers(answer.body), answer

    def named(self, error: E) -> E:
        """The error, with the System's name on it."""
        error.system = self.settings.name
        return error

    def metadata(self, work: Callable[[Any], T], *, writes: bool = True) -> T:
        """One call of the Metadata API through simple-salesforce's ``mdapi``, which ``work`` is given. It may be
        repeated, so it must do no harm when it is."""
        return self._with_policy(lambda: self._metadata_once(work, writes=writes), idempotent=True)

    def _metadata_once(self, work: Callable[[Any], T], *, writes: bool) -> T:
        live = self._live
        if live is None:
            live = self._renew(None)
        try:
            return self._ask_metadata(live, work, writes=writes)
        except _SessionEndedError:
            live = self._renew(live)
            try:
                return self._ask_metadata(live, work, writes=writes)
            except _SessionEndedError as ended:
                raise AuthFailed(str(ended), code=errors.SESSION_LOST) from ended

    def _ask_metadata(self, live: _Live, work: Callable[[Any], T], *, writes: bool) -> T:
        with self.budget.spend(writes=writes):
            try:
                return work(metadata_api(live.client, self._http))
            except requests.RequestException as error:
                raise _lost(error, "the Metadata API") from error
            except Exception as error:
                raised = metadata_error(error)
                if raised is None:
                    raise
                if raised.code == errors.SESSION_LOST:
                    raise _SessionEndedError(str(raised)) from error
                raise raised from error

    def versions(self) -> tuple[str, ...]:
        """The API versions that the org answers to, the newest last; nothing where it does not say. No API call."""
        try:
            answer = self._http.get(f"{self.token.instance_url}/services/data", allow_redirects=False)
            return tuple(str(one["version"]) for one in answer.json())
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return ()

    def close(self) -> None:
        """Release connections; the token stays good for a later session."""
        self._http.close()

    # -- one try ---------------------------------------------------------------------------------------------

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        data: bytes | None,
        asked: object,
        *,
        rows: bool,
        judge: Judge | None,
        csv: bool,
        writes: bool,
    ) -> Answer:
        """One try, which is two requests where the session had ended."""
        live = self._live
        if live is None:
            live = self._renew(None)
        try:
            answer = self._request(live, method, path, params, data, rows=rows, csv=csv, writes=writes)
        except _SessionEndedError:
            live = self._renew(live)
            try:
                answer = self._request(live, method, path, params, data, rows=rows, csv=csv, writes=writes)
            except _SessionEndedError as ended:
                raise AuthFailed(
                    f"the session was refused again right after a new login: {ended}",
                    code=errors.SESSION_LOST,
                    remedy="See in the org's login history why its sessions end, then run `tandem doctor`.",
                ) from ended
        self._require(Request(method=method, path=path, body=asked, soql=(params or {}).get("q", "")), answer)
        if judge is not None:
            judge(answer.body)
        return answer

    def _require(self, request: Request, answer: Answer) -> None:
        """Raise ``Unavailable`` for an answer that is not in the form of its route; the work may have been done."""
        request = replace(request, columns=self._columns.get(request.path))
        try:
            require_answer(request, answer.body)
        except UnreadableAnswer as error:
            raise _unreadable(error) from error
        if len(self._columns) > _PAGES_KNOWN:
            self._columns.clear()
        self._columns.update(pages_in(request, answer.body))

    def _request(
        self,
        live: _Live,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        data: bytes | None,
        *,
        rows: bool,
        csv: bool,
        writes: bool,
    ) -> Answer:
        with self.budget.spend(writes=writes):
            began = self.pace.now()
            error = self._send(live.client, method, path, params, data, csv=csv)
            took = max(self.pace.now() - began, 0.0)
        response: requests.Response = self._last.response
        quota = errors.quota_from(response.headers.get("Sforce-Limit-Info"))
        if quota is not None:
            self.budget.learn(quota)
        body = error.content if error is not None else self._last.body
        if error is None or (rows and errors.rows_in(body) is not None):
            at = http_date(response.headers.get("Date"))
            sent = believed(at, ours=self.pace.wall())
            return Answer(
                status=response.status_code,
                body=body,
                at=at,
                sent=None if sent is None else sent - timedelta(seconds=took),
            )
        raised = errors.error_from(response.status_code, body)
        if response.status_code == 401:
            raise _SessionEndedError(str(raised))
        if isinstance(raised, Retryable):
            headers = response.headers
            asked = wait_asked(headers.get("Retry-After"), date=headers.get("Date"))
            raised.wait = max(raised.wait, asked or 0.0)
        raise raised

    def _send(
        self,
        client: Salesforce,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        data: bytes | None,
        *,
        csv: bool,
    ) -> SalesforceError | None:
        """Send through simple-salesforce; the answer stands in ``self._last``. Returns its error, if it made one."""
        self._last.response = None
        try:
            self._last.body = client.restful(
                path,
                params=None if params is None else dict(params),
                method=method,
                data=data,
                **({"headers": _CSV} if csv else {}),
                # A redirect would carry the token to another host; with this, simple-salesforce makes it an error.
                allow_redirects=False,
            )
        except SalesforceError as error:
            return error
        except UnreadableAnswer as error:
            raise _unreadable(error) from error
        except requests.RequestException as error:
            raise _lost(error, path) from error
        if csv and self._last.response is not None and is_csv(self._last.response):
            try:
                self._last.body = self._last.response.content.decode("utf-8-sig").replace("\0", "\ufffd")
            except UnicodeDecodeError as error:
                raise _unreadable(UnreadableAnswer("it is not UTF-8")) from error
        return None

    def _keep(self, response: requests.Response, *_: object, **__: object) -> None:
        self._last.response = response

    def _observe(self, tries: int, error: Retryable, seconds: float) -> None:
        if isinstance(error, Throttled):
            # Too many at once: nobody else should try in the meantime either.
            self.budget.hold(seconds)
        log.info(
            "%s: try %d failed (%s); next in %.1f s",
            self.settings.name,
            tries,
            error.code or type(error).__name__,
            seconds,
        )

    # -- login -----------------------------------------------------------------------------------------------

    def _renew(self, stale: _Live | None) -> _Live:
        """The session that replaces ``stale``: made by the first thread that asks, shared by all others."""
        with self._lock:
            if self._live is not None and self._live is not stale:
                return self._live
            if self._refusal is not None:
                refusal, at = self._refusal
                if self.pace.now() - at < _REFUSAL_STANDS:
                    raise type(refusal)(str(refusal), code=refusal.code, remedy=refusal.remedy)
            try:
                with self.budget.spend(free=True):
                    token = self._login.token()
                check(token, self.settings, self._http)
            except (AuthFailed, WrongIdentity) as refusal:
                self._refusal = (self.named(refusal), self.pace.now())
                raise
            self._refusal = None
            self._live = _Live(token=token, client=client_of(token, self.settings, self._http))
            return self._live

    def _below(self, url: str) -> str:
        """A path of the API as ``restful`` wants it: without host, root and version."""
        return urlsplit(url).path.split("/", 4)[4]


def _unreadable(error: UnreadableAnswer) -> Unavailable:
    """Such as a page of a proxy's with status 200."""
    message = f"Salesforce answered with something that its API does not: {error}"
    return Unavailable(message, code=UNREADABLE, maybe_done=True)


def _lost(error: requests.RequestException, path: str) -> Unavailable:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    never_sent = isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(
        reason, NewConnectionError
    )
    secure = isinstance(error, requests.exceptions.SSLError)
    refused = isinstance(error, ForeignHostError | PlainHttpRefusedError)
    why = str(error) if refused or isinstance(error, EndlessAnswerError) else type(error).__name__
    found = None if refused else unreached(error, str(error.request.url) if error.request else path)
    return Unavailable(
        f"no answer to {path.partition('?')[0]} ({found.why if found else why})",
        code=type(error).__name__,
        remedy=found.remedy if found else UNTRUSTED if secure else None,
        maybe_done=not (never_sent or secure or refused),
    )
