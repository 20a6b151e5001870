"""OAuth: tokens, who I am, revoking. Source: Salesforce, OAuth authorization flows; bodies as real orgs answer."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl

from emulator.salesforce.errors import refuse
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply
from emulator.salesforce.sessions import Grant, LoginRefused, signature

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: audiences that real login hosts take; the server's own address is one too
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


def token(ask: Ask) -> Reply:
    """POST services/oauth2/token."""
    form = _form(ask)
    try:
        grant = _grant(ask, form)
    except LoginRefused as error:
        return Reply(status=400, body={"error": error.error, "error_description": error.description})
    identity = f"{ask.server}/id/{ask.org.id}/{grant.user_id}"
    issued = str(int(grant.issued_at.timestamp() * 1000))
    body: dict[str, Any] = {
        "access_token": grant.access_token,
        "instance_url": ask.server,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued,
        "signature": signature(form.get("client_secret", ""), identity, issued),
        "scope": grant.scope,
    }
    if grant.refresh_token is not None:
        body["refresh_token"] = grant.refresh_token
    return Reply(body=body)


def _grant(ask: Ask, form: dict[str, str]) -> Grant:
    sessions = ask.org.sessions
    kind = form.get("grant_type")
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if kind == "client_credentials":
        return sessions.by_client_credentials(client_id, secret)
    if kind == "refresh_token":
        rotate = ask.caller.taken.options("F03") is not None
        held = form.get("refresh_token", "")
        return sessions.by_refresh_token(client_id, form.get("client_secret"), held, rotate=rotate)
    if kind == "password":
        return sessions.by_password(client_id, secret, form.get("username", ""), form.get("password", ""))
    if kind == _JWT:
        return sessions.by_jwt(form.get("assertion", ""), (*_AUDIENCES, ask.server))
    raise LoginRefused("unsupported_grant_type", "grant type not supported")


def revoke(ask: Ask) -> Reply:
    """POST (or GET) services/oauth2/revoke."""
    if ask.org.sessions.revoke(_form(ask).get("token", "") or ask.query.get("token", "")):
        return Reply()
    return Reply(status=400, body={"error": "unsupported_token_type", "error_description": "invalid token"})


def user_info(ask: Ask) -> Reply:
    """GET services/oauth2/userinfo, in OpenID Connect's words."""
    user = ask.org.user(ask.caller.user_id)
    identity = f"{ask.server}/id/{ask.org.id}/{user['Id']}"
    return Reply(
        body={
            "sub": identity,
            "user_id": user["Id"],
            "organization_id": ask.org.id,
            "preferred_username": user["Username"],
            "nickname": user.get("CommunityNickname"),
            "name": user.get("Name"),
            "email": user.get("Email"),
            "email_verified": True,
            "given_name": user.get("FirstName"),
            "family_name": user.get("LastName"),
            "zoneinfo": user.get("TimeZoneSidKey"),
            "active": user.get("IsActive"),
            "user_type": "STANDARD",
            "language": user.get("LanguageLocaleKey"),
            "locale": user.get("LocaleSidKey"),
            "utcOffset": 0,
            "updated_at": user.get("LastModifiedDate"),
            "is_app_installed": True,
            "urls": _urls(ask),
        }
    )


def identity(ask: Ask) -> Reply:
    """GET id/{organization}/{user}."""
    if ask.params["org"][:15] != ask.org.id[:15]:
        raise refuse("NOT_FOUND", "The requested resource does not exist")
    user = ask.org.find_user(ask.params["user"])
    if user is None:
        raise refuse("NOT_FOUND", "The requested resource does not exist")
    return Reply(
        body={
            "id": f"{ask.server}/id/{ask.org.id}/{user['Id']}",
            "asserted_user": user["Id"] == ask.caller.user_id,
            "user_id": user["Id"],
            "organization_id": ask.org.id,
            "username": user["Username"],
            "nick_name": user.get("CommunityNickname"),
            "display_name": user.get("Name"),
            "email": user.get("Email"),
            "email_verified": True,
            "first_name": user.get("FirstName"),
            "last_name": user.get("LastName"),
            "timezone": user.get("TimeZoneSidKey"),
            "photos": {
                "picture": f"{ask.server}/profilephoto/005/F",
                "thumbnail": f"{ask.server}/profilephoto/005/T",
            },
            "addr_street": None,
            "addr_city": None,
            "addr_state": None,
            "addr_country": None,
            "addr_zip": None,
            "mobile_phone": None,
            "mobile_phone_verified": False,
            "is_lightning_login_user": False,
            "status": {"created_date": None, "body": None},
            "urls": _urls(ask),
            "active": user.get("IsActive"),
            "user_type": "STANDARD",
            "language": user.get("LanguageLocaleKey"),
            "locale": user.get("LocaleSidKey"),
            "utcOffset": 0,
            "last_modified_date": user.get("LastModifiedDate"),
            "is_app_installed": True,
        }
    )


def _urls(ask: Ask) -> dict[str, str]:
    rest = f"{ask.server}/services/data/v{{version}}/"
    soap = f"{ask.server}/services/Soap"
    return {
        "enterprise": f"{soap}/c/{{version}}/{ask.org.id[:15]}",
        "metadata": f"{soap}/m/{{version}}/{ask.org.id[:15]}",
        "partner": f"{soap}/u/{{version}}/{ask.org.id[:15]}",
        "rest": rest,
        "sobjects": f"{rest}sobjects/",
        "search": f"{rest}search/",
        "query": f"{rest}query/",
        "recent": f"{rest}recent/",
        "tooling_rest": f"{rest}tooling/",
        "tooling_soap": f"{soap}/T/{{version}}/{ask.org.id[:15]}",
        "profile": f"{ask.server}/{ask.caller.user_id}",
    }


def _form(ask: Ask) -> dict[str, str]:
    """Return the form; the client's name and secret may stand in an Authorization header instead (RFC 6749, 2.3.1)."""
    form = {**ask.query, **dict(parse_qsl(ask.body.decode("utf-8", "replace"), keep_blank_values=True))}
    kind, _, credentials = ask.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            client_id, _, secret = b64decode(credentials).decode().partition(":")
        except ValueError:
            return form
        form = {"client_id": client_id, "client_secret": secret, **form}
    return form


_O = "/services/oauth2"
ENDPOINTS = [
    Endpoint(method="POST", template=_O + "/token", handle=token, secured=False),
    Endpoint(method="POST", template=_O + "/revoke", handle=revoke, secured=False),
    Endpoint(method="GET", template=_O + "/revoke", handle=revoke, secured=False),
    Endpoint(method="GET", template=_O + "/userinfo", handle=user_info),
    Endpoint(method="POST", template=_O + "/userinfo", handle=user_info),
    Endpoint(method="GET", template="/id/{org}/{user}", handle=identity),
]
