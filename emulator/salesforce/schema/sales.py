"""Account, Contact and Task, as a fresh org has them.

Names, types and lengths: Salesforce, Object Reference.
"""

from __future__ import annotations

from emulator.salesforce.schema.fields import (
    SOURCES,
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
    table,
    text,
    textarea,
    viewed,
)
from emulator.salesforce.schema.model import SObject

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
_INDUSTRIES = (
    "Agriculture,Apparel,Banking,Biotechnology,Chemicals,Communications,Construction,Consulting,Education,"
    "Electronics,Energy,Engineering,Entertainment,Environmental,Finance,Food & Beverage,Government,Healthcare,"
    "Hospitality,Insurance,Machinery,Manufacturing,Media,Not For Profit,Other,Recreation,Retail,Shipping,"
    "Technology,Telecommunications,Transportation,Utilities"
).split(",")


ACCOUNT = SObject(
    name="Account",
    label="Account",
    plural="Accounts",
    prefix="001",
    mergeable=True,
    feed_enabled=True,
    fields=table(
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
        picklist("AccountSource", "Account Source", SOURCES),
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
    fields=table(
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
        picklist("LeadSource", "Lead Source", SOURCES, 255),
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

TASK = SObject(
    name="Task",
    label="Task",
    plural="Tasks",
    prefix="00T",
    feed_enabled=True,
    fields=table(
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

OBJECTS = (ACCOUNT, CONTACT, TASK)
