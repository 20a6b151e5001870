"""What Salesforce means when it refuses a log-in: a wrong secret, a user, a password, the app, a rule, the org, or too
many log-ins. Pure.

OAuth answers nearly all of them with ``invalid_grant``; only the words tell (Salesforce Help: "OAuth 2.0 Error Codes",
"Login History: Login Status"). SOAP has a code for each.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefusal:
    """One way in which a log-in is refused."""

    #: In the message or the code of the answer, in small letters.
    words: tuple[str, ...]
    #: What it is, for people.
    what: str
    remedy: str
    #: Seconds after which it may succeed with nothing changed; None where somebody must do something.
    wait: float | None = None


#: The more special words first.
_REFUSALS = (
    LoginRefusal(
        words=("login rate exceeded", "login_rate_exceeded", "rate_limit_exceeded"),
        what="too many log-ins of this user within the hour; the credentials are not the matter",
        remedy="Wait an hour, and see under Setup, Login History which program logs in that often.",
        wait=600.0,
    ),
    LoginRefusal(
        words=("invalid_login", "authentication failure", "invalid username, password"),
        what="username, password or security token is wrong, or the user is locked: Salesforce does not say which",
        remedy="Check username, password and security_token (a new password brings a new token), and in Setup, Login "
        "History why the last log-in was refused.",
    ),
    LoginRefusal(
        words=("password_lockout", "user is locked", "user locked", "account locked", "locked out"),
        what="the user is locked after wrong passwords",
        remedy="Unlock the user in Salesforce (Setup, Users), then try again.",
    ),
    LoginRefusal(
        words=("frozen",),
        what="the user is frozen",
        remedy="Unfreeze the user in Salesforce (Setup, Users), or connect as another.",
    ),
    LoginRefusal(
        words=("inactive user", "inactive_user", "user inactive"),
        what="the user is not active",
        remedy="Activate the user in Salesforce, or connect as another.",
    ),
    LoginRefusal(
        words=("password expired", "expired password", "expired_password", "password has expired"),
        what="the user's password has expired",
        remedy="Set a new password and put it where tandem.yaml says; or log in without one (client_credentials).",
    ),
    LoginRefusal(
        words=("ip restricted", "restricted ip", "restricted_domain", "trusted ip"),
        what="an administrator allows this user's log-ins from certain IP addresses or at certain hours only",
        remedy="Add this machine's address to the Login IP Ranges of the user's profile, or relax the app's IP policy.",
    ),
    LoginRefusal(
        words=("restricted_time", "login hours"),
        what="an administrator allows this user's log-ins at certain hours only",
        remedy="Widen the Login Hours of the user's profile in Setup.",
    ),
    LoginRefusal(
        words=("app is blocked", "app_blocked", "blocked by admin", "app blocked", "has been blocked"),
        what="an administrator has blocked the app",
        remedy="Unblock it: Setup, Connected Apps OAuth Usage (or External Client App Manager).",
    ),
    LoginRefusal(
        words=("not admin approved", "app_not_approved", "admin approved", "oauth_app_access_denied"),
        what="the app is for users whom an administrator approved, and this user is not one of them",
        remedy="Pre-authorise the app for the user's profile or permission set.",
    ),
    LoginRefusal(
        words=("hasn't approved this consumer", "has not approved this consumer"),
        what="the user has not approved the app",
        remedy="Pre-authorise the app for the user's profile or permission set.",
    ),
    LoginRefusal(
        words=("not installed in this org", "app_not_found", "external client app is not"),
        what="the app is not installed in this org",
        remedy="Install it (Setup, Connected Apps OAuth Usage), or make it in the org that login_url names.",
    ),
    LoginRefusal(
        words=(
            "api_disabled",
            "api_currently_disabled",
            "api is disabled",
            "api is not enabled",
            "api disabled",
        ),
        what="the API is switched off for this user or this edition",
        remedy="Tick “API Enabled” in a permission set of the user; editions below Enterprise buy API access.",
    ),
    LoginRefusal(
        words=(
            "inactive_org",
            "org is locked",
            "org_locked",
            "organization is locked",
            "organization locked",
            "trial_expired",
        ),
        what="the org is locked, closed or expired",
        remedy="Ask Salesforce about the org; or correct login_url.",
    ),
    LoginRefusal(
        words=("no client credentials user",),
        what="nobody is chosen as whom the app runs",
        remedy="Choose a “Run As” user in the app's client credentials settings.",
    ),
    LoginRefusal(
        words=(
            "unsupported_grant_type",
            "grant type not supported",
            "client credentials flow is not enabled",
        ),
        what="the app does not allow this way to log in",
        remedy="Enable the flow that auth.method names in the app's OAuth settings.",
    ),
    LoginRefusal(
        words=("request not supported on this domain",),
        what="this address takes no such log-in",
        remedy="Set login_url to the org's own domain (https://….my.salesforce.com).",
    ),
    LoginRefusal(
        words=("expired access/refresh token", "expired authorization code", "token validity expired"),
        what="the refresh token is no longer good",
        remedy="Connect again: the refresh token is no longer good.",
    ),
    LoginRefusal(
        words=("client identifier invalid", "invalid_client_id"),
        what="the org knows no app with this client_id",
        remedy="Check client_id, and that login_url names the org that has the app; a new app takes ten minutes.",
    ),
    LoginRefusal(
        words=("invalid client credentials", "invalid_client"),
        what="client_id and client_secret do not belong together",
        remedy="Check client_id and client_secret.",
    ),
)


def login_refusal(code: str, message: str) -> LoginRefusal | None:
    """What this refusal is; None where Salesforce's words are all there is."""
    said = f"{code} {message}".lower()
    return next((one for one in _REFUSALS if any(words in said for words in one.words)), None)
