"""Every state in which a definition can stand, in both CRMs: what the plan says of it, and that applying fixes it, so
that the next plan finds nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from tests.commands.definition_changes import (
    ACCOUNT,
    BUNDLE,
    FLAG,
    FOUR,
    H_ID,
    H_SCORE,
    H_STAGE,
    H_TIER,
    ID,
    PACKAGED,
    SCORE,
    SETTLED,
    STAGE,
    TIER,
    all_tracked,
    app,
    archived,
    both,
    computed,
    dropped,
    field,
    group_relabelled,
    holding,
    no_permission_set,
    nothing_tracked,
    options,
    packaged,
    permissions,
    powerless,
    prop,
    purged,
    read_only,
    record_type,
    record_type_before,
    remove_permission,
    required,
    shared_set,
    shown_by_profile,
    translated,
    translated_and_short,
    unassigned,
    untracked,
    values,
    with_people,
)
from tests.e2e.crms import Kept
from tests.sweep import sliced
from tests.world import World, open_world


@dataclass(frozen=True, kw_only=True)
class State:
    """How definitions are made to stand, and what is said of it."""

    system: str
    make: Callable[[World], None]
    #: field, action, attribute, of each finding that is not in order.
    told: tuple[tuple[str, str, str], ...]
    #: Named to be narrowed.
    allow: tuple[str, ...] = ()
    #: What apply ends with: 0, or 1 where a person must fix something first, or 3 where a grant shows more.
    ends: int = 0
    #: What remains told, and is not for Tandem to fix.
    remains: tuple[tuple[str, str, str], ...] = ()


STATES: dict[str, State] = {
    # -- there or not
    "salesforce: right": State(system="salesforce", make=both(), told=()),
    "hubspot: right": State(system="hubspot", make=both(), told=()),
    "hubspot: missing": State(system="hubspot", make=purged(H_SCORE), told=((H_SCORE, "create", ""),)),
    "hubspot: archived as another type": State(
        system="hubspot",
        make=both(prop(H_SCORE, type="string", fieldType="text"), archived(H_SCORE)),
        told=((H_SCORE, "wrong", "type"),),
        ends=1,
        remains=((H_SCORE, "wrong", "type"),),
    ),
    "hubspot: computed": State(
        system="hubspot",
        make=computed,
        told=((H_SCORE, "wrong", "rights"),),
        ends=1,
        remains=((H_SCORE, "wrong", "rights"),),
    ),
    "hubspot: an id that need not be unique": State(
        system="hubspot",
        make=prop(H_ID, hasUniqueValue=False),
        told=((H_ID, "wrong", "unique"),),
        ends=1,
        remains=((H_ID, "wrong", "unique"),),
    ),
    "salesforce: an id that need not be unique": State(
        system="salesforce",
        make=field(ID, unique=False, external_id=False),
        told=((ID, "wrong", "unique and external id"),),
        ends=1,
        remains=((ID, "wrong", "unique and external id"),),
    ),
    "salesforce: hidden, and of another type": State(
        system="salesforce",
        make=both(
            field(SCORE, type="string", metadata_type="Text", length=20, precision=0, scale=0),
            permissions(remove_permission, SCORE),
        ),
        told=((SCORE, "wrong", "type"),),
        ends=1,
        remains=((SCORE, "wrong", "type"),),
    ),
    # -- somebody else's
    "salesforce: a package's, in its own words": State(
        system="salesforce", make=packaged("tier_3", "tier_1", "tier_2", restricted=True), told=()
    ),
    "salesforce: a package's, open, with a value more": State(
        system="salesforce",
        make=packaged("tier_1", "tier_2", "tier_3", "tier_4"),
        told=((PACKAGED, "wrong", "options"), (PACKAGED, "wrong", "restricted")),
        remains=((PACKAGED, "wrong", "options"), (PACKAGED, "wrong", "restricted")),
    ),
    "salesforce: a package's, with a value less": State(
        system="salesforce",
        make=packaged("tier_1", "tier_2", restricted=True),
        told=((PACKAGED, "wrong", "options"),),
        ends=1,
        remains=((PACKAGED, "wrong", "options"),),
    ),
    "hubspot: built in, in its own words": State(
        system="hubspot", make=prop(H_TIER, label="Ideal fit", description="Ours."), told=()
    ),
    "hubspot: built in, with an option less": State(
        system="hubspot", make=options(H_TIER, lambda held: held[1:]), told=((H_TIER, "change", "options"),)
    ),
    "hubspot: built in, with an option more": State(
        system="hubspot",
        make=options(H_TIER, lambda held: [*held, {"label": "Tier 4", "value": "tier_4", "hidden": False}]),
        told=((H_TIER, "wrong", "options"),),
        remains=((H_TIER, "wrong", "options"),),
    ),
    "salesforce: missing": State(
        system="salesforce", make=dropped(SCORE), told=((SCORE, "create", ""), (BUNDLE, "grant", "field permissions"))
    ),
    "hubspot: archived": State(system="hubspot", make=archived(H_SCORE), told=((H_SCORE, "create", ""),)),
    "salesforce: of another type": State(
        system="salesforce",
        make=field(SCORE, type="string", metadata_type="Text", length=20, precision=0, scale=0),
        told=((SCORE, "wrong", "type"),),
        ends=1,
        remains=((SCORE, "wrong", "type"),),
    ),
    "hubspot: of another type": State(
        system="hubspot",
        make=prop(H_SCORE, type="string", fieldType="text"),
        told=((H_SCORE, "wrong", "type"),),
        ends=1,
        remains=((H_SCORE, "wrong", "type"),),
    ),
    # -- each attribute
    "salesforce: relabelled": State(
        system="salesforce", make=field(TIER, label="Rank"), told=((TIER, "change", "label"),)
    ),
    "hubspot: relabelled": State(
        system="hubspot", make=prop(H_STAGE, label="Rank"), told=((H_STAGE, "change", "label"),)
    ),
    "salesforce: helped otherwise": State(
        system="salesforce", make=field(TIER, help_text="See the wiki."), told=((TIER, "change", "help"),)
    ),
    "hubspot: helped otherwise": State(
        system="hubspot", make=prop(H_STAGE, description="See the wiki."), told=((H_STAGE, "change", "help"),)
    ),
    "salesforce: a checkbox that begins ticked": State(
        system="salesforce", make=field(FLAG, default=True), told=((FLAG, "change", "default"),)
    ),
    "salesforce: a value that new records begin with": State(
        system="salesforce",
        make=values(TIER, lambda held: [replace(held[0], default=True), *held[1:]]),
        told=((TIER, "change", "default"),),
    ),
    "hubspot: in another group": State(
        system="hubspot", make=prop(H_STAGE, groupName="companyinformation"), told=((H_STAGE, "change", "group"),)
    ),
    "hubspot: a group that was relabelled": State(
        system="hubspot", make=group_relabelled, told=(("tandem", "change", "label"),)
    ),
    "hubspot: shown as buttons": State(
        system="hubspot", make=prop(H_STAGE, fieldType="radio"), told=((H_STAGE, "change", "field type"),)
    ),
    "salesforce: too short": State(system="salesforce", make=field(ID, length=36), told=((ID, "change", "length"),)),
    "salesforce: too few digits": State(
        system="salesforce", make=field(SCORE, precision=3, scale=0), told=((SCORE, "change", "precision"),)
    ),
    # -- values
    "salesforce: a value missing": State(
        system="salesforce", make=values(TIER, lambda held: held[:2]), told=((TIER, "change", "options"),)
    ),
    "hubspot: an option missing": State(
        system="hubspot", make=options(H_STAGE, lambda held: held[:-1]), told=((H_STAGE, "change", "options"),)
    ),
    "salesforce: a value retired": State(
        system="salesforce",
        make=values(TIER, lambda held: [replace(held[0], active=False), *held[1:]]),
        told=((TIER, "change", "options"),),
    ),
    "hubspot: an option hidden": State(
        system="hubspot",
        make=options(H_STAGE, lambda held: [{**held[0], "hidden": True}, *held[1:]]),
        told=((H_STAGE, "change", "options"),),
    ),
    "salesforce: values reordered": State(
        system="salesforce", make=values(TIER, lambda held: held[::-1]), told=((TIER, "change", "order"),)
    ),
    "hubspot: options reordered": State(
        system="hubspot", make=options(H_STAGE, lambda held: held[::-1]), told=((H_STAGE, "change", "order"),)
    ),
    "salesforce: values in the order of their labels": State(
        system="salesforce",
        make=field(STAGE, sorted=True),
        told=((STAGE, "change", "order"),),
    ),
    "salesforce: translated": State(
        system="salesforce",
        make=translated,
        told=((TIER, "wrong", "options"),),
        remains=((TIER, "wrong", "options"),),
    ),
    "salesforce: translated, and a value missing": State(
        system="salesforce",
        make=translated_and_short,
        told=((TIER, "change", "options"), (TIER, "wrong", "options")),
        remains=((TIER, "wrong", "options"),),
    ),
    "salesforce: relabelled, and translated": State(
        system="salesforce",
        make=field(TIER, label="Rank", translation="Rang"),
        told=((TIER, "change", "label"),),
    ),
    "salesforce: helped in the same words": State(
        system="salesforce",
        make=field(FLAG, help_text="On the list of target accounts\r\nthat sales and marketing work  together. "),
        told=(),
    ),
    "salesforce: a value relabelled": State(
        system="salesforce",
        make=values(TIER, lambda held: [replace(held[0], label="Best"), *held[1:]]),
        told=((TIER, "change", "option labels"),),
    ),
    "hubspot: an option relabelled": State(
        system="hubspot",
        make=options(H_STAGE, lambda held: [{**held[0], "label": "Best"}, *held[1:]]),
        told=((H_STAGE, "change", "option labels"),),
    ),
    "hubspot: an option described otherwise": State(
        system="hubspot",
        make=options(H_STAGE, lambda held: [{**held[0], "description": "Whatever."}, *held[1:]]),
        told=((H_STAGE, "change", "option descriptions"),),
    ),
    "salesforce: a value beyond the contract": State(
        system="salesforce",
        make=values(TIER, lambda held: [*held, FOUR]),
        told=((TIER, "wrong", "options"),),
        remains=((TIER, "wrong", "options"),),
    ),
    "salesforce: a value beyond the contract, named": State(
        system="salesforce",
        make=values(TIER, lambda held: [*held, FOUR]),
        told=((TIER, "change", "retire"),),
        allow=(TIER,),
    ),
    "hubspot: an option beyond the contract, named": State(
        system="hubspot",
        make=options(H_STAGE, lambda held: [*held, {"label": "X", "value": "x", "hidden": False}]),
        told=((H_STAGE, "change", "retire"),),
        allow=(H_STAGE,),
    ),
    "salesforce: the values of a shared set, one missing": State(
        system="salesforce",
        make=shared_set("tier_1", "tier_2"),
        told=((TIER, "wrong", "options"),),
        ends=1,
        remains=((TIER, "wrong", "options"),),
    ),
    "salesforce: the values of a shared set, and another label": State(
        system="salesforce",
        make=both(shared_set("tier_1", "tier_2", "tier_3"), field(TIER, label="Rank", value_set="Tiers")),
        told=((TIER, "change", "label"),),
    ),
    # -- narrower, where it is named
    "salesforce: open to any value": State(
        system="salesforce",
        make=field(TIER, restricted=False),
        told=((TIER, "wrong", "restricted"),),
        remains=((TIER, "wrong", "restricted"),),
    ),
    "salesforce: open to any value, named": State(
        system="salesforce", make=field(TIER, restricted=False), told=((TIER, "change", "restricted"),), allow=(TIER,)
    ),
    "salesforce: more digits": State(
        system="salesforce",
        make=field(SCORE, precision=18),
        told=((SCORE, "wrong", "precision"),),
        remains=((SCORE, "wrong", "precision"),),
    ),
    "salesforce: more digits, named": State(
        system="salesforce", make=field(SCORE, precision=18), told=((SCORE, "change", "precision"),), allow=(SCORE,)
    ),
    "salesforce: more digits, named, and records that need them": State(
        system="salesforce",
        make=both(field(SCORE, precision=18), holding(SCORE, 5000.0, 7.0)),
        told=((SCORE, "wrong", "precision"),),
        allow=(SCORE,),
        ends=1,
        remains=((SCORE, "wrong", "precision"),),
    ),
    # -- history
    "salesforce: not tracked": State(
        system="salesforce", make=untracked(TIER), told=((TIER, "change", "history"),)
    ),
    "salesforce: a standard field that is not tracked": State(
        system="salesforce", make=untracked("OwnerId"), told=(("OwnerId", "change", "history"),)
    ),
    "salesforce: nothing is tracked": State(
        system="salesforce",
        make=nothing_tracked,
        told=(
            (ACCOUNT, "change", "history"),
            (FLAG, "change", "history"),
            (TIER, "change", "history"),
            ("OwnerId", "change", "history"),
            (STAGE, "change", "history"),
        ),
    ),
    "salesforce: no room to track anything": State(
        system="salesforce",
        make=all_tracked,
        told=tuple((name, "wrong", "history") for name in (FLAG, TIER, "OwnerId", STAGE)),
        remains=tuple((name, "wrong", "history") for name in (FLAG, TIER, "OwnerId", STAGE)),
    ),
    # -- record types
    "salesforce: a record type that leaves values out": State(
        system="salesforce", make=record_type(ABM_Tier__c=("tier_1",)), told=((TIER, "change", "record types"),)
    ),
    "salesforce: record types of people and of a package": State(
        system="salesforce", make=with_people, told=((TIER, "change", "record types"),)
    ),
    "salesforce: a record type, and the field is missing": State(
        system="salesforce",
        make=record_type_before(TIER),
        told=(
            (TIER, "create", ""),
            (TIER, "change", "record types"),
            (BUNDLE, "grant", "field permissions"),
        ),
    ),
    "salesforce: a record type, and a value is missing": State(
        system="salesforce",
        make=both(record_type(), values(TIER, lambda held: held[:2])),
        told=((TIER, "change", "options"), (TIER, "change", "record types")),
    ),
    # -- rights
    "salesforce: hidden": State(
        system="salesforce",
        make=permissions(remove_permission, TIER),
        told=((TIER, "grant", ""), (BUNDLE, "grant", "field permissions")),
    ),
    "salesforce: taken out of the permission set": State(
        system="salesforce", make=shown_by_profile(TIER), told=((BUNDLE, "grant", "field permissions"),)
    ),
    "salesforce: required": State(system="salesforce", make=required, told=()),
    "salesforce: read only": State(
        system="salesforce",
        make=permissions(read_only, TIER),
        told=((TIER, "grant", "rights"), (BUNDLE, "grant", "field permissions")),
    ),
    "salesforce: unassigned": State(
        system="salesforce",
        make=unassigned,
        told=(*((name, "grant", "") for name in (ID, FLAG, TIER, SCORE, STAGE)), (BUNDLE, "grant", "assignment")),
    ),
    "salesforce: no permission set": State(
        system="salesforce",
        make=no_permission_set,
        told=(
            *((name, "grant", "") for name in (ID, FLAG, TIER, SCORE, STAGE)),
            (BUNDLE, "grant", "field permissions"),
            (BUNDLE, "grant", "assignment"),
        ),
    ),
    "salesforce: a user who may not use the Metadata API": State(
        system="salesforce",
        make=both(nothing_tracked, powerless("ModifyMetadata", "ModifyAllData"), dropped(STAGE)),
        told=(
            (ACCOUNT, "wrong", "history"),
            (FLAG, "wrong", "history"),
            (TIER, "wrong", "history"),
            ("OwnerId", "wrong", "history"),
            (STAGE, "create", ""),
            (BUNDLE, "grant", "field permissions"),
        ),
        remains=(
            (ACCOUNT, "wrong", "history"),
            *((name, "wrong", "history") for name in (FLAG, TIER, "OwnerId", STAGE)),
        ),
    ),
    "salesforce: a named user who has it not": State(
        system="salesforce",
        make=app,
        told=((BUNDLE, "grant", "assignment"),),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Both CRMs, provisioned and in order."""
    with open_world(tmp_path_factory.mktemp("states")) as world:
        assert world.run("provision", "apply", "--yes").code == 0
        world.clock.advance(SETTLED)
        yield Kept.of(world)


