"""Opportunity, its stages and its history, as a fresh org has them.

Names, types and lengths: Salesforce, Object Reference.
"""

from __future__ import annotations

from dataclasses import replace

from emulator.salesforce.schema.fields import (
    SOURCES,
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
from emulator.salesforce.schema.model import Field, SObject

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

_STAGE_VALUES = choices(stage[0] for stage in STAGES)

OPPORTUNITY = SObject(
    name="Opportunity",
    label="Opportunity",
    plural="Opportunities",
    prefix="006",
    feed_enabled=True,
    deep_cloneable=True,
    fields=table(
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
        picklist("LeadSource", "Lead Source", SOURCES, 255),
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
    fields=table(
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
    fields=table(
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

OBJECTS = (OPPORTUNITY, OPPORTUNITY_HISTORY, OPPORTUNITY_STAGE)
