"""Account, Contact, Opportunity and what hangs on them, as a fresh org has them.

Names, types and lengths: Salesforce, Object Reference.
"""

from __future__ import annotations

from dataclasses import replace

from emulator.salesforce.schema.fields import (
    address,
    audit,
    choices,
    fixed,
    integer,
    is_deleted,
    number,
    of_type,
    owner,
    picklist,
    record_id,
    reference,
    text,
    textarea,
    viewed,
)
from emulator.salesforce.schema.model import Field, SObject

_CLEAN = (
    "Matched|In Sync",
    "Different",
    "Acknowledged|Reviewed",
    "NotFound|Not Found",
    "Inactive",
    "Pending|Not Compared",
    "SelectMatch|Select Match",
    "Skipped",
)
_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
_INDUSTRIES = (
    "Agriculture,Apparel,Banking,Biotechnology,Chemicals,Communications,Construction,Consulting,Education,"
    "Electronics,Energy,Engineering,Entertainment,Environmental,Finance,Food & Beverage,Government,Healthcare,"
    "Hospitality,Insurance,Machinery,Manufacturing,Media,Not For Profit,Other,Recreation,Retail,Shipping,"
    "Technology,Telecommunications,Transportation,Utilities"
).split(",")
#: the stages of a fresh org: label, probability, forecast category, closed, won
STAGES: tuple[tuple[str, int, str, bool, bool], ...] = (
    ("Prospecting", 10, "Pipeline", False, False),
    ("Qualification", 10, "Pipeline", False, False),
    ("Needs Analysis", 20, "Pipeline", False, False),
    ("Value Proposition", 50, "Pipeline", False, False),
    ("Id. Decision Makers", 60, "Pipeline", False, False),
    ("Perception Analysis", 70, "Pipeline", False, False),
    ("Proposal/Price Quote", 75, "Pipeline", False, False),
    ("Negotiation/Review", 90, "Pipeline", False, False),
    ("Closed Won", 100, "Closed", True, True),
    ("Closed Lost", 0, "Omitted", True, False),
)
_FORECAST = (
    "Omitted",
    "Pipeline",
    "BestCase|Best Case",
    "MostLikely|Most Likely",
    "Forecast|Commit",
    "Closed",
)
_FORECAST_NAMES = ("Omitted", "Pipeline", "Best Case", "Commit", "Closed")


