"""SOQL, read and answered over any catalogue of objects: `run(catalogue, text)`. No server, no clock, no I/O."""

from emulator.salesforce.soql.catalogue import Catalogue, ChildInfo, FieldInfo, ObjectInfo, Row
from emulator.salesforce.soql.engine import Answer, run
from emulator.salesforce.soql.errors import SoqlError
from emulator.salesforce.soql.parser import parse

__all__ = ["Answer", "Catalogue", "ChildInfo", "FieldInfo", "ObjectInfo", "Row", "SoqlError", "parse", "run"]
