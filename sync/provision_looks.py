"""How a field looks to people: label, help and the values that it offers, against how they should be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mappings.definitions import DesiredField
from mappings.fields import FieldType
from mappings.systems import SystemKind
from sync.standing import Action, Line, Standing, StandingField, StandingOption

#: What a line differs in whose values are taken away.
RETIRE = "retire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Judges how the fields of one object of one System look."""

    system: str
    kind: SystemKind
    standing: Standing
    #: Fields whose values may be taken away because somebody named them.
    destructive: Collection[str] = field(default=())

    @property
    def where(self) -> str:
        if self.kind is SystemKind.SALESFORCE:
            return f"Setup, Object Manager, {self.standing.object}"
        return "Settings, Properties"

    def line(self, wanted: DesiredField, action: Action, **more: str | bool) -> Line:
        return Line(
            system=self.system,
            object=self.standing.object,
            field=wanted.name,
            canonical=wanted.canonical,
            action=action,
            **more,  # type: ignore[arg-type]
        )

    def change(self, wanted: DesiredField, attribute: str, now: str, want: str, reason: str) -> Line:
        return self.line(
            wanted,
            Action.CHANGE,
            attribute=attribute,
            stands=now,
            should=want,
            reason=reason,
            effect="no record changes",
        )

    def texts(self, wanted: DesiredField, held: StandingField) -> Iterator[Line]:
        """Label and help belong to whoever made the field."""
        if not (wanted.create and held.custom and held.changeable):
            return
        if held.label != wanted.label:
            yield self.change(wanted, "label", held.label, wanted.label, "relabelled there")
        if wanted.help and held.help != wanted.help:
            yield self.change(wanted, "help", held.help, wanted.help, "another help text there")

    def options(self, wanted: DesiredField, held: StandingField) -> Iterator[Line]:
        # A text that was adopted for a choice of values has no options of its own.
        if not wanted.options or held.external_options or held.type is FieldType.TEXT:
            return
        there = {option.value: option for option in held.options}
        ours = [option.value for option in wanted.options]
        active = [option.value for option in held.options if option.active]
        yield from self._lacking(wanted, held, [value for value in ours if value not in active])
        if wanted.create and held.changeable:
            yield from self._option_texts(wanted, there)
            stands = [option.value for option in held.options if option.value in ours]
            should = [value for value in ours if value in there]
            if stands != should:
                yield self.change(
                    wanted, "order", ", ".join(stands), ", ".join(should), "people see them in another order"
                )
        beyond = [value for value in active if value not in ours and value not in wanted.read_as]
        if beyond and wanted.name in self.destructive and held.changeable:
            yield self.line(
                wanted,
                Action.CHANGE,
                attribute=RETIRE,
                stands=", ".join(beyond),
                should="inactive",
                reason="outside the contract, and named to be retired",
                effect="records that hold one keep it, and are held back until it is mapped or changed",
            )
        elif beyond:
            yield self.line(
                wanted,
                Action.WRONG,
                attribute="options",
                stands=", ".join(beyond),
                reason="outside the contract; a record that holds one is held back and told in status",
                remedy="Add them to the options in canonical.yaml, or move the records and retire the values there "
                f"(tandem provision apply --allow-destructive {wanted.name}).",
            )
        if wanted.restricted and not held.restricted:
            yield self.line(
                wanted,
                Action.WRONG,
                attribute="restricted",
                stands="no",
                should="yes",
                reason="it takes any value, also one outside the contract",
                remedy=f"Restrict it to its value set in {self.where}; Tandem does not, for it could refuse "
                "values that records hold.",
            )

    def _lacking(self, wanted: DesiredField, held: StandingField, lacking: Sequence[str]) -> Iterator[Line]:
        if not lacking:
            return
        hidden = {option.value for option in held.options}
        retired = [value for value in lacking if value in hidden]
        if held.changeable:
            new = [value for value in lacking if value not in hidden]
            if new:
                yield self.change(
                    wanted, "options", "missing", ", ".join(new), "the contract has more values"
                )
            if retired:
                yield self.change(
                    wanted,
                    "options",
                    "inactive",
                    ", ".join(retired),
                    "values of the contract are retired there",
                )
            return
        yield self.line(
            wanted,
            Action.WRONG,
            attribute="options",
            stands="missing or inactive",
            should=", ".join(lacking),
            reason="the System does not let Tandem change this field's options",
            remedy=f"Add them in {self.where}, or write `values: {{{lacking[0]}: null}}` for this System.",
            blocks=True,
        )

    def _option_texts(self, wanted: DesiredField, there: Mapping[str, StandingOption]) -> Iterator[Line]:
        differing = [
            (there[option.value].label, option.label)
            for option in wanted.options
            if option.value in there and there[option.value].label != option.label
        ]
        if differing:
            now, want = (", ".join(labels) for labels in zip(*differing, strict=True))
            yield self.change(wanted, "option labels", now, want, "values are relabelled there")