def _table(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


ACCOUNT = SObject(
    name="Account",
    label="Account",
    plural="Accounts",
    prefix="001",
    mergeable=True,
    feed_enabled=True,
    fields=_table(
        record_id("Account ID"),
        is_deleted(),
        fixed(reference("MasterRecordId", "Master Record ID", "Account", "MasterRecord")),
        text(
            "Name",
            "Account Name",
            255,
            nillable=False,
            permissionable=False,
            name_field=True,
            compound="Name",
            extra_type="switchablepersonname",
        ),
        picklist(
            "Type",
            "Account Type",
            (
                "Prospect",
                "Customer - Direct",
                "Customer - Channel",
                "Channel Partner / Reseller",
                "Installation Partner",
                "Technology Partner",
                "Other",
            ),
        ),
        reference("RecordTypeId", "Record Type ID", "RecordType", "RecordType", permissionable=False),
        reference("ParentId", "Parent Account ID", "Account", "Parent"),
        *address("Billing", "Billing"),
        *address("Shipping", "Shipping"),
        of_type("phone", "Phone", "Account Phone"),
        of_type("phone", "Fax", "Account Fax"),
        text("AccountNumber", "Account Number", 40),
        of_type("url", "Website", "Website"),
        fixed(of_type("url", "PhotoUrl", "Photo URL", extra_type="imageurl")),
        text("Sic", "SIC Code", 20),
        picklist("Industry", "Industry", _INDUSTRIES),
        number("currency", "AnnualRevenue", "Annual Revenue", 18, 0),
        integer("NumberOfEmployees", "Employees"),
        picklist("Ownership", "Ownership", ("Public", "Private", "Subsidiary", "Other")),
        text("TickerSymbol", "Ticker Symbol", 20),
        textarea("Description", "Account Description", 32000),
        picklist("Rating", "Account Rating", ("Hot", "Warm", "Cold")),
        text("Site", "Account Site", 80),
        owner(),
        *audit(),
        fixed(of_type("date", "LastActivityDate", "Last Activity")),
        *viewed(),
        text("Jigsaw", "Data.com Key", 20),
        fixed(text("JigsawCompanyId", "Jigsaw Company ID", 20, relationship="JigsawCompany")),
        picklist("CleanStatus", "Clean Status", _CLEAN, restricted=True),
        picklist("AccountSource", "Account Source", _SOURCES),
        text("DunsNumber", "D-U-N-S Number", 9),
        text("Tradestyle", "Tradestyle", 255),
        text("NaicsCode", "NAICS Code", 8),
        text("NaicsDesc", "NAICS Description", 120),
        text("YearStarted", "Year Started", 4),
        text("SicDesc", "SIC Description", 80),
    ),
)

CONTACT = SObject(
    name="Contact",
    label="Contact",
    plural="Contacts",
    prefix="003",
    mergeable=True,
    feed_enabled=True,
    fields=_table(
        record_id("Contact ID"),
        is_deleted(),
        fixed(reference("MasterRecordId", "Master Record ID", "Contact", "MasterRecord")),
        reference("AccountId", "Account ID", "Account", "Account"),
        text(
            "LastName",
            "Last Name",
            80,
            nillable=False,
            permissionable=False,
            compound="Name",
            extra_type="personname",
        ),
        text("FirstName", "First Name", 40, permissionable=False, compound="Name", extra_type="personname"),
        picklist(
            "Salutation",
            "Salutation",
            ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
            permissionable=False,
            compound="Name",
            extra_type="personname",
        ),
        fixed(text("Name", "Full Name", 121, nillable=False, name_field=True, extra_type="personname")),
        *address("Other", "Other"),
        *address("Mailing", "Mailing"),
        of_type("phone", "Phone", "Business Phone"),
        of_type("phone", "Fax", "Business Fax"),
        of_type("phone", "MobilePhone", "Mobile Phone"),
        of_type("phone", "HomePhone", "Home Phone"),
        of_type("phone", "OtherPhone", "Other Phone"),
        of_type("phone", "AssistantPhone", "Asst. Phone"),
        reference("ReportsToId", "Reports To ID", "Contact", "ReportsTo"),
        of_type("email", "Email", "Email", id_lookup=True),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        text("AssistantName", "Assistant's Name", 40),
        picklist("LeadSource", "Lead Source", _SOURCES, 255),
        of_type("date", "Birthdate", "Birthdate"),
        textarea("Description", "Contact Description", 32000),
        owner(),
        *audit(),
        fixed(of_type("date", "LastActivityDate", "Last Activity")),
        fixed(of_type("datetime", "LastCURequestDate", "Last Stay-in-Touch Request Date")),
        fixed(of_type("datetime", "LastCUUpdateDate", "Last Stay-in-Touch Save Date")),
        *viewed(),
        text("EmailBouncedReason", "Email Bounced Reason", 255, permissionable=False),
        of_type("datetime", "EmailBouncedDate", "Email Bounced Date", permissionable=False),
        fixed(of_type("boolean", "IsEmailBounced", "Is Email Bounced")),
        fixed(of_type("url", "PhotoUrl", "Photo URL", extra_type="imageurl")),
        text("Jigsaw", "Data.com Key", 20),
        fixed(text("JigsawContactId", "Jigsaw Contact ID", 20, relationship="JigsawContact")),
        picklist("CleanStatus", "Clean Status", _CLEAN, restricted=True),
    ),
)

_STAGE_VALUES = choices(stage[0] for stage in STAGES)

OPPORTUNITY = SObject(
    name="Opportunity",
    label="Opportunity",
    plural="Opportunities",
    prefix="006",
    feed_enabled=True,
    deep_cloneable=True,
    fields=_table(
        record_id("Opportunity ID"),
        is_deleted(),
        reference("AccountId", "Account ID", "Account", "Account"),
        reference("RecordTypeId", "Record Type ID", "RecordType", "RecordType", permissionable=False),
        of_type("boolean", "IsPrivate", "Private"),
        text("Name", "Name", 120, nillable=False, permissionable=False, name_field=True, id_lookup=True),
        textarea("Description", "Description", 32000),
        Field(
            name="StageName",
            label="Stage",
            type="picklist",
            length=255,
            nillable=False,
            permissionable=False,
            values=_STAGE_VALUES,
            value_set="OpportunityStage",
        ),
        number("currency", "Amount", "Amount", 18, 2),
        number("percent", "Probability", "Probability (%)", 3, 0, defaulted_on_create=True),
        replace(
            fixed(number("currency", "ExpectedRevenue", "Expected Amount", 18, 2)),
            permissionable=True,
        ),
        number("double", "TotalOpportunityQuantity", "Quantity", 18, 2),
        of_type("date", "CloseDate", "Close Date", nillable=False, permissionable=False),
        picklist(
            "Type",
            "Opportunity Type",
            (
                "Existing Customer - Upgrade",
                "Existing Customer - Replacement",
                "Existing Customer - Downgrade",
                "New Customer",
            ),
            255,
        ),
        text("NextStep", "Next Step", 255),
        picklist("LeadSource", "Lead Source", _SOURCES, 255),
        fixed(of_type("boolean", "IsClosed", "Closed")),
        fixed(of_type("boolean", "IsWon", "Won")),
        replace(
            fixed(picklist("ForecastCategory", "Forecast Category", _FORECAST, restricted=True)),
            nillable=False,
        ),
        picklist(
            "ForecastCategoryName",
            "Forecast Category",
            _FORECAST_NAMES,
            255,
            restricted=True,
            defaulted_on_create=True,
            permissionable=False,
        ),
        fixed(of_type("boolean", "HasOpportunityLineItem", "Has Line Item")),
        owner(),
        *audit(),
        fixed(of_type("date", "LastActivityDate", "Last Activity")),
        fixed(of_type("datetime", "LastStageChangeDate", "Last Stage Change Date")),
        fixed(integer("FiscalQuarter", "Fiscal Quarter", compound="Fiscal")),
        fixed(integer("FiscalYear", "Fiscal Year", compound="Fiscal")),
        fixed(text("Fiscal", "Fiscal Period", 6, byte_length=6)),
        replace(
            reference("ContactId", "Contact ID", "Contact", None), updateable=False, permissionable=False
        ),
        *viewed(),
        fixed(of_type("boolean", "HasOpenActivity", "Has Open Activity", filterable=False, sortable=False)),
        fixed(of_type("boolean", "HasOverdueTask", "Has Overdue Task", filterable=False, sortable=False)),
        fixed(
            reference(
                "LastAmountChangedHistoryId",
                "Opportunity History ID",
                "OpportunityHistory",
                "LastAmountChangedHistory",
            )
        ),
        fixed(
            reference(
                "LastCloseDateChangedHistoryId",
                "Opportunity History ID",
                "OpportunityHistory",
                "LastCloseDateChangedHistory",
            )
        ),
    ),
)

OPPORTUNITY_HISTORY = SObject(
    name="OpportunityHistory",
    label="Opportunity History",
    plural="Opportunity History",
    prefix="008",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    searchable=False,
    layoutable=False,
    triggerable=False,
    fields=_table(
        record_id("Opportunity History ID"),
        fixed(reference("OpportunityId", "Opportunity ID", "Opportunity", "Opportunity", nillable=False)),
        fixed(
            reference(
                "CreatedById", "Created By ID", "User", "CreatedBy", nillable=False, defaulted_on_create=True
            )
        ),
        fixed(of_type("datetime", "CreatedDate", "Created Date", nillable=False, defaulted_on_create=True)),
        fixed(
            Field(
                name="StageName",
                label="Stage Name",
                type="picklist",
                length=255,
                nillable=False,
                values=_STAGE_VALUES,
                value_set="OpportunityStage",
            )
        ),
        fixed(number("currency", "Amount", "Amount", 18, 2)),
        fixed(number("currency", "ExpectedRevenue", "Expected Revenue", 18, 2)),
        fixed(of_type("date", "CloseDate", "Close Date")),
        fixed(number("percent", "Probability", "Probability (%)", 3, 0)),
        fixed(picklist("ForecastCategory", "To ForecastCategory", _FORECAST, restricted=True)),
        fixed(reference("PrevForecastUpdate", "Previous Opportunity History ID", "OpportunityHistory", None)),
        fixed(number("currency", "PrevAmount", "Previous Amount", 18, 2)),
        fixed(of_type("date", "PrevCloseDate", "Previous Close Date")),
        fixed(
            of_type("datetime", "SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True)
        ),
        is_deleted(),
    ),
)

OPPORTUNITY_STAGE = SObject(
    name="OpportunityStage",
    label="Opportunity Stage",
    plural="Opportunity Stage",
    prefix="01J",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
    triggerable=False,
    fields=_table(
        record_id("Opportunity Stage Id"),
        fixed(text("MasterLabel", "Master Label", 255, name_field=True)),
        fixed(text("ApiName", "API Name", 255)),
        fixed(of_type("boolean", "IsActive", "Is Active")),
        fixed(integer("SortOrder", "Sort Order", 9)),
        fixed(of_type("boolean", "IsClosed", "Closed")),
        fixed(of_type("boolean", "IsWon", "Won")),
        replace(
            fixed(picklist("ForecastCategory", "Forecast Category", _FORECAST, restricted=True)),
            nillable=False,
        ),
        fixed(
            picklist("ForecastCategoryName", "Forecast Category Name", _FORECAST_NAMES, 255, restricted=True)
        ),
        fixed(number("percent", "DefaultProbability", "Probability (%)", 3, 0)),
        fixed(text("Description", "Description", 255)),
        *audit(),
    ),
)

TASK = SObject(
    name="Task",
    label="Task",
    plural="Tasks",
    prefix="00T",
    feed_enabled=True,
    fields=_table(
        record_id("Activity ID"),
        reference("WhoId", "Name ID", ("Contact",), "Who", polymorphic=True),
        reference("WhatId", "Related To ID", ("Account", "Opportunity"), "What"),
        of_type(
            "combobox", "Subject", "Subject", values=choices(("Call", "Send Letter", "Send Quote", "Other"))
        ),
        of_type("date", "ActivityDate", "Due Date Only"),
        picklist(
            "Status",
            "Status",
            ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"),
            nillable=False,
            defaulted_on_create=True,
            default="Not Started",
            permissionable=False,
        ),
        picklist(
            "Priority",
            "Priority",
            ("High", "Normal", "Low"),
            nillable=False,
            defaulted_on_create=True,
            default="Normal",
            permissionable=False,
        ),
        fixed(of_type("boolean", "IsHighPriority", "High Priority")),
        owner("Assigned To ID", ("Group", "User")),
        textarea("Description", "Description", 32000),
        is_deleted(),
        fixed(reference("AccountId", "Account ID", "Account", "Account")),
        fixed(of_type("boolean", "IsClosed", "Closed")),
        *audit(),
        fixed(of_type("boolean", "IsArchived", "Archived")),
        picklist(
            "TaskSubtype", "Task Subtype", ("Task", "Email", "ListEmail", "Cadence", "Call"), restricted=True
        ),
        fixed(of_type("datetime", "CompletedDateTime", "Completed Date")),
    ),
)

OBJECTS = (ACCOUNT, CONTACT, OPPORTUNITY, OPPORTUNITY_HISTORY, OPPORTUNITY_STAGE, TASK)
