"""One route of the API: who may use it, and what answers."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.hubspot.bodies import Form
from emulator.hubspot.wire import Ask, Handler

Scopes = Callable[[Ask], set[str]]


def no_scopes(_ask: Ask) -> set[str]:
    """Any token will do."""
    return set()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`body`: the shape that a JSON body must have.

    `gone_since`: the dated version from which on this is no operation any more.
    `auth` False: the endpoint looks at credentials itself and does not count against the API limits.
    """

    method: str
    path: str
    handler: Handler
    scopes: Scopes = no_scopes
    auth: bool = True
    search: bool = False
    body: Form | None = None
    gone_since: str | None = None

    def serves(self, version: str | None) -> bool:
        """Is this an operation of the version (None for v1 to v4)?"""
        return self.gone_since is None or (version or "") < self.gone_since


def objects(right: str, *params: str) -> Scopes:
    """`crm.objects.{type}.{right}` for the object types that the path names."""

    def scopes(ask: Ask) -> set[str]:
        return {
            f"crm.objects.{ask.portal.shelf(ask.params[param]).type.name}.{right}"
            for param in params or ("objectType",)
        }

    return scopes


def schemas(right: str) -> Scopes:
    """`crm.schemas.{type}.{right}` for the object type that the path names."""

    def scopes(ask: Ask) -> set[str]:
        return {f"crm.schemas.{ask.portal.shelf(ask.params['objectType']).type.name}.{right}"}

    return scopes
