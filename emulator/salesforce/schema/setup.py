"""Users, rights and the organisation itself. Names, types and lengths: Salesforce, Object Reference."""

from __future__ import annotations

from dataclasses import replace

from emulator.salesforce.schema.fields import (
    address,
    audit,
    fixed,
    integer,
    is_deleted,
    of_type,
    picklist,
    record_id,
    reference,
    table,
    text,
    textarea,
)
from emulator.salesforce.schema.model import Field, SObject

#: rights that a profile or a permission set may carry: API name without ``Permissions``, label
RIGHTS: tuple[tuple[str, str], ...] = (
    ("ApiEnabled", "API Enabled"),
    ("ModifyAllData", "Modify All Data"),
    ("ViewAllData", "View All Data"),
    ("ViewSetup", "View Setup and Configuration"),
    ("CustomizeApplication", "Customize Application"),
    ("ModifyMetadata", "Modify Metadata Through Metadata API Functions"),
    ("ManageProfilesPermissionsets", "Manage Profiles and Permission Sets"),
    ("ManageUsers", "Manage Internal Users"),
    ("AssignPermissionSets", "Assign Permission Sets"),
    ("BulkApiHardDelete", "Bulk API Hard Delete"),
    ("UpdateWithInactiveOwner", "Update Records with Inactive Owners"),
    ("CreateAuditFields", "Set Audit Fields upon Record Creation"),
)
_LANGUAGES = ("en_US|English", "de|German", "es|Spanish", "fr|French", "it|Italian", "ja|Japanese")
_ZONES = ("America/Los_Angeles", "America/New_York", "Europe/Berlin", "Europe/London", "Asia/Tokyo", "GMT")
_LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "ja_JP")


def _flags(*pairs: tuple[str, str], **more: object) -> tuple[Field, ...]:
    return tuple(of_type("boolean", name, label, permissionable=False, **more) for name, label in pairs)


def _fixed_flags(*pairs: tuple[str, str]) -> tuple[Field, ...]:
    return tuple(fixed(of_type("boolean", name, label)) for name, label in pairs)


def _rights() -> tuple[Field, ...]:
    return _flags(*((f"Permissions{name}", label) for name, label in RIGHTS))


USER = SObject(
    name="User",
    label="User",
    plural="Users",
    prefix="005",
    deletable=False,
    undeletable=False,
    fields=table(
        record_id("User ID"),
        text("Username", "Username", 80, nillable=False, permissionable=False, id_lookup=True, unique=False),
        text("LastName", "Last Name", 80, nillable=False, permissionable=False, compound="Name"),
        text("FirstName", "First Name", 40, permissionable=False, compound="Name"),
        fixed(text("Name", "Full Name", 121, nillable=False, name_field=True, extra_type="personname")),
        text("CompanyName", "Company Name", 80),
        text("Division", "Division", 80),
        text("Department", "Department", 80),
        text("Title", "Title", 80),
        *address("", ""),
        of_type("email", "Email", "Email", length=128, nillable=False, permissionable=False, id_lookup=True),
        of_type("phone", "Phone", "Phone"),
        text("Alias", "Alias", 8, nillable=False, permissionable=False),
        text("CommunityNickname", "Nickname", 40, nillable=False, permissionable=False),
        *_flags(("IsActive", "Active")),
        picklist(
            "TimeZoneSidKey", "Time Zone", _ZONES, nillable=False, restricted=True, permissionable=False
        ),
        picklist("LocaleSidKey", "Locale", _LOCALES, nillable=False, restricted=True, permissionable=False),
        picklist(
            "EmailEncodingKey",
            "Email Encoding",
            ("UTF-8|Unicode (UTF-8)", "ISO-8859-1"),
            nillable=False,
            restricted=True,
            permissionable=False,
        ),
        reference("ProfileId", "Profile ID", "Profile", "Profile", nillable=False, permissionable=False),
        fixed(picklist("UserType", "User Type", ("Standard", "PowerPartner", "Guest"), restricted=True)),
        picklist(
            "LanguageLocaleKey", "Language", _LANGUAGES, nillable=False, restricted=True, permissionable=False
        ),
        text("EmployeeNumber", "Employee Number", 20),
        reference("ManagerId", "Manager ID", "User", "Manager"),
        fixed(of_type("datetime", "LastLoginDate", "Last Login")),
        *audit(),
        text("FederationIdentifier", "SAML Federation ID", 512),
    ),
)

PROFILE = SObject(
    name="Profile",
    label="Profile",
    plural="Profile",
    prefix="00e",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
    triggerable=False,
    fields=table(
        record_id("Profile ID"),
        text("Name", "Name", 255, nillable=False, permissionable=False, name_field=True, id_lookup=True),
        *_rights(),
        fixed(picklist("UserType", "User Type", ("Standard", "PowerPartner", "Guest"), restricted=True)),
        text("Description", "Description", 255, permissionable=False),
        *audit(),
    ),
)

