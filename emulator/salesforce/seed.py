"""What a new org starts with: its people, their rights, its stages and its password-less ways in."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.salesforce import definitions
from emulator.salesforce.data.ids import checksum
from emulator.salesforce.definitions import Stage
from emulator.salesforce.org import Org
from emulator.salesforce.schema.opportunities import STAGES
from emulator.salesforce.schema.setup import RIGHTS

#: the profile of the seed's administrators, the integration user among them
ADMINISTRATOR = "System Administrator"
STANDARD = "Standard User"
_ADMIN_RIGHTS = ("BulkApiHardDelete", "UpdateWithInactiveOwner", "CreateAuditFields")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One user of the org."""

    username: str
    first: str
    last: str
    email: str
    profile: str = STANDARD
    active: bool = True
    title: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """A connected app: who may log in with it, and as whom it runs without a person."""

    client_id: str = "emulator"
    client_secret: str = "emulator"
    #: username of the client credentials flow's execution user
    run_as: str = "tandem@example.com"


PEOPLE: tuple[Person, ...] = (
    Person(
        username="tandem@example.com",
        first="Tandem",
        last="Integration",
        email="tandem@example.com",
        profile=ADMINISTRATOR,
    ),
    Person(
        username="admin@example.com",
        first="Ada",
        last="Marsh",
        email="ada.marsh@example.com",
        profile=ADMINISTRATOR,
    ),
    Person(username="ben.ortiz@example.com", first="Ben", last="Ortiz", email="ben.ortiz@example.com"),
    Person(username="chloe.park@example.com", first="Chloe", last="Park", email="chloe.park@example.com"),
    Person(username="dev.rao@example.com", first="Dev", last="Rao", email="dev.rao@example.com"),
    Person(
        username="emil.voss@example.com",
        first="Emil",
        last="Voss",
        email="emil.voss@example.com",
        active=False,
    ),
)
DEFAULT_STAGES: tuple[Stage, ...] = tuple(
    Stage(
        name=name, label=name, probability=float(chance), forecast_category=category, closed=closed, won=won
    )
    for name, chance, category, closed, won in STAGES
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """An org before anybody worked in it."""

    organization_id: str = "00D000000000001EAA"
    name: str = "Tandem Rehearsal"
    is_sandbox: bool = False
    people: tuple[Person, ...] = PEOPLE
    apps: tuple[App, ...] = (App(),)
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    daily_calls: int = 100_000
    #: fields whose history is tracked, as people who have worked in an org for a while set it
    tracked: tuple[str, ...] = ("Account.OwnerId",)


def plant(org: Org, seed: Seed) -> None:
    """Fill an empty org."""
    with org.state.transaction():
        _plant(org, seed)


def _plant(org: Org, seed: Seed) -> None:
    org.load(
        "Organization",
        [
            {
                "Id": seed.organization_id,
                "Name": seed.name,
                "Country": "US",
                "PrimaryContact": f"{seed.people[0].first} {seed.people[0].last}",
                "DefaultLocaleSidKey": "en_US",
                "TimeZoneSidKey": "GMT",
                "LanguageLocaleKey": "en_US",
                "FiscalYearStartMonth": 1,
                "DefaultAccountAccess": "Edit",
                "DefaultOpportunityAccess": "Edit",
                "SignupCountryIsoCode": "US",
                "OrganizationType": "Enterprise Edition",
                "InstanceName": "EMU1",
                "IsSandbox": seed.is_sandbox,
            }
        ],
    )
    profiles = {
        name: org.load("Profile", [{"Name": name, "UserType": "Standard", **_rights(name)}])[0]
        for name in (ADMINISTRATOR, STANDARD)
    }
    for name, profile_id in profiles.items():
        # Every profile owns a hidden permission set, named X and its id (Salesforce: PermissionSet).
        org.load(
            "PermissionSet",
            [{"Name": f"X{profile_id}", "Label": f"00e{name}", "ProfileId": profile_id, **_rights(name)}],
        )
    org.load("User", [_user(person, profiles) for person in seed.people])
    definitions.put_stages(org, seed.stages)
    org.configure(daily_calls=seed.daily_calls, tracked=seed.tracked)
    for app in seed.apps:
        org.sessions.register(client_id=app.client_id, client_secret=app.client_secret, run_as=app.run_as)


def _rights(profile: str) -> dict[str, bool]:
    every = profile == ADMINISTRATOR
    return {
        f"Permissions{name}": name == "ApiEnabled" or (every and name not in _ADMIN_RIGHTS)
        for name, _ in RIGHTS
    }


def _user(person: Person, profiles: dict[str, str]) -> dict[str, object]:
    return {
        "Username": person.username,
        "FirstName": person.first,
        "LastName": person.last,
        "Email": person.email,
        "Title": person.title,
        "Alias": (person.first[:1] + person.last[:4]).lower(),
        "CommunityNickname": person.username.split("@", 1)[0],
        "IsActive": person.active,
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "LanguageLocaleKey": "en_US",
        "ProfileId": profiles[person.profile],
        "UserType": "Standard",
    }


def record_id(prefix: str, number: int) -> str:
    """Return a readable fixed id for tests, e.g. ``record_id("001", 7)`` -> ``001000000000007AAA``."""
    short = f"{prefix}{number:012d}"
    return short + checksum(short)
