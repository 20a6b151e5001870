"""Logging in, staying logged in, and telling passing faults from lasting ones."""

import io
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import jwt
import pytest
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests import PreparedRequest
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from connector.budget import Budget
from connector.errors import AuthFailed, QuotaSpent, Throttled, Unavailable, Unsupported, WrongIdentity
from connector.network import Network
from connector.retry import RetryPolicy
from connector.salesforce import JwtBearer, Password, RefreshToken, SalesforceSettings, connect
from connector.salesforce.api.session import _lost
from connector.salesforce.api.settings import audience
from connector.salesforce.api.transport import is_instance_of, open_session
from tests.connector.salesforce.org import ORG_ID, URL, USER_ID, Org, Reply

EXPIRED: Reply = (401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
STAGES: Reply = (200, {"totalSize": 0, "done": True, "records": []})


def bearer(request: PreparedRequest) -> str:
    return str(request.headers["Authorization"])


# -- the four methods --------------------------------------------------------------------------------------


def test_client_credentials_ask_for_a_token_and_use_it(org: Org) -> None:
    org.on("GET", "/query", STAGES)
    org.connect().stages()
    assert org.logins == [{"grant_type": "client_credentials", "client_id": "app", "client_secret": "hush"}]
    assert bearer(org.requests[0]) == "Bearer token-1"


def test_every_call_says_that_it_is_tandem_and_asks_for_no_pretty_printing(org: Org) -> None:
    org.on("GET", "/query", STAGES)
    org.connect().stages()
    assert org.requests[0].headers["Sforce-Call-Options"] == "client=Tandem"
    assert "X-PrettyPrint" not in org.requests[0].headers


def test_a_login_is_no_api_call(org: Org) -> None:
    org.on("GET", "/query", STAGES)
    connector = org.connect()
    connector.stages()
    assert connector.calls == 1


def test_a_signed_assertion_is_short_lived_and_names_the_login_host(org: Org) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    org.on("GET", "/query", STAGES)
    org.connect(JwtBearer(client_id="app", username="jo@acme.com", private_key=pem)).stages()
    claims = jwt.decode(
        org.logins[0]["assertion"],
        key.public_key(),
        algorithms=["RS256"],
        audience=URL,
        options={"verify_exp": False},
    )
    assert claims["iss"] == "app"
    assert claims["sub"] == "jo@acme.com"
    assert claims["exp"] == int(org.present.timestamp()) + 180


@pytest.mark.parametrize(
    ("login_url", "wanted"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com/", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        (URL, URL),
    ],
)
def test_an_assertion_is_meant_for_one_of_salesforces_two_login_hosts(login_url: str, wanted: str) -> None:
    auth = JwtBearer(client_id="app", username="jo", private_key="k")
    assert audience(auth, login_url) == wanted


def test_a_clock_that_is_off_is_named_as_the_cause_of_a_refused_assertion(org: Org) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    org.ahead = timedelta(minutes=6)
    org.login(lambda _: (400, {"error": "invalid_grant", "error_description": "invalid assertion"}))
    with pytest.raises(AuthFailed) as refused:
        org.connect(JwtBearer(client_id="app", username="jo", private_key=pem)).stages()
    assert "6 minutes behind" in str(refused.value.remedy)


def test_a_key_that_is_none_is_refused_before_anything_is_sent(org: Org) -> None:
    with pytest.raises(AuthFailed, match="private key"):
        org.connect(JwtBearer(client_id="app", username="jo", private_key="not a key")).stages()
    assert org.logins == []


def test_a_rotated_refresh_token_is_stored_before_the_access_token_is_used(org: Org) -> None:
    events: list[str] = []

    def rotate(_: PreparedRequest) -> Reply:
        grant = {"access_token": f"token-{len(org.logins)}", "instance_url": URL, "refresh_token": "second"}
        return 200, grant

    def answer(_: PreparedRequest) -> Reply:
        events.append("used")
        return EXPIRED if events.count("used") == 1 else STAGES

    org.login(rotate)
    org.on("GET", "/query", answer)
    auth = RefreshToken(client_id="app", client_secret="hush", refresh_token="first")
    org.connect(auth, save_refresh_token=lambda token: events.append(f"stored {token}")).stages()
    assert events == ["stored second", "used", "used"]
    assert [login["refresh_token"] for login in org.logins] == ["first", "second"]


def test_a_refresh_token_that_cannot_be_stored_stops_everything_and_is_not_forgotten(org: Org) -> None:
    stored: list[str] = []
    full = True

    def save(token: str) -> None:
        if full:
            raise OSError("disk full")
        stored.append(token)

    org.login(lambda _: (200, {"access_token": "t", "instance_url": URL, "refresh_token": "second"}))
    org.on("GET", "/query", STAGES)
    connector = org.connect(RefreshToken(client_id="app", refresh_token="first"), save_refresh_token=save)
    with pytest.raises(AuthFailed, match="could not be stored"):
        connector.stages()
    assert org.requests == []
    full = False
    org.advance(61)
    connector.stages()
    assert stored == ["second"]
    assert org.logins[-1]["refresh_token"] == "second"


def test_a_dead_refresh_token_is_final_and_says_to_connect_again(org: Org) -> None:
    org.login(
        lambda _: (400, {"error": "invalid_grant", "error_description": "expired access/refresh token"})
    )
    with pytest.raises(AuthFailed) as refused:
        org.connect(RefreshToken(client_id="app", refresh_token="old")).stages()
    assert refused.value.code == "invalid_grant"
    assert "Connect again" in str(refused.value.remedy)
    assert len(org.logins) == 1
    assert refused.value.system == "salesforce"


def test_a_password_goes_over_soap_with_its_token_and_is_escaped(org: Org) -> None:
    org.mock.add(
        responses.POST,
        f"{URL}/services/Soap/u/62.0",
        body=(
            '<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns="urn:partner.soap.sforce.com"><soapenv:Body><loginResponse><result>'
            f"<serverUrl>{URL}/services/Soap/u/62.0/00D000000000001</serverUrl><sessionId>soap-token</sessionId>"
            f"<userId>{USER_ID}</userId><userInfo><organizationId>{ORG_ID}</organizationId></userInfo>"
            "</result></loginResponse></soapenv:Body></soapenv:Envelope>"
        ),
    )
    org.on("GET", "/query", STAGES)
    connector = org.connect(
        Password(username="jo@acme.com", password="a<b&c", security_token="TOK"), expect_org_id=ORG_ID
    )
    connector.stages()
    assert bearer(org.requests[0]) == "Bearer soap-token"
    assert "<u:password>a&lt;b&amp;cTOK</u:password>" in str(org.mock.calls[0].request.body)


def test_a_refused_password_says_so_in_salesforces_words(org: Org) -> None:
    org.mock.add(
        responses.POST,
        f"{URL}/services/Soap/u/62.0",
        status=500,
        body=(
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body><soapenv:Fault>'
            "<faultcode>INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: Invalid username</faultstring>"
            "<detail><sf:LoginFault><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"
            "<sf:exceptionMessage>Invalid username, password, security token; or user locked out.</sf:exceptionMessage>"
            "</sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        ),
    )
    with pytest.raises(AuthFailed, match="Invalid username, password") as refused:
        org.connect(Password(username="jo", password="x")).stages()
    assert refused.value.code == "INVALID_LOGIN"


def test_a_password_with_an_app_goes_over_oauth(org: Org) -> None:
    org.on("GET", "/query", STAGES)
    auth = Password(username="jo", password="x", security_token="T", client_id="app", client_secret="hush")
    org.connect(auth).stages()
    assert org.logins[0]["grant_type"] == "password"
    assert org.logins[0]["password"] == "xT"


# -- sessions that end -------------------------------------------------------------------------------------


def test_an_ended_session_is_renewed_once_and_the_call_repeated_once(org: Org) -> None:
    org.on("GET", "/query", EXPIRED, STAGES)
    connector = org.connect()
    connector.stages()
    assert [bearer(request) for request in org.requests] == ["Bearer token-1", "Bearer token-2"]
    assert connector.calls == 2


def test_the_repeated_call_carries_all_its_headers(org: Org) -> None:
    org.on("GET", "/query", EXPIRED, STAGES)
    org.connect().stages()
    first, second = (dict(request.headers) for request in org.requests)
    assert {**first, "Authorization": ""} == {**second, "Authorization": ""}


def test_a_lasting_401_ends_after_one_renewal_instead_of_recursing(org: Org) -> None:
    org.on("GET", "/query", EXPIRED)
    with pytest.raises(AuthFailed, match="right after a new login") as refused:
        org.connect().stages()
    assert len(org.requests) == 2
    assert len(org.logins) == 2
    assert refused.value.remedy


def test_threads_that_meet_the_same_401_renew_the_session_once_between_them(org: Org) -> None:
    together = threading.Barrier(6)

    def answer(request: PreparedRequest) -> Reply:
        if bearer(request) == "Bearer token-1":
            together.wait(timeout=10)
            return EXPIRED
        return STAGES

    org.on("GET", "/query", STAGES, answer)
    connector = org.connect()
    connector.stages()
    threads = [threading.Thread(target=connector.stages) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(org.logins) == 2
    assert [bearer(request) for request in org.requests].count("Bearer token-2") == 6


def test_a_refused_login_is_not_asked_again_by_every_thread(org: Org) -> None:
    org.login(lambda _: (400, {"error": "invalid_client", "error_description": "invalid client credentials"}))
    connector = org.connect()
    for _ in range(5):
        with pytest.raises(AuthFailed, match="invalid client credentials"):
            connector.stages()
    assert len(org.logins) == 1
    org.advance(61)
    with pytest.raises(AuthFailed):
        connector.stages()
    assert len(org.logins) == 2


def test_a_token_endpoint_that_is_down_is_tried_again(org: Org) -> None:
    answers: list[Reply] = [
        (503, "<html>maintenance</html>"),
        (200, {"access_token": "t", "instance_url": URL}),
    ]
    org.login(lambda _: answers.pop(0))
    org.on("GET", "/query", STAGES)
    org.connect().stages()
    assert len(org.logins) == 2


def test_a_token_endpoint_that_is_down_is_tried_again_where_only_the_token_is_wanted(org: Org) -> None:
    org.login(lambda _: (503, "<html>maintenance</html>"))
    with pytest.raises(Unavailable) as raised:
        org.connect().identity()
    assert len(org.logins) == 5
    assert raised.value.system == "salesforce"


def test_another_org_than_the_expected_one_is_refused_before_the_first_call(org: Org) -> None:
    with pytest.raises(WrongIdentity, match=ORG_ID):
        org.connect(expect_org_id="00D000000000002EAA").stages()
    assert org.requests == []


def test_an_org_id_of_15_characters_is_expected_just_as_well(org: Org) -> None:
    org.on("GET", "/query", STAGES)
    org.connect(expect_org_id=ORG_ID[:15]).stages()
    assert len(org.requests) == 1


# -- where secrets may go ----------------------------------------------------------------------------------


def test_plain_http_is_refused_beyond_this_machine() -> None:
    with pytest.raises(ValueError, match="plain http is accepted for this machine alone"):
        SalesforceSettings(
            name="s", login_url="http://login.salesforce.com", auth=Password(username="a", password="b")
        )


def test_all_problems_of_the_settings_are_told_at_once() -> None:
    with pytest.raises(ValueError) as refused:
        SalesforceSettings(
            name="emea",
            login_url="ftp://x",
            api_version="62",
            auth=RefreshToken(client_id="", refresh_token=" "),
            expect_org_id="001",
            quota_share=2.0,
        )
    message = str(refused.value)
    for word in (
        "emea",
        "login_url",
        "api_version",
        "client_id",
        "refresh_token",
        "expect_org_id",
        "quota_share",
    ):
        assert word in message


def test_secrets_do_not_show_in_a_repr() -> None:
    settings = SalesforceSettings(
        name="s",
        auth=Password(
            username="jo", password="geheim", security_token="tok3n", client_id="a", client_secret="hush"
        ),
    )
    shown = repr(settings)
    assert "jo" in shown
    assert not any(secret in shown for secret in ("geheim", "tok3n", "hush"))


def test_a_token_is_not_sent_to_an_instance_without_encryption(org: Org) -> None:
    org.login(lambda _: (200, {"access_token": "t", "instance_url": "http://acme.my.salesforce.com"}))
    with pytest.raises(AuthFailed, match="unencrypted"):
        org.connect().stages()
    assert org.requests == []


@pytest.mark.parametrize(
    "elsewhere",
    ["https://acme.evil.example", "https://salesforce.com.evil.example", "https://evilsalesforce.com"],
)
def test_a_token_is_not_sent_to_an_instance_outside_of_salesforces_domains(org: Org, elsewhere: str) -> None:
    org.login(lambda _: (200, {"access_token": "t", "instance_url": elsewhere}))
    with pytest.raises(AuthFailed, match="must not be sent"):
        org.connect().stages()
    assert org.requests == []


@pytest.mark.parametrize(
    ("login", "instance", "may"),
    [
        ("https://login.salesforce.com", "https://acme.my.salesforce.com", True),
        ("https://test.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com:443", True),
        ("https://acme.my.salesforce.mil", "https://acme.my.salesforce.mil", True),
        ("https://acme.my.salesforce.mil", "https://acme.my.salesforce.com", False),
        ("https://login.salesforce.com", "https://acme.my.salesforce.com:8443", False),
        ("https://login.salesforce.com", "http://127.0.0.1:8701", False),
        ("https://crm.acme.example", "https://crm.acme.example", True),
        ("https://crm.acme.example", "https://acme.my.salesforce.com", False),
        ("http://127.0.0.1:8701", "http://localhost:8701", True),
        ("http://127.0.0.1:8701", "https://acme.my.salesforce.com", False),
        ("https://login.salesforce.com", "acme.my.salesforce.com", False),
        ("https://login.salesforce.com", "", False),
    ],
)
def test_a_token_stays_within_the_domains_of_its_login(login: str, instance: str, may: bool) -> None:
    assert is_instance_of(login, instance) is may


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_error_and_no_token_follows_it(org: Org, status: int) -> None:
    org.on("GET", "/query", (status, "", {"Location": "http://127.0.0.1:9/elsewhere"}))
    with pytest.raises(Unsupported, match=str(status)):
        org.connect().stages()
    assert len(org.requests) == 1


def test_a_redirected_login_names_the_address_to_use(org: Org) -> None:
    org.login(lambda _: (302, "", {"Location": "https://acme.my.salesforce.com/x"}))
    with pytest.raises(AuthFailed, match="points to https://acme"):
        org.connect().stages()


def test_the_environment_cannot_change_who_we_are_or_whom_we_trust(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / ".netrc").write_text("machine acme.my.salesforce.com login thief password x\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    settings = SalesforceSettings(
        name="s",
        login_url="https://acme.my.salesforce.com",
        auth=Password(username="a", password="b"),
    )
    network = Network.of(ca_bundle=Path("ours.pem"), environ={"REQUESTS_CA_BUNDLE": "theirs.pem"})
    session = open_session(settings, network, time.monotonic)
    prepared = session.prepare_request(
        requests.Request("GET", "https://acme.my.salesforce.com/x", headers={"Authorization": "Bearer t"})
    )
    assert prepared.headers["Authorization"] == "Bearer t"
    chosen = session.merge_environment_settings(prepared.url, {}, None, None, None)
    assert chosen["verify"] == "ours.pem"


def test_every_request_has_a_time_limit(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[Any] = []
    send = requests.adapters.HTTPAdapter.send

    def spy(self: Any, request: PreparedRequest, **options: Any) -> requests.Response:
        limits.append(options["timeout"])
        return send(self, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", spy)
    org.on("GET", "/query", STAGES)
    org.connect(timeout=33.0, connect_timeout=4.0).stages()
    assert limits == [(4.0, 33.0), (4.0, 33.0)]


# -- faults that pass, and faults that do not ----------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        (503, [{"message": "Server Unavailable", "errorCode": "SERVER_UNAVAILABLE"}]),
        (502, "<html>bad gateway</html>"),
        (420, "<html>enhance your calm</html>"),
        (200, "<html>maintenance with a friendly status</html>"),
        (400, [{"message": "too long", "errorCode": "QUERY_TIMEOUT"}]),
    ],
)
def test_a_passing_fault_is_waited_out(org: Org, fault: Reply) -> None:
    org.on("GET", "/query", fault, fault, STAGES)
    org.connect().stages()
    assert len(org.requests) == 3
    assert len(org.slept) == 2


def test_a_fault_that_lasts_comes_out_as_what_it_is(org: Org) -> None:
    org.on("GET", "/query", (503, "<html>down</html>"))
    with pytest.raises(Unavailable) as raised:
        org.connect().stages()
    assert len(org.requests) == 5
    assert raised.value.system == "salesforce"


def test_a_lost_connection_is_tried_again(org: Org) -> None:
    def lose(_: PreparedRequest) -> Reply:
        raise requests.exceptions.ConnectionError(io.BytesIO())

    org.on("GET", "/query", lose, STAGES)
    org.connect().stages()
    assert len(org.requests) == 2


NEVER_REACHED = MaxRetryError(cast(Any, None), "/", NewConnectionError(cast(Any, None), "refused"))
BROKE_OFF = MaxRetryError(cast(Any, None), "/", ProtocolError("the connection broke"))


@pytest.mark.parametrize(
    ("error", "maybe_done"),
    [
        (requests.ConnectTimeout("no connection in time"), False),
        (requests.ConnectionError(NEVER_REACHED), False),
        (requests.exceptions.SSLError("unknown issuer"), False),
        (requests.ReadTimeout("no answer in time"), True),
        (requests.ConnectionError(BROKE_OFF), True),
        (requests.ConnectionError("reset"), True),
        (requests.exceptions.ChunkedEncodingError(), True),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_call_that_was_not_answered_may_have_been_done_unless_it_never_left(
    error: requests.RequestException, maybe_done: bool
) -> None:
    assert _lost(error, "query?q=SELECT+Id").maybe_done is maybe_done


def test_an_answer_that_is_not_json_leaves_open_whether_the_call_was_done(org: Org) -> None:
    for reply in ((200, "<html>maintenance</html>"), (503, "<html>down</html>")):
        org.on("GET", "/query", reply)
        with pytest.raises(Unavailable) as raised:
            org.connect().stages()
        assert raised.value.maybe_done


def test_too_many_calls_at_once_hold_everybody_back_for_seconds(org: Org) -> None:
    busy: Reply = (
        403,
        [{"message": "ConcurrentRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
    )
    org.on("GET", "/query", busy)
    with pytest.raises(Throttled):
        org.connect().stages()
    assert min(org.slept) >= 2.0
    assert sum(org.slept) < 120


def test_a_spent_day_is_not_asked_again(org: Org) -> None:
    org.on(
        "GET",
        "/query",
        (403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]),
    )
    with pytest.raises(QuotaSpent):
        org.connect().stages()
    assert len(org.requests) == 1


def test_a_day_that_others_have_used_up_stops_us_before_the_next_call(org: Org) -> None:
    spent = (200, STAGES[1], {"Sforce-Limit-Info": "api-usage=98000/100000"})
    org.on("GET", "/query", spent)
    connector = org.connect()
    connector.stages()
    with pytest.raises(QuotaSpent, match="98000 of the 100000"):
        connector.stages()
    assert len(org.requests) == 1


def test_our_share_of_the_day_stops_us(org: Org) -> None:
    org.on("GET", "/query", (200, STAGES[1], {"Sforce-Limit-Info": "api-usage=5/20"}))
    connector = org.connect(quota_share=0.25)
    for _ in range(5):
        connector.stages()
    with pytest.raises(QuotaSpent, match="5 of our 5"):
        connector.stages()


def test_the_quota_comes_from_any_answer_and_is_asked_for_only_before_the_first(org: Org) -> None:
    org.on(
        "GET",
        "/limits",
        (200, {"DailyApiRequests": {"Max": 15000, "Remaining": 14998}}, {"Sforce-Limit-Info": ""}),
    )
    org.on("GET", "/query", STAGES)
    connector = org.connect()
    assert (connector.quota().used, connector.quota().limit) == (2, 15000)
    assert org.paths() == ["/limits"]
    connector.stages()
    assert connector.quota().limit == 100000


def test_two_connectors_may_share_one_budget(org: Org) -> None:
    org.on("GET", "/query", STAGES)
    budget = Budget(pace=org.pace)
    org.connect(budget=budget).stages()
    other = org.connect(budget=budget)
    other.stages()
    assert other.calls == 2


def test_nothing_is_sent_before_the_first_call() -> None:
    connector = connect(
        SalesforceSettings(name="s", auth=Password(username="a", password="b")), network=Network()
    )
    assert connector.calls == 0
    assert (connector.name, connector.kind) == ("s", "salesforce")
    connector.close()


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("45", 45.0), ("inf", 3600.0), ("nan", 1.0), ("Sun, 01 Mar 2026 12:00:50 GMT", 50.0)],
)
def test_the_wait_that_salesforce_asks_for_is_kept_and_bounded(org: Org, asked: str, waited: float) -> None:
    org.on("GET", "/query", (503, "<html>down</html>", {"Retry-After": asked, "Date": org.date}))
    with pytest.raises(Unavailable) as caught:
        org.connect(policy=RetryPolicy(attempts=1)).stages()
    assert caught.value.wait == waited
