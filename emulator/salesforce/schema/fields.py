"""Short makers of fields, so that an object reads as the list of what is particular about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from emulator.salesforce.schema.model import Field, PicklistValue

#: where leads, contacts, accounts and opportunities come from, in a fresh org
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")


def table(*fields: Field) -> dict[str, Field]:
    """File fields under their names, in their order."""
    return {field.name: field for field in fields}


def text(name: str, label: str, length: int, **more: Any) -> Field:
    """A text field."""
    return Field(name=name, label=label, type="string", length=length, **more)


def textarea(name: str, label: str, length: int, **more: Any) -> Field:
    """A text area; a long one (over 255) can be neither filtered nor sorted."""
    short = length <= 255
    flags = {"filterable": short, "sortable": short, "groupable": short, "aggregatable": short}
    return Field(
        name=name,
        label=label,
        type="textarea",
        length=length,
        **{"extra_type": "plaintextarea", **flags, **more},
    )


def of_type(kind: str, name: str, label: str, **more: Any) -> Field:
    """A field of a type that needs no more than its name."""
    lengths = {"phone": 40, "url": 255, "email": 80, "combobox": 255}
    lean: dict[str, Any] = {"datetime": {"groupable": False}, "boolean": {"aggregatable": False}}.get(
        kind, {}
    )
    if kind == "boolean":
        lean = {**lean, "nillable": False, "defaulted_on_create": True, "default": False}
    return Field(name=name, label=label, type=kind, **{"length": lengths.get(kind, 0), **lean, **more})


def number(kind: str, name: str, label: str, precision: int, scale: int, **more: Any) -> Field:
    """A double, currency or percent field: ``precision`` digits in all, ``scale`` of them after the point."""
    return Field(
        name=name, label=label, type=kind, precision=precision, scale=scale, **{"groupable": False, **more}
    )


def integer(name: str, label: str, digits: int = 8, **more: Any) -> Field:
    """A whole number."""
    return Field(name=name, label=label, type="int", digits=digits, **more)


def picklist(name: str, label: str, values: Iterable[str], length: int = 40, **more: Any) -> Field:
    """A picklist whose API values are also its labels, unless a value is written ``value|label``."""
    return Field(name=name, label=label, type="picklist", length=length, values=choices(values), **more)


def choices(values: Iterable[str]) -> tuple[PicklistValue, ...]:
    """Make picklist values out of ``value`` or ``value|label``."""
    pairs = (value.split("|", 1) for value in values)
    return tuple(PicklistValue(value=pair[0], label=pair[-1]) for pair in pairs)


def reference(
    name: str, label: str, to: str | tuple[str, ...], relationship: str | None, **more: Any
) -> Field:
    """A reference to one object, or to several."""
    targets = (to,) if isinstance(to, str) else to
    return Field(
        name=name,
        label=label,
        type="reference",
        length=18,
        reference_to=targets,
        relationship=relationship,
        **{"polymorphic": len(targets) > 1, **more},
    )


def fixed(field: Field) -> Field:
    """Return the field as one that the org keeps itself: neither created nor updated by callers."""
    return replace(field, createable=False, updateable=False, permissionable=False)


def record_id(label: str) -> Field:
    """The Id field."""
    return fixed(
        Field(
            name="Id",
            label=label,
            type="id",
            length=18,
            nillable=False,
            defaulted_on_create=True,
            id_lookup=True,
        )
    )


def is_deleted() -> Field:
    """The recycle bin's flag."""
    return fixed(of_type("boolean", "IsDeleted", "Deleted"))


def owner(label: str = "Owner ID", to: str | tuple[str, ...] = "User") -> Field:
    """The record's owner: defaults to the running user."""
    return reference(
        "OwnerId", label, to, "Owner", nillable=False, defaulted_on_create=True, permissionable=False
    )


def audit(*, modified: bool = True) -> tuple[Field, ...]:
    """Who made and changed the record, and when."""

    def when(name: str, label: str) -> Field:
        return fixed(of_type("datetime", name, label, nillable=False, defaulted_on_create=True))

    def who(name: str, label: str, relationship: str) -> Field:
        return fixed(reference(name, label, "User", relationship, nillable=False, defaulted_on_create=True))

    created = (when("CreatedDate", "Created Date"), who("CreatedById", "Created By ID", "CreatedBy"))
    last = (
        when("LastModifiedDate", "Last Modified Date"),
        who("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
    )
    return (*created, *(last if modified else ()), when("SystemModstamp", "System Modstamp"))


def viewed() -> tuple[Field, ...]:
    """When the running user last looked at the record."""
    return tuple(
        fixed(of_type("datetime", name, label))
        for name, label in (
            ("LastViewedDate", "Last Viewed Date"),
            ("LastReferencedDate", "Last Referenced Date"),
        )
    )


_ACCURACY = "Address|NearAddress|Block|Street|ExtendedZip|Zip|Neighborhood|City|County|State|Unknown".split(
    "|"
)


def address(
    prefix: str, label: str, postal_label: str = "Zip/Postal Code", *, compound: str | None = None
) -> tuple[Field, ...]:
    """A street address: its parts, then the compound field that prints them as one object."""
    whole = compound or f"{prefix}Address"
    part: dict[str, Any] = {"compound": whole}

    def spoken(rest: str) -> str:
        return f"{label} {rest}".strip()

    return (
        textarea(f"{prefix}Street", spoken("Street"), 255, **part),
        text(f"{prefix}City", spoken("City"), 40, **part),
        text(f"{prefix}State", spoken("State/Province"), 80, **part),
        text(f"{prefix}PostalCode", spoken(postal_label), 20, **part),
        text(f"{prefix}Country", spoken("Country"), 80, **part),
        number("double", f"{prefix}Latitude", spoken("Latitude"), 18, 15, **part),
        number("double", f"{prefix}Longitude", spoken("Longitude"), 18, 15, **part),
        picklist(f"{prefix}GeocodeAccuracy", spoken("Geocode Accuracy"), _ACCURACY, restricted=True, **part),
        replace(
            fixed(Field(name=whole, label=spoken("Address"), type="address")),
            sortable=False,
            groupable=False,
            aggregatable=False,
            permissionable=True,
        ),
    )
