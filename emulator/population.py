"""A plausible world for both emulators: the same companies, spelled by two teams that do not talk enough.

Marketing keeps its list of target accounts in HubSpot; sales works the opportunities in Salesforce. Most companies
are in both, some in one alone, some under another spelling, a few twice. Everything is drawn from one seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from emulator.hubspot.portal import Portal
from emulator.salesforce.data.stamps import stamp
from emulator.salesforce.org import Org

_FIRST = (
    "Alder Amber Anchor Apex Arbor Aspen Atlas Aurora Beacon Birch Blue Bold Bright Cedar Chalk Cinder Clear Cobalt "
    "Coral Crest Delta Drift Echo Elm Ember Falcon Fern Flint Forge Fox Glade Granite Grove Harbor Haven Hazel Helio "
    "Iron Ivory Juniper Kestrel Lantern Lark Linden Lumen Maple Marble Meadow Mesa Mint North Nova Oak Onyx Orchard "
    "Osprey Pine Quarry Quill Raven Red Ridge River Rowan Sable Sage Sienna Silver Slate Solar Spruce Sterling Stone "
    "Summit Tamarack Teal Terra Thistle Timber Umber Vale Vector Verdant Vista Walnut Wharf Willow Wren Zephyr"
).split()
_SECOND = (
    "Analytics Biologics Capital Chemicals Clinics Cloud Components Dairy Dynamics Electric Energy Engineering Farms "
    "Finance Foods Freight Games Glass Health Hotels Insurance Instruments Labs Learning Logistics Machines Marine "
    "Materials Media Medical Metals Mobility Motors Networks Optics Paper Pharma Plastics Power Printing Rail Robotics "
    "Security Semiconductors Shipping Software Solar Sports Steel Studios Systems Telecom Textiles Tools Water"
).split()
_FORMS = ("Inc.", "LLC", "Corp.", "Ltd", "GmbH", "Group", "")
_ENDINGS = ("com", "com", "com", "io", "net", "co.uk", "de")
_PLACES = (
    ("Boston", "US"),
    ("Austin", "US"),
    ("Denver", "US"),
    ("London", "GB"),
    ("Berlin", "DE"),
    ("Toronto", "CA"),
)
_PEOPLE = (
    ("ada.marsh@example.com", "Ada", "Marsh", False),
    ("ben.ortiz@example.com", "Ben", "Ortiz", False),
    ("chloe.park@example.com", "Chloe", "Park", False),
    ("dev.rao@example.com", "Dev", "Rao", False),
    ("emil.voss@example.com", "Emil", "Voss", True),
)
#: Deal to company: primary, and the unlabelled type that comes with it (HubSpot: associations).
_PRIMARY = (5, 341)
_TIERS = ("tier_1", "tier_2", "tier_3")
_DEAL_STAGES = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
)
_STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Won",
    "Closed Lost",
    "Closed Lost",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Company:
    """One company as it really is, and where it is known."""

    name: str
    domain: str
    city: str
    country: str
    owner: str
    in_salesforce: bool
    in_hubspot: bool
    #: On marketing's list, with this tier; None where it is not on the list.
    tier: str | None


def companies(count: int, random: Random) -> list[Company]:
    """``count`` companies with distinct names and domains."""
    pairs = [(first, second) for first in _FIRST for second in _SECOND]
    random.shuffle(pairs)
    made: list[Company] = []
    for number in range(count):
        first, second = pairs[number % len(pairs)]
        tail = "" if number < len(pairs) else f" {number // len(pairs) + 1}"
        where = random.random()
        city, country = random.choice(_PLACES)
        form = random.choice(_FORMS)
        stem = f"{first}{second}{tail}".replace(" ", "").lower()
        targeted = random.random() < 0.4
        made.append(
            Company(
                name=f"{first} {second}{tail} {form}".strip(),
                domain=f"{stem}.{random.choice(_ENDINGS)}",
                city=city,
                country=country,
                # Whoever left still owns a few accounts, but none that anybody works on.
                owner=random.choices(_PEOPLE, (25, 25, 25, 22, 0 if targeted else 5))[0][0],
                in_salesforce=where < 0.93,
                in_hubspot=where > 0.08,
                tier=random.choices(_TIERS, (1, 3, 5))[0] if targeted else None,
            )
        )
    return made


def populate(org: Org, portal: Portal, *, accounts: int = 300, seed: int = 7) -> None:
    """Fill both servers; one that holds accounts already (a kept state) is left as it is."""
    random = Random(seed)
    world = companies(accounts, random)
    if org.store.table("Account").rows or len(portal.shelf("companies").records):
        return
    with portal.state.transaction():
        _fill_portal(portal, world, random)
    with org.state.transaction():
        _fill_org(org, world, random)
    org.state.mark()
    portal.state.mark()


def _fill_org(org: Org, world: Sequence[Company], random: Random) -> None:
    now = org.clock.now()
    users = {str(row["Email"]).lower(): str(row["Id"]) for row in org.store.rows("User")}
    known = [company for company in world if company.in_salesforce]
    rows = [
        {
            "Name": _spelled(company.name, random),
            "Website": _website(company.domain, random),
            "BillingCity": company.city,
            "BillingCountry": company.country,
            "OwnerId": users[company.owner],
            **_stamped(now - timedelta(days=random.randint(20, 400))),
        }
        for company in known
    ]
    # Two people entered the same company, twice.
    worked = [index for index, company in enumerate(known) if company.tier is not None and company.in_hubspot]
    twice = random.sample(worked, k=min(2, len(worked)))
    rows += [{**rows[index], "Name": f"{known[index].name} (old)"} for index in twice]
    ids = org.load("Account", rows)
    org.load("Opportunity", list(_opportunities(known, ids, users, now, random)))


def _stamped(at: datetime) -> dict[str, str]:
    return dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp(at))


def _opportunities(
    known: Sequence[Company], ids: Sequence[str], users: dict[str, str], now: datetime, random: Random
) -> Iterator[dict[str, object]]:
    for company, account_id in zip(known, ids, strict=False):
        chance = {"tier_1": 0.9, "tier_2": 0.7, "tier_3": 0.5, None: 0.3}[company.tier]
        while random.random() < chance:
            stage = random.choice(_STAGES)
            days = random.randint(-120, -1) if stage.startswith("Closed") else random.randint(5, 120)
            size = {"tier_1": 90_000, "tier_2": 40_000, "tier_3": 15_000, None: 12_000}[company.tier]
            yield {
                "Name": f"{company.name} {random.choice(('pilot', 'rollout', 'renewal', 'expansion'))}",
                "AccountId": account_id,
                "StageName": stage,
                "Amount": float(round(size * random.uniform(0.4, 1.8), -2)),
                "CloseDate": (now + timedelta(days=days)).date().isoformat(),
                "OwnerId": users[company.owner],
                **_stamped(now - timedelta(days=random.randint(1, 15))),
            }
            chance *= 0.4


def _fill_portal(portal: Portal, world: Sequence[Company], random: Random) -> None:
    now = portal.clock.now()
    owners = {
        email: portal.add_owner(email=email, first=first, last=last, archived=archived)["id"]
        for email, first, last, archived in _PEOPLE
    }
    known = [company for company in world if company.in_hubspot]
    rows: list[dict[str, str]] = []
    for company in known:
        row = {
            "name": _spelled(company.name, random),
            "domain": company.domain,
            "city": company.city,
            "country": company.country,
            "hs_lastmodifieddate": _instant(now - timedelta(days=random.randint(20, 400))),
        }
        # Marketing sets an owner on half of its companies, not always the one that sales has.
        if random.random() < 0.5 or not company.in_salesforce:
            stranger = random.random() < 0.2
            row["hubspot_owner_id"] = owners[random.choice(_PEOPLE[:4])[0] if stranger else company.owner]
        if company.tier is not None:
            row["hs_is_target_account"] = "true"
            row["hs_ideal_customer_profile"] = company.tier
        rows.append(row)
    ids = portal.load("companies", rows)
    _deals(portal, known, ids, owners, now.date(), random)


def _deals(
    portal: Portal,
    known: Sequence[Company],
    ids: Sequence[str],
    owners: dict[str, str],
    today: date,
    random: Random,
) -> None:
    """Self-service deals that never went through sales."""
    buyers = [(company, id) for company, id in zip(known, ids, strict=True) if random.random() < 0.15]
    rows = []
    for company, _ in buyers:
        stage = random.choice(_DEAL_STAGES)
        close = today + timedelta(days=random.randint(-60, 60))
        rows.append(
            {
                "dealname": f"{company.name} self-service",
                "dealstage": stage,
                "pipeline": "default",
                "amount": str(round(random.uniform(500, 9_000))),
                "closedate": f"{close.isoformat()}T00:00:00Z",
                "hubspot_owner_id": owners[company.owner],
            }
        )
    for (_, company_id), deal_id in zip(buyers, portal.load("deals", rows), strict=True):
        portal.associate("deals", deal_id, "companies", company_id, _PRIMARY)


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _spelled(name: str, random: Random) -> str:
    """The name as somebody typed it."""
    kind = random.random()
    if kind < 0.7:
        return name
    stem = name.rsplit(" ", 1)[0] if name.endswith((".", "LLC", "Ltd", "GmbH", "Group")) else name
    return stem if kind < 0.85 else name.upper() if kind < 0.92 else f"The {stem} Company"


def _website(domain: str, random: Random) -> str:
    """The website as somebody typed it."""
    return random.choice(
        (
            f"https://www.{domain}",
            f"www.{domain}",
            domain,
            f"http://{domain}/",
            f"https://{domain}/en",
            domain.upper(),
        )
    )
