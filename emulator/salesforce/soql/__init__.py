"""SOQL, read and answered over any catalogue of objects: `run(catalogue, text)`. No server, no clock, no I/O."""

from emulator.salesforce.soql.catalogue import Catalogue, ChildInfo, FieldInfo, ObjectInfo, Row
from emulator.salesforce.soql.engine import QueryAnswer, run
from emulator.salesforce.soql.errors import SoqlError
from emulator.salesforce.soql.parser import parse

__all__ = [
    "Catalogue",
    "ChildInfo",
    "FieldInfo",
    "ObjectInfo",
    "QueryAnswer",
    "Row",
    "SoqlError",
    "parse",
    "run",
]