PERMISSION_SET = SObject(
    name="PermissionSet",
    label="Permission Set",
    plural="Permission Sets",
    prefix="0PS",
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
    triggerable=False,
    fields=table(
        record_id("PermissionSet ID"),
        text(
            "Name",
            "Permission Set Name",
            80,
            nillable=False,
            permissionable=False,
            name_field=True,
            unique=True,
        ),
        text("Label", "Permission Set Label", 80, nillable=False, permissionable=False),
        fixed(of_type("boolean", "IsCustom", "Is Custom")),
        fixed(of_type("boolean", "IsOwnedByProfile", "Is Owned By Profile")),
        fixed(reference("ProfileId", "Profile ID", "Profile", "Profile")),
        *_rights(),
        textarea("Description", "Description", 255, permissionable=False),
        fixed(
            picklist(
                "Type",
                "Permission Set Type",
                ("Regular", "Standard", "Group", "Session", "Profile"),
                restricted=True,
            )
        ),
        fixed(text("NamespacePrefix", "Namespace Prefix", 15)),
        *_flags(("HasActivationRequired", "Has Activation Required")),
        *audit(),
    ),
)

FIELD_PERMISSIONS = SObject(
    name="FieldPermissions",
    label="Field Permissions",
    plural="Field Permissions",
    prefix="01k",
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
    triggerable=False,
    fields=table(
        record_id("Field Permissions ID"),
        reference(
            "ParentId",
            "Parent ID",
            "PermissionSet",
            "Parent",
            nillable=False,
            permissionable=False,
            updateable=False,
        ),
        text("SobjectType", "Sobject Type Name", 40, nillable=False, permissionable=False, updateable=False),
        text("Field", "Field Name", 240, nillable=False, permissionable=False, updateable=False),
        *_flags(("PermissionsEdit", "Edit Field"), ("PermissionsRead", "Read Field")),
        fixed(
            of_type("datetime", "SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True)
        ),
    ),
)

OBJECT_PERMISSIONS = replace(
    FIELD_PERMISSIONS,
    name="ObjectPermissions",
    label="Object Permissions",
    plural="Object Permissions",
    prefix="110",
    fields=table(
        record_id("Object Permissions ID"),
        reference(
            "ParentId",
            "Parent ID",
            "PermissionSet",
            "Parent",
            nillable=False,
            permissionable=False,
            updateable=False,
        ),
        text("SobjectType", "Sobject Type Name", 40, nillable=False, permissionable=False, updateable=False),
        *_flags(
            ("PermissionsCreate", "Create Records"),
            ("PermissionsRead", "Read Records"),
            ("PermissionsEdit", "Edit Records"),
            ("PermissionsDelete", "Delete Records"),
            ("PermissionsViewAllRecords", "Read All Records"),
            ("PermissionsModifyAllRecords", "Edit All Records"),
        ),
        *audit(),
    ),
)

PERMISSION_SET_ASSIGNMENT = replace(
    FIELD_PERMISSIONS,
    name="PermissionSetAssignment",
    label="Permission Set Assignment",
    plural="Permission Set Assignments",
    prefix="0Pa",
    updateable=False,
    fields=table(
        record_id("PermissionSetAssignment ID"),
        reference(
            "PermissionSetId", "Permission Set ID", "PermissionSet", "PermissionSet", permissionable=False
        ),
        reference("AssigneeId", "Assignee ID", "User", "Assignee", nillable=False, permissionable=False),
        fixed(
            of_type("datetime", "SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True)
        ),
        of_type("datetime", "ExpirationDate", "Expiration Date", permissionable=False),
        fixed(of_type("boolean", "IsActive", "Is Active")),
    ),
)

_ACCESS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Account", ("None", "Read", "Edit")),
    ("Contact", ("None", "Read", "Edit", "ControlledByParent")),
    ("Opportunity", ("None", "Read", "Edit")),
    ("Lead", ("None", "Read", "Edit", "ReadEditTransfer")),
    ("Case", ("None", "Read", "Edit", "ReadEditTransfer")),
    ("Calendar", ("HideDetails", "HideDetailsInsert", "ShowDetails")),
    ("Pricebook", ("None", "Read", "ReadSelect")),
    ("Campaign", ("None", "Read", "Edit", "All")),
)

ORGANIZATION = SObject(
    name="Organization",
    label="Organization",
    plural="Organization",
    prefix="00D",
    createable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
    triggerable=False,
    fields=table(
        record_id("Organization ID"),
        text("Name", "Name", 80, nillable=False, permissionable=False, name_field=True),
        text("Division", "Division", 80, permissionable=False),
        *address("", ""),
        of_type("phone", "Phone", "Phone", permissionable=False),
        of_type("phone", "Fax", "Fax", permissionable=False),
        text("PrimaryContact", "Primary Contact", 80, permissionable=False),
        picklist("DefaultLocaleSidKey", "Locale", _LOCALES, nillable=False, restricted=True),
        picklist("TimeZoneSidKey", "Time Zone", _ZONES, nillable=False, restricted=True),
        picklist("LanguageLocaleKey", "Language", _LANGUAGES, nillable=False, restricted=True),
        *_fixed_flags(
            ("ReceivesInfoEmails", "Info Emails"),
            ("ReceivesAdminInfoEmails", "Info Emails Admin"),
            ("PreferencesRequireOpportunityProducts", "RequireOpportunityProducts"),
            ("PreferencesTransactionSecurityPolicy", "TransactionSecurityPolicy"),
            ("PreferencesTerminateOldestSession", "TerminateOldestSession"),
            ("PreferencesConsentManagementEnabled", "ConsentManagementEnabled"),
            ("PreferencesAutoSelectIndividualOnMerge", "AutoSelectIndividualOnMerge"),
            ("PreferencesLightningLoginEnabled", "LightningLoginEnabled"),
            ("PreferencesOnlyLLPermUserAllowed", "OnlyLLPermUserAllowed"),
        ),
        fixed(integer("FiscalYearStartMonth", "Fiscal Year Starts In", 9)),
        fixed(of_type("boolean", "UsesStartDateAsFiscalYearName", "Fiscal Year Name by Start")),
        *(
            fixed(picklist(f"Default{name}Access", f"Default {name} Access", values, restricted=True))
            for name, values in _ACCESS
        ),
        fixed(of_type("email", "ComplianceBccEmail", "Compliance BCC Email")),
        fixed(picklist("UiSkin", "UI Skin", ("Theme1", "Theme2", "Theme3"), restricted=True)),
        fixed(integer("NumKnowledgeService", "Knowledge Licenses", 9)),
        fixed(text("WebToCaseDefaultOrigin", "Web to Cases Default Origin", 40)),
        fixed(integer("MonthlyPageViewsUsed", "Monthly Page Views Used", 9)),
        fixed(integer("MonthlyPageViewsEntitlement", "Monthly Page Views Allowed", 9)),
        fixed(text("SignupCountryIsoCode", "Signup Country", 2)),
        fixed(of_type("datetime", "TrialExpirationDate", "Trial Expiration Date")),
        fixed(
            picklist(
                "OrganizationType",
                "Edition",
                ("Developer Edition", "Enterprise Edition", "Unlimited Edition", "Professional Edition"),
                restricted=True,
            )
        ),
        fixed(text("NamespacePrefix", "Namespace Prefix", 15)),
        fixed(text("InstanceName", "Instance Name", 5)),
        fixed(of_type("boolean", "IsSandbox", "Is Sandbox")),
        fixed(of_type("boolean", "IsReadOnly", "Is Read Only")),
        *audit(),
    ),
)

RECORD_TYPE = SObject(
    name="RecordType",
    label="Record Type",
    plural="Record Types",
    prefix="012",
    deletable=False,
    undeletable=False,
    searchable=False,
    layoutable=False,
    triggerable=False,
    fields=table(
        record_id("Record Type ID"),
        text("Name", "Name", 80, nillable=False, permissionable=False, name_field=True),
        text("DeveloperName", "Record Type Name", 80, nillable=False, permissionable=False),
        fixed(text("NamespacePrefix", "Namespace Prefix", 15)),
        text("Description", "Description", 255, permissionable=False),
        text("SobjectType", "SObject Type Name", 40, nillable=False, permissionable=False),
        *_flags(("IsActive", "Active")),
        *audit(),
    ),
)


def _history(name: str, label: str, parent: str, prefix: str) -> SObject:
    """An object that keeps what tracked fields were before: the old and the new value have any type."""

    def value(field: str, spoken: str) -> Field:
        whole = fixed(Field(name=field, label=spoken, type="anyType"))
        return replace(
            whole, length=255, filterable=False, sortable=False, groupable=False, aggregatable=False
        )

    return replace(
        PROFILE,
        name=name,
        label=label,
        plural=label,
        prefix=prefix,
        replicateable=True,
        fields=table(
            record_id("History ID"),
            is_deleted(),
            fixed(reference(f"{parent}Id", f"{parent} ID", parent, parent, nillable=False)),
            fixed(reference("CreatedById", "Created By ID", "User", "CreatedBy", nillable=False)),
            fixed(of_type("datetime", "CreatedDate", "Created Date", nillable=False)),
            fixed(text("Field", "Changed Field", 255, nillable=False)),
            fixed(text("DataType", "Datatype", 40)),
            value("OldValue", "Old Value"),
            value("NewValue", "New Value"),
        ),
    )


OBJECTS = (
    ORGANIZATION,
    USER,
    PROFILE,
    PERMISSION_SET,
    FIELD_PERMISSIONS,
    OBJECT_PERMISSIONS,
    PERMISSION_SET_ASSIGNMENT,
    RECORD_TYPE,
    _history("AccountHistory", "Account History", "Account", "017"),
    _history("OpportunityFieldHistory", "Opportunity Field History", "Opportunity", "017"),
)
