"""Whatever is sent, the portal answers in HubSpot's words: no body and no address makes it stumble."""

import json
import re

import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from emulator.hubspot.app import RULES

WORDS = [
    "inputs", "id", "properties", "idProperty", "name", "label", "options", "type", "fieldType", "groupName",
    "filterGroups", "filters", "propertyName", "operator", "value", "values", "highValue", "sorts", "limit", "after",
    "from", "to", "types", "associationCategory", "associationTypeId", "stages", "metadata", "probability",
    "displayOrder", "objectWriteTraceId", "primaryObjectId", "objectIdToMerge", "eventType", "active", "targetUrl",
    "throttling", "maxConcurrentRequests", "archived", "propertiesWithHistory", "associations",
]  # fmt: skip
TEXTS = [
    "", "x", "companies", "27300000001", "38500000001", "hs_object_id", "hs_lastmodifieddate", "industry", "EQ", "IN",
    "BETWEEN", "CONTAINS_TOKEN", "default", "closedwon", "enumeration", "bool", "string", "select", "text", "9" * 30,
    "٣", "-1", "HUBSPOT_DEFINED", "company.propertyChange", "companyinformation", "associations.deals", "0.5",
]  # fmt: skip
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.sampled_from([341, 5, *TEXTS])
)
JSON = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)
SMALL = st.recursive(ATOMS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
SPECS = {
    "row": {
        "id": ATOMS,
        "properties": st.dictionaries(st.sampled_from(TEXTS), SMALL, max_size=2),
        "idProperty": ATOMS,
    },
    "filter": {
        "propertyName": st.sampled_from(TEXTS),
        "operator": st.sampled_from(TEXTS),
        "value": SMALL,
        "values": SMALL,
    },
    "link": {
        "from": st.fixed_dictionaries({"id": ATOMS}),
        "to": st.fixed_dictionaries({"id": ATOMS}),
        "types": SMALL,
    },
    "definition": {
        **{key: st.sampled_from(TEXTS) for key in ("name", "label", "type", "fieldType", "groupName")},
        "options": SMALL,
        "displayOrder": ATOMS,
    },
}
MADE = {name: st.fixed_dictionaries(spec) for name, spec in SPECS.items()}
BODIES = st.one_of(
    JSON,
    MADE["definition"],
    st.fixed_dictionaries({"inputs": st.lists(st.one_of(MADE["row"], MADE["link"], JSON), max_size=2)}),
    st.fixed_dictionaries(
        {
            "filterGroups": st.lists(
                st.fixed_dictionaries({"filters": st.lists(MADE["filter"], max_size=2)})
            ),
            "after": ATOMS,
        }
    ),
    st.fixed_dictionaries({"label": ATOMS, "displayOrder": ATOMS, "stages": JSON, "metadata": JSON}),
)
PARAMS = {
    "objectType": ["companies", "deals", "x"],
    "fromObjectType": ["deals", "contacts"],
    "toObjectType": ["companies", "contacts"],
    "pipelineId": ["default", "x"],
    "stageId": ["closedwon", "x"],
    "propertyName": ["name", "x"],
    "groupName": ["companyinformation", "x"],
}
QUERIES = [
    "",
    "?limit=2",
    "?after=x",
    "?after=٣",
    "?properties=name&archived=true",
    "?idProperty=name",
    "?limit=٣",
]


@settings(max_examples=150)
@given(
    rule=st.sampled_from(RULES),
    choice=st.integers(min_value=0, max_value=5),
    query=st.sampled_from(QUERIES),
    body=BODIES,
)
def test_no_request_makes_the_portal_stumble(
    server: tuple[Starlette, str], rule: object, choice: int, query: str, body: object
) -> None:
    app, base = server
    method, path = rule.method, rule.path  # type: ignore[attr-defined]

    def fill(match: re.Match[str]) -> str:
        values = PARAMS.get(match[1].partition(":")[0], ["27300000001", "1", "38500000001"])
        return values[choice % len(values)]

    address = base + re.sub(r"\{([\w:]+)\}", fill, path) + query
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            method,
            address,
            data=json.dumps(body),
            headers={"Authorization": "Bearer pat-emulator"},
            timeout=30,
        )
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["status"] != "ok"
        assert answer.json()["correlationId"]
    portal = app.state.portal
    if len(portal.shelves["companies"].records) > 300:
        portal.reset(empty=False)
