"""What a login has given: whether it may be used, and the client that speaks with it."""

from __future__ import annotations

import requests
from simple_salesforce.api import Salesforce

from connector.errors import AuthFailed, WrongIdentity
from connector.salesforce import wire
from connector.salesforce.login import Token
from connector.salesforce.settings import SalesforceSettings
from connector.salesforce.transport import allow_instance

#: Scopes of which the API takes either (Salesforce Help: "OAuth Tokens and Scopes").
_API_SCOPES = frozenset({"api", "full"})


def check(token: Token, settings: SalesforceSettings, http: requests.Session) -> None:
    """Raise ``AuthFailed`` or ``WrongIdentity`` for a token that must not be used."""
    if token.scopes is not None and not token.scopes & _API_SCOPES:
        raise AuthFailed(
            "the token may not use the API: the scope api is missing "
            f"(held: {', '.join(sorted(token.scopes)) or 'none'})",
            code="MISSING_SCOPE",
            remedy="Add “Manage user data via APIs (api)” to the app's OAuth scopes in Setup, App Manager.",
        )
    expected = settings.expect_org_id
    if expected is not None and token.org_id is not None and token.org_id != wire.to_18(expected):
        raise WrongIdentity(
            f"these credentials belong to org {token.org_id}, not to {wire.to_18(expected)}",
            remedy="Correct the credentials, or expect_org_id, in tandem.yaml.",
        )
    if not allow_instance(http, settings, token.instance_url):
        raise AuthFailed(
            f"the login names {token.instance_url}, where a token must not be sent unencrypted",
            remedy="Use a login_url that leads to an https instance.",
        )


def client_of(token: Token, settings: SalesforceSettings, http: requests.Session) -> Salesforce:
    """The client that speaks with this token."""
    client = Salesforce(
        session_id=token.access_token,
        instance_url=token.instance_url,
        version=settings.api_version,
        session=http,
        # None lets the fast JSON decoder do its work.
        object_pairs_hook=None,
    )
    client.headers["Sforce-Call-Options"] = f"client={wire.CLIENT}"
    client.headers.pop("X-PrettyPrint", None)
    return client
