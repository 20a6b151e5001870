"""Who we are and where, in the one call with which every process begins."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from connector.base import Identity
from connector.errors import Unsupported, WrongIdentity
from connector.salesforce.api import errors, soql
from connector.salesforce.api.describe_cache import Describes, path_of
from connector.salesforce.api.session import Session

_ENVIRONMENTS = {"Developer Edition": "developer"}


def identity(session: Session, describes: Describes) -> Identity:
    """See ``Connector.identity``. ``WrongIdentity`` where it is not the org that the settings expect."""
    user_id = session.token.user_id
    statements = [soql.ORGANIZATION, *([soql.user(user_id)] if user_id else [])]
    parts = [{"method": "GET", "path": f"query/?q={quote(text, safe='')}"} for text in statements]
    parts.append({"method": "GET", "path": path_of("Account")})

    def judge(body: Any) -> None:
        # Without access to accounts the describe alone fails, and says so better where it is asked for alone.
        errors.any_failed({"compositeResponse": body["compositeResponse"][:-1]})

    try:
        answers, _ = session.composite(parts, judge=judge)
    except Unsupported as error:
        raise _without_version(session) or error from error
    org = answers[0][1]["records"][0]
    users = answers[1][1]["records"] if user_id else []
    id = errors.to_18(org["Id"])
    expected = session.settings.expect_org_id
    if expected is not None and id != errors.to_18(expected):
        raise session.named(
            WrongIdentity(
                f"this is org {id} ({org['Name']}), not {errors.to_18(expected)}",
                remedy="Correct the credentials, or expect_org_id, in tandem.yaml.",
            )
        )
    status, described = answers[-1]
    account = describes.learn(described) if status < 300 else describes.of("Account")
    features = {
        "person_accounts": account.has("IsPersonAccount"),
        "multi_currency": account.has("CurrencyIsoCode"),
    }
    return Identity(
        id=id,
        name=org["Name"],
        environment="sandbox"
        if org.get("IsSandbox")
        else _ENVIRONMENTS.get(org.get("OrganizationType") or "", "production"),
        acting_as=user_id,
        acting_as_name=users[0]["Name"] if users else None,
        time_zone=org.get("TimeZoneSidKey"),
        features=frozenset(name for name, there in features.items() if there),
    )


def _without_version(session: Session) -> Unsupported | None:
    """The error of an API version that the org does not have, which answers as if nothing were there."""
    wanted, offered = session.settings.api_version, session.versions()
    if not offered or wanted in offered:
        return None
    known = f"{min(offered, key=float)} to {max(offered, key=float)}"
    return session.named(
        Unsupported(
            f"this org has no API version {wanted} (it has {known})",
            code="API_VERSION",
            remedy="Correct api_version of this system in tandem.yaml.",
        )
    )
