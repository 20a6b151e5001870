"""Every error code that the emulator can answer is one that Salesforce's WSDL names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOM = Path(__file__).resolve().parents[3] / "emulator" / "salesforce"
#: a code as it stands in the source: capitals with at least one underscore
CODE = re.compile(r"[A-Z]{2,}(?:_[A-Z]+)+\Z")
#: functions and keywords that are given an error code, and the place of it among their arguments
MAKERS = {
    "refuse": 0,
    "reject": 0,
    "SoqlError": 0,
    "located": 0,
    "Fault": 0,
    "fail": 2,
    "_bad": 1,
    "_error": 1,
}
#: REST's code for a conditional request stands in no WSDL: SOAP has no preconditions
OF_REST_ALONE = {"PRECONDITION_FAILED"}


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def emitted(path: Path) -> Iterator[tuple[str, str]]:
    """The codes that a module answers, each with where it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        place = MAKERS.get(name_of(node))
        given = [node.args[place]] if place is not None and len(node.args) > place else []
        given += [
            keyword.value for keyword in node.keywords if keyword.arg in {"code", "errorCode", "statusCode"}
        ]
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and CODE.match(value.value):
                yield value.value, f"{path.relative_to(ROOM.parent)}:{node.lineno}"


def test_every_code_is_in_the_partner_wsdl(contracts: Path) -> None:
    text = (contracts / "salesforce" / "wsdl" / "partner.wsdl").read_text(encoding="utf-8")
    known: set[str] = set()
    for name in ("StatusCode", "ExceptionCode"):
        found = re.search(rf'<simpleType name="{name}">(.*?)</simpleType>', text, re.DOTALL)
        assert found is not None
        known |= set(re.findall(r'<enumeration value="(\w+)"', found[1]))
    answered = {code: where for path in ROOM.rglob("*.py") for code, where in emitted(path)}
    assert len(answered) > 40, "the codes were not found in the source"
    assert {code: where for code, where in answered.items() if code not in known | OF_REST_ALONE} == {}
