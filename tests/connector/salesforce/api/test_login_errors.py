"""What Salesforce means when it refuses a log-in."""

from __future__ import annotations

import pytest

from connector.errors import AuthFailed
from connector.salesforce.api.errors import error_from
from connector.salesforce.api.login_errors import login_refusal


@pytest.mark.parametrize(
    ("code", "message", "what"),
    [
        ("invalid_grant", "login rate exceeded", "too many log-ins of this user"),
        ("login_rate_exceeded", "login rate exceeded", "too many log-ins of this user"),
        ("invalid_grant", "user is locked", "the user is locked"),
        ("PASSWORD_LOCKOUT", "PASSWORD_LOCKOUT: locked out", "the user is locked"),
        ("invalid_grant", "user is frozen", "the user is frozen"),
        ("invalid_grant", "inactive user", "the user is not active"),
        ("inactive_user", "user is inactive", "the user is not active"),
        ("invalid_grant", "expired password", "the user's password has expired"),
        ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "The users password has expired", "password has expired"),
        (
            "invalid_grant",
            "ip restricted or invalid login hours",
            "from certain IP addresses or at certain hours",
        ),
        ("LOGIN_DURING_RESTRICTED_DOMAIN", "User's IP is not allowed", "from certain IP addresses"),
        ("LOGIN_DURING_RESTRICTED_TIME", "not now", "at certain hours only"),
        ("OAUTH_APP_BLOCKED", "this app is blocked by admin", "an administrator has blocked the app"),
        ("invalid_grant", "app has been blocked", "an administrator has blocked the app"),
        (
            "invalid_app_access",
            "user is not admin approved to access this app",
            "whom an administrator approved",
        ),
        ("invalid_grant", "user hasn't approved this consumer", "the user has not approved the app"),
        ("OAUTH_APPROVAL_ERROR", "app is not installed in this org", "the app is not installed in this org"),
        ("API_DISABLED_FOR_ORG", "API is not enabled for this Organization", "the API is switched off"),
        ("API_CURRENTLY_DISABLED", "API is currently disabled", "the API is switched off"),
        ("inactive_org", "organization is locked", "the org is locked"),
        ("invalid_grant", "no client credentials user enabled", "nobody is chosen as whom the app runs"),
        ("unsupported_grant_type", "grant type not supported", "does not allow this way to log in"),
        ("invalid_client_id", "client identifier invalid", "no app with this client_id"),
        (
            "invalid_client",
            "invalid client credentials",
            "client_id and client_secret do not belong together",
        ),
        (
            "invalid_grant",
            "authentication failure",
            "username, password or security token is wrong, or the user is locked",
        ),
        (
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
            "is wrong, or the user is locked",
        ),
        ("invalid_grant", "expired access/refresh token", "the refresh token is no longer good"),
    ],
)
def test_a_refused_log_in_is_told_for_what_it_is(code: str, message: str, what: str) -> None:
    found = login_refusal(code, message)
    assert found is not None
    assert what in found.what
    assert found.remedy


def test_only_too_many_log_ins_pass_by_themselves() -> None:
    found = login_refusal("invalid_grant", "login rate exceeded")
    assert found is not None
    assert found.wait is not None
    assert "credentials are not the matter" in found.what
    locked = login_refusal("invalid_grant", "user is locked")
    assert locked is not None
    assert locked.wait is None


def test_words_that_nobody_knows_are_left_to_speak_for_themselves() -> None:
    assert login_refusal("invalid_grant", "something new") is None


@pytest.mark.parametrize("code", ["API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"])
def test_an_api_that_is_switched_off_is_told_so_after_the_log_in_too(code: str) -> None:
    error = error_from(403, [{"errorCode": code, "message": "The REST API is not enabled."}])
    assert isinstance(error, AuthFailed)
    assert str(error).startswith("the API is switched off for this user or this edition (")
    assert "API Enabled" in (error.remedy or "")
