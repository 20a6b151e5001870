"""What a fresh portal has: HubSpot's own properties, groups and stages, as far as account work meets them.

Names, types and read-only marks are HubSpot's. The list is a choice, not the whole of the several hundred.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.hubspot.data.industries import INDUSTRIES


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """One kind of record, with the names that the API knows it by."""

    name: str
    singular: str
    type_id: str
    legacy: str
    modified: str
    shown: tuple[str, ...]
    searched: tuple[str, ...]
    first_id: int
    title: str

    def names(self) -> frozenset[str]:
        """Every spelling that a path may carry, in lower case."""
        return frozenset({self.name, self.singular, self.type_id, self.legacy.lower()})


COMPANIES = ObjectType(
    name="companies",
    singular="company",
    type_id="0-2",
    legacy="COMPANY",
    modified="hs_lastmodifieddate",
    shown=("name", "domain"),
    searched=("website", "phone", "name", "domain"),
    first_id=27_300_000_001,
    title="name",
)
CONTACTS = ObjectType(
    name="contacts",
    singular="contact",
    type_id="0-1",
    legacy="CONTACT",
    modified="lastmodifieddate",
    shown=("email", "firstname", "lastname"),
    searched=("firstname", "lastname", "email", "phone", "company"),
    first_id=97_100_000_001,
    title="email",
)
DEALS = ObjectType(
    name="deals",
    singular="deal",
    type_id="0-3",
    legacy="DEAL",
    modified="hs_lastmodifieddate",
    shown=("amount", "closedate", "dealname", "dealstage", "pipeline"),
    searched=("dealname", "pipeline", "dealstage", "description", "dealtype"),
    first_id=38_500_000_001,
    title="dealname",
)
OBJECT_TYPES = (COMPANIES, CONTACTS, DEALS)

_READ_ONLY = "!"
_OUTSIDE = "@"
_UNIQUE = "="

# name | type/fieldType, then ! for a value that HubSpot alone sets, @ for options that live elsewhere | label
_EVERYWHERE = """
createdate|datetime/date!|Create Date
hs_object_id|number/number!|Record ID
hs_merged_object_ids|enumeration/checkbox!|Merged object IDs
hs_updated_by_user_id|number/number!|Updated by user ID
hs_created_by_user_id|number/number!|Created by user ID
hs_object_source|string/text!|Record creation source
hs_object_source_id|string/text!|Record creation source ID
hs_object_source_label|string/text!|Record source
hs_object_source_user_id|number/number!|Record creation source user ID
hubspot_owner_id|enumeration/select@|Owner
hubspot_owner_assigneddate|datetime/date!|Owner Assigned Date
hubspot_team_id|enumeration/select!@|HubSpot Team
notes_last_contacted|datetime/date!|Last Contacted
notes_last_updated|datetime/date!|Last Activity Date
num_notes|number/number!|Number of Sales Activities
"""
_COMPANY = """
name|string/text|Company name
domain|string/text|Company Domain Name
hs_additional_domains|string/text|Additional Domains
website|string/text|Website URL
phone|string/text|Phone Number
address|string/text|Street Address
city|string/text|City
state|string/text|State/Region
zip|string/text|Postal Code
country|string/text|Country/Region
timezone|string/text|Time Zone
description|string/textarea|Description
founded_year|string/text|Year Founded
linkedin_company_page|string/text|LinkedIn Company Page
numberofemployees|number/number|Number of Employees
annualrevenue|number/number|Annual Revenue
is_public|bool/booleancheckbox|Is Public
closedate|datetime/date|Close Date
hs_lastmodifieddate|datetime/date!|Last Modified Date
hs_parent_company_id|number/number!|Parent Company
num_associated_contacts|number/number!|Number of Associated Contacts
num_associated_deals|number/number!|Number of Associated Deals
"""
_CONTACT = """
firstname|string/text|First Name
lastname|string/text|Last Name
email|string/text=|Email
phone|string/text|Phone Number
mobilephone|string/text|Mobile Phone Number
jobtitle|string/text|Job Title
company|string/text|Company Name
website|string/text|Website URL
city|string/text|City
country|string/text|Country/Region
lastmodifieddate|datetime/date!|Last Modified Date
associatedcompanyid|number/number!|Primary Associated Company ID
hs_associated_target_accounts|number/number!|Associated Target Accounts
hs_calculated_merged_vids|string/text!|Merged vids with timestamps of a contact
"""
_DEAL = """
dealname|string/text|Deal Name
amount|number/number|Amount
amount_in_home_currency|number/calculation_equation!|Amount in company currency
closedate|datetime/date|Close Date
hs_createdate|datetime/date!|HubSpot Create Date
hs_lastmodifieddate|datetime/date!|Last Modified Date
dealstage|enumeration/radio@|Deal Stage
pipeline|enumeration/select@|Pipeline
description|string/textarea|Deal Description
closed_lost_reason|string/textarea|Closed Lost Reason
closed_won_reason|string/textarea|Closed Won Reason
hs_is_closed|bool/calculation_equation!|Is Deal Closed?
hs_is_closed_won|bool/calculation_equation!|Is Closed Won
hs_is_closed_lost|bool/calculation_equation!|Is Closed Lost
hs_deal_stage_probability|number/calculation_equation!|Deal Stage Probability
hs_v2_date_entered_current_stage|datetime/date!|Date entered current stage
num_associated_contacts|number/number!|Number of Associated Contacts
"""

LIFECYCLE = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
_LEAD_STATUS = (
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In Progress"),
    ("OPEN_DEAL", "Open Deal"),
    ("UNQUALIFIED", "Unqualified"),
    ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
    ("CONNECTED", "Connected"),
    ("BAD_TIMING", "Bad Timing"),
)
_COMPANY_TYPE = (
    ("PROSPECT", "Prospect"),
    ("PARTNER", "Partner"),
    ("RESELLER", "Reseller"),
    ("VENDOR", "Vendor"),
    ("OTHER", "Other"),
)
_BUYING_ROLE = (
    ("BLOCKER", "Blocker"),
    ("BUDGET_HOLDER", "Budget Holder"),
    ("CHAMPION", "Champion"),
    ("DECISION_MAKER", "Decision Maker"),
    ("END_USER", "End User"),
    ("INFLUENCER", "Influencer"),
)
TIERS = (("tier_1", "Tier 1"), ("tier_2", "Tier 2"), ("tier_3", "Tier 3"))
YES_NO = (("true", "Yes"), ("false", "No"))

GROUPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "companies": (("companyinformation", "Company information"),),
    "contacts": (("contactinformation", "Contact information"),),
    "deals": (("dealinformation", "Deal information"),),
}


def options_of(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    """Options as the API writes them, from (value, label) pairs."""
    return [
        {"label": label, "value": value, "displayOrder": order, "hidden": False}
        for order, (value, label) in enumerate(pairs)
    ]


def properties(object_type: ObjectType, *, abm: bool) -> Iterator[dict[str, Any]]:
    """The property specs of a fresh portal; `abm` adds the target account flag and the ICP tier of companies."""
    group = GROUPS[object_type.name][0][0]
    lines = _EVERYWHERE + {"companies": _COMPANY, "contacts": _CONTACT, "deals": _DEAL}[object_type.name]
    for line in filter(None, lines.splitlines()):
        name, kind, label = line.split("|")
        # A deal's createdate may be set, so that imported deals keep their age.
        writable = object_type is DEALS and name == "createdate"
        yield _spec(name, kind.rstrip(_READ_ONLY) if writable else kind, label, group)
    if object_type is DEALS:
        yield _choice(
            "dealtype",
            "radio",
            "Deal Type",
            group,
            (("newbusiness", "New Business"), ("existingbusiness", "Existing Business")),
        )
        return
    yield _choice("lifecyclestage", "radio", "Lifecycle Stage", group, LIFECYCLE)
    yield _choice("hs_lead_status", "radio", "Lead Status", group, _LEAD_STATUS)
    if object_type is CONTACTS:
        yield _choice("hs_buying_role", "checkbox", "Buying Role", group, _BUYING_ROLE)
        return
    yield _choice("industry", "select", "Industry", group, INDUSTRIES)
    yield _choice("type", "select", "Type", group, _COMPANY_TYPE)
    if abm:
        yield _spec("hs_is_target_account", "bool/booleancheckbox", "Target Account", group)
        yield _choice("hs_ideal_customer_profile", "select", "Ideal Customer Profile Tier", group, TIERS)


def stage_date(name: str, label: str, group: str) -> dict[str, Any]:
    """The read-only datetime that HubSpot keeps per stage."""
    return _spec(name, "datetime/date!", label, group)


def _spec(name: str, kind: str, label: str, group: str) -> dict[str, Any]:
    read_only, outside, unique = (mark in kind for mark in (_READ_ONLY, _OUTSIDE, _UNIQUE))
    type_name, field_type = kind.rstrip(_READ_ONLY + _OUTSIDE + _UNIQUE).split("/")
    return {
        "name": name,
        "label": label,
        "type": type_name,
        "fieldType": field_type,
        "groupName": group,
        "description": "",
        "externalOptions": outside,
        **({"referencedObjectType": "OWNER"} if name == "hubspot_owner_id" else {}),
        "hasUniqueValue": unique,
        "calculated": field_type == "calculation_equation" or name == "hs_object_id",
        "formField": not read_only,
        "options": options_of(YES_NO) if type_name == "bool" else [],
        "modificationMetadata": {
            "archivable": False,
            "readOnlyDefinition": True,
            "readOnlyOptions": True,
            "readOnlyValue": read_only,
        },
    }


def _choice(
    name: str, field_type: str, label: str, group: str, pairs: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    spec = _spec(name, f"enumeration/{field_type}", label, group)
    spec["options"] = options_of(pairs)
    # HubSpot lets administrators add and relabel options of its own enumerations.
    spec["modificationMetadata"]["readOnlyOptions"] = False
    return spec