def findings(world: World, system: str, *arguments: str) -> list[tuple[str, str, str]]:
    """What is not in order: field, action, attribute."""
    lines = world.run("provision", "plan", "--json", *arguments).json["lines"]
    assert all(line["reason"] for line in lines if line["action"] not in {"keep", "settling"})
    assert all(line["remedy"] for line in lines if line["action"] == "wrong")
    return [
        (line["field"], line["action"], line["attribute"])
        for line in lines
        if line["system"] == system and line["action"] != "keep"
    ]


#: One of each kind: nothing to do, another name for it, a value, an order, a right, tracking, the whole set.
ALWAYS = (
    "salesforce: right",
    "hubspot: built in, in its own words",
    "salesforce: a checkbox that begins ticked",
    "salesforce: values reordered",
    "salesforce: a value beyond the contract, named",
    "salesforce: nothing is tracked",
    "salesforce: no permission set",
)


@pytest.mark.parametrize("name", sliced(STATES, always=ALWAYS))
def test_a_state_is_told_and_mended_so_that_nothing_is_left_to_do(kept: Kept, name: str) -> None:
    kept.bring_back()
    world, state = kept.world, STATES[name]
    state.make(world)
    allow = [word for field in state.allow for word in ("--allow-destructive", field)]
    assert findings(world, state.system, *allow) == list(state.told)
    ran = world.run("provision", "apply", "--yes", *allow)
    assert ran.code == state.ends, ran.text
    world.clock.advance(SETTLED)
    assert findings(world, state.system) == list(state.remains)
    assert world.run("provision", "plan").code == (1 if state.ends == 1 and not state.allow else 0)
