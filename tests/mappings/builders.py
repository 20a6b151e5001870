"""Small makers of fields and users, so that a test names only what it is about."""

from dataclasses import dataclass, field
from typing import Any

from mappings.fields import CanonicalField, FieldType, Option
from mappings.systems import NativeField, SystemKind

SALESFORCE, HUBSPOT = SystemKind.SALESFORCE, SystemKind.HUBSPOT
STAGES = ("identified", "awareness", "engaged", "evaluating", "negotiating", "closed")


@dataclass
class Users:
    """A Directory over a plain table of native id -> e-mail."""

    by_id: dict[str, str] = field(default_factory=dict)

    def email_of(self, native_id: str) -> str | None:
        return self.by_id.get(native_id)

    def id_of(self, email: str) -> str | None:
        return next((key for key, value in self.by_id.items() if value.casefold() == email), None)

    def why_nobody(self, email: str) -> str:
        return f"no active user has the e-mail {email}"


NOBODY = Users()


def a_field(type_: FieldType | str, *, options: tuple[str, ...] = (), **more: Any) -> CanonicalField:
    return CanonicalField(
        name=more.pop("name", "something"),
        type=FieldType(type_),
        label=more.pop("label", "Something"),
        options=tuple(
            Option(value=value, label=value.title(), order=order) for order, value in enumerate(options)
        ),
        **more,
    )


def spelled(kind: SystemKind, field_: CanonicalField, **more: Any) -> NativeField:
    name = "Something__c" if kind is SALESFORCE else "something"
    values = more.pop("values", {option.value: option.value for option in field_.options})
    return NativeField(name=more.pop("name", name), kind=kind, values=values, **more)
