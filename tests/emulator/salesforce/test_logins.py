"""Ways in, and how they end."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.emulator.salesforce.client import Api

TOKEN = "/services/oauth2/token"
APP = {"client_id": "emulator", "client_secret": "emulator"}
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def _ask(api: Api, **form: str) -> Any:
    return api.call("POST", TOKEN, data=form)


def _use(api: Api, answered: Any) -> None:
    api.session.headers["Authorization"] = f"Bearer {answered.json()['access_token']}"


def test_client_credentials_run_as_the_execution_user(anonymous: Api) -> None:
    answered = _ask(anonymous, grant_type="client_credentials", **APP)
    assert answered.status_code == 200
    body = answered.json()
    assert body["instance_url"] == anonymous.server
    assert body["token_type"] == "Bearer"
    assert "refresh_token" not in body
    assert "expires_in" not in body
    _use(anonymous, answered)
    info = anonymous.get("/services/oauth2/userinfo").json()
    assert info["preferred_username"] == "tandem@example.com"
    assert info["organization_id"] == anonymous.org.id == "00D000000000001EAA"
    identity = anonymous.session.get(body["id"], timeout=5).json()
    assert identity["username"] == "tandem@example.com"


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        (
            {"grant_type": "client_credentials", "client_id": "emulator", "client_secret": "no"},
            "invalid_client",
            "invalid client credentials",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "who", "client_secret": "no"},
            "invalid_client_id",
            "client identifier invalid",
        ),
        ({"grant_type": "telepathy", **APP}, "unsupported_grant_type", "grant type not supported"),
        (
            {"grant_type": "refresh_token", **APP, "refresh_token": "gone"},
            "invalid_grant",
            "expired access/refresh token",
        ),
        (
            {"grant_type": "password", **APP, "username": "tandem@example.com", "password": "wrong"},
            "invalid_grant",
            "authentication failure",
        ),
        (
            {"grant_type": "password", **APP, "username": "emil.voss@example.com", "password": "x"},
            "invalid_grant",
            "inactive user",
        ),
    ],
)
def test_refused_logins_answer_an_object_with_400(
    anonymous: Api, form: dict[str, str], error: str, description: str
) -> None:
    answered = _ask(anonymous, **form)
    assert answered.status_code == 400
    assert answered.json() == {"error": error, "error_description": description}


def test_a_password_logs_its_user_in(anonymous: Api) -> None:
    _use(
        anonymous, _ask(anonymous, grant_type="password", **APP, username="admin@example.com", password="pw")
    )
    assert anonymous.get("/services/oauth2/userinfo").json()["preferred_username"] == "admin@example.com"


def test_a_token_that_is_not_used_dies_and_one_in_use_lives_on(api: Api) -> None:
    lifetime = api.org.settings.session_seconds
    for _ in range(3):
        api.clock.advance(lifetime * 0.6)
        assert api.get("/limits").status_code == 200
    api.clock.advance(lifetime + 1)
    answered = api.get("/limits")
    assert answered.status_code == 401
    assert answered.json() == EXPIRED


def test_no_token_and_a_revoked_token_are_expired_sessions(api: Api) -> None:
    token = str(api.session.headers["Authorization"]).split()[1]
    assert api.call("POST", "/services/oauth2/revoke", data={"token": token}).status_code == 200
    assert api.get("/limits").json() == EXPIRED
    del api.session.headers["Authorization"]
    assert api.get("/sobjects/Account/001000000000001AAA").json() == EXPIRED


def test_a_refresh_token_is_used_again_unless_the_app_rotates_them(anonymous: Api) -> None:
    order = {"client_id": "emulator", "user": "admin@example.com"}
    held = anonymous.door("refresh_tokens", **order)["done"]["refresh_token"]
    for _ in range(2):
        answered = _ask(anonymous, grant_type="refresh_token", **APP, refresh_token=held)
        assert answered.status_code == 200
        assert "refresh_token" not in answered.json()
    anonymous.door("settings", rotate_refresh_tokens=True)
    fresh = _ask(anonymous, grant_type="refresh_token", **APP, refresh_token=held).json()["refresh_token"]
    assert fresh != held
    assert _ask(anonymous, grant_type="refresh_token", **APP, refresh_token=held).status_code == 400
    assert _ask(anonymous, grant_type="refresh_token", **APP, refresh_token=fresh).status_code == 200


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _assertion(api: Api, key: rsa.RSAPrivateKey, *, ahead: float = 180, **claims: str) -> str:
    expires = api.clock.now() + timedelta(seconds=ahead)
    whole = {
        "iss": "emulator",
        "sub": "tandem@example.com",
        "aud": "https://login.salesforce.com",
        "exp": int(expires.timestamp()),
        **claims,
    }
    return jwt.encode(whole, key, algorithm="RS256")


def _register(api: Api, key: rsa.RSAPrivateKey) -> None:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    api.door("keys", client_id="emulator", public_key=pem)


def _bearer(api: Api, assertion: str) -> Any:
    return _ask(api, grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion)


def test_a_signed_assertion_logs_in(anonymous: Api, key: rsa.RSAPrivateKey) -> None:
    _register(anonymous, key)
    assert _bearer(anonymous, _assertion(anonymous, key)).status_code == 200
    _use(anonymous, _bearer(anonymous, _assertion(anonymous, key, aud=anonymous.server)))
    assert anonymous.get("/limits").status_code == 200


@pytest.mark.parametrize(
    ("ahead", "claims", "description"),
    [
        (301, {}, "assertion is expired"),
        (-1, {}, "assertion is expired"),
        (180, {"aud": "https://elsewhere.example"}, "audience is invalid"),
        (180, {"sub": "nobody@example.com"}, "user hasn't approved this consumer"),
        (180, {"sub": "emil.voss@example.com"}, "inactive user"),
    ],
)
def test_a_bad_assertion_is_refused(
    anonymous: Api, key: rsa.RSAPrivateKey, ahead: float, claims: dict[str, str], description: str
) -> None:
    _register(anonymous, key)
    answered = _bearer(anonymous, _assertion(anonymous, key, ahead=ahead, **claims))
    assert answered.json() == {"error": "invalid_grant", "error_description": description}


def test_an_assertion_signed_by_a_stranger_is_refused(anonymous: Api, key: rsa.RSAPrivateKey) -> None:
    assert _bearer(anonymous, _assertion(anonymous, key)).json()["error_description"] == "invalid assertion"
    assert _bearer(anonymous, "no.jwt").json()["error_description"] == "invalid assertion"


def test_a_user_without_the_api_right_is_refused_for_good(api: Api) -> None:
    hidden = api.profile_set()
    row = api.org.store.get("PermissionSet", hidden)
    assert row is not None
    api.org.store.put("PermissionSet", {**row, "PermissionsApiEnabled": False})
    answered = api.get("/limits")
    assert answered.status_code == 403
    assert answered.json()[0]["errorCode"] == "API_DISABLED_FOR_ORG"


def test_versions_outside_the_supported_ones_do_not_exist(api: Api) -> None:
    listed = api.get("/services/data").json()
    assert [listed[0]["version"], listed[-1]["version"]] == ["50.0", "66.0"]
    assert {"label": "Winter '25", "url": "/services/data/v62.0", "version": "62.0"} in listed
    assert api.get("/services/data/v50.0/limits").status_code == 200
    assert api.get("/services/data/v49.0/limits").status_code == 404
    assert api.get("/services/data/v62/limits").status_code == 404


def test_the_resource_index_names_the_identity(api: Api) -> None:
    index = api.get("/").json()
    assert index["query"] == "/services/data/v62.0/query"
    assert index["identity"] == f"{api.server}/id/{api.org.id}/{api.user('tandem@example.com')}"
