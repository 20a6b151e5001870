"""What Salesforce's answers look like, route by route. Pure.

A query's answer is held against its own statement: each row has the columns that were selected, ids look like ids,
stamps are moments, and the rows are as many as were told. Sources: Salesforce REST API guide ("Query", "sObject
Collections", "Composite", "sObject Describe", "Limits"), Bulk API 2.0 guide, Tooling API guide.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, NotRequired
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field
from typing_extensions import TypedDict

from connector.answers import LARGEST, UnreadableAnswer, require, require_depth, require_rows
from connector.salesforce.api.row_ids import is_id, to_18
from connector.salesforce.api.stamps import moment

#: An address below the versions, of a page or of a part: /services/data/v62.0/query/01g…-2000
_PAGE = re.compile(r"/services/data/v\d{2,3}\.\d/(?:tooling/)?query(?:All)?/[0-9A-Za-z_-]{1,80}")
_VERSION = re.compile(r"^/?services/data/v[\d.]+/")
#: What a cell may hold. An object is a related record, or a field's metadata.
_PLAIN = frozenset({str, int, float, bool, type(None), dict})
_EARLIEST, _LATEST = 1900, 2200

Id = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?\z")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,254}\z")]
Count = Annotated[int, Field(ge=0, le=10**12)]
Text = str | None
Flag = bool | None


# -- queries -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a statement selects."""

    #: Names in a row, as they were written: of ``Owner.Email`` the first part.
    names: frozenset[str]
    #: ``Owner`` -> the names below it.
    related: Mapping[str, frozenset[str]]
    #: Columns that hold moments, ids, and marks of yes or no.
    moments: tuple[str, ...]
    ids: tuple[str, ...]
    flags: tuple[str, ...]


_MOMENTS = frozenset({"SystemModstamp", "CreatedDate"})
_IDS = frozenset(
    {
        *(
            "Id",
            "MasterRecordId",
            "LastModifiedById",
            "CreatedById",
            "AccountId",
            "OpportunityId",
            "AssigneeId",
        ),
        *("OwnerId", "ParentId", "RecordTypeId"),
    }
)
_FLAGS = frozenset({"IsDeleted", "IsClosed", "IsWon", "IsActive", "IsFieldHistoryTracked", "IsSandbox"})
_TEXTS = frozenset(
    {"Name", "ApiName", "MasterLabel", "Field", "QualifiedApiName", "DeveloperName", "Username"}
)
#: Columns that hold something in every row.
_FILLED = frozenset(
    {"Id", "SystemModstamp", "CreatedDate", "MasterLabel", "Field", "QualifiedApiName", "AssigneeId"}
)
_NUMBERS: Mapping[str, tuple[float, float]] = {
    "Probability": (0, 100),
    "DefaultProbability": (0, 100),
    "SortOrder": (-(10**9), 10**9),
    "Amount": (-LARGEST, LARGEST),
    "records": (0, 10**12),
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@lru_cache(maxsize=256)
def columns_of(soql: str) -> Columns | None:
    """What a statement of ours selects; None for a text that selects nothing."""
    found = re.match(r"SELECT (.+?) FROM ", soql)
    if found is None:
        return None
    return _columns(tuple(found[1].split(", ")))


@lru_cache(maxsize=256)
def _columns(selected: tuple[str, ...]) -> Columns:
    names: set[str] = set()
    related: dict[str, set[str]] = {}
    for column in selected:
        name = column.rpartition(" ")[2]
        head, dot, rest = name.partition(".")
        names.add(head)
        if dot:
            related.setdefault(head, set()).add(rest.partition(".")[0])
    return Columns(
        names=frozenset(names),
        related={head: frozenset(below) for head, below in related.items()},
        moments=tuple(sorted(names & _MOMENTS)),
        ids=tuple(sorted(names & _IDS)),
        flags=tuple(sorted(name for name in names if name in _FLAGS or name.startswith("Permissions"))),
    )


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and _EARLIEST <= moment(value).year <= _LATEST
    except (ValueError, OverflowError):
        return False


def _require_cells(row: Mapping[str, Any]) -> None:
    kinds = set(map(type, row.values()))
    require_rows(kinds <= _PLAIN, "a field holds a list")
    if float in kinds or int in kinds:
        for value in row.values():
            if isinstance(value, float | int) and not (math.isfinite(value) and abs(value) <= LARGEST):
                raise UnreadableAnswer("a field holds a number that is none")


def _require_row(row: Any, columns: Columns) -> None:
    """One row against what was selected."""
    if type(row) is not dict:
        raise UnreadableAnswer("a row is no object")
    if not columns.names <= row.keys():
        # Salesforce answers in its own spelling of a name.
        told = {name.lower() for name in row}
        missing = sorted(name for name in columns.names if name.lower() not in told)
        require_rows(not missing, f"a row lacks {', '.join(missing)[:80]}")
    _require_cells(row)
    _require_kinds(row, columns)
    _require_objects(row, columns)


def _require_kinds(row: Mapping[str, Any], columns: Columns) -> None:
    """The columns that we know hold what they are for."""
    for name in columns.moments:
        require_rows(_is_moment(row.get(name)), f"a {name} is no moment")
    for name in columns.ids:
        value = row.get(name)
        right = (value is None and name not in _FILLED) or (isinstance(value, str) and is_id(value))
        require_rows(right, f"a {name} is no id")
    for name in columns.flags:
        require_rows(
            row.get(name) is None or isinstance(row[name], bool), f"a {name} is neither true nor false"
        )
    for name in columns.names & _TEXTS:
        value = row.get(name)
        right = isinstance(value, str) or (value is None and name not in _FILLED)
        require_rows(right, f"a {name} is no text")
    for name in columns.names & _NUMBERS.keys():
        value, (least, most) = row.get(name), _NUMBERS[name]
        right = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        require_rows(
            right and (value is None or least <= value <= most), f"a {name} is no number that can be"
        )
    if "CloseDate" in columns.names:
        close = row.get("CloseDate")
        right = close is None or (
            isinstance(close, str) and _DAY.fullmatch(close) is not None and _is_moment(close)
        )
        require_rows(right, "a CloseDate is no day")


def _require_objects(row: Mapping[str, Any], columns: Columns) -> None:
    """What stands below a row: related records, and what is free."""
    for name, below in columns.related.items():
        value = row.get(name)
        if value is not None and type(value) is dict:
            _require_row(value, Columns(names=below, related={}, moments=(), ids=(), flags=()))
        elif value is not None:
            raise UnreadableAnswer(f"a {name} is no object")
    for name, value in row.items():
        if type(value) is dict and name not in columns.related:
            # A field's metadata, and the attributes that each row has.
            require_rows(name in _FREE, f"{name[:80]} holds an object")
            require_depth(value)


_FREE = frozenset({"attributes", "Metadata"})


class _Page(TypedDict):
    totalSize: NotRequired[Count]
    done: bool
    nextRecordsUrl: NotRequired[Text]
    records: list[Any]


def require_page(body: Any, columns: Columns, *, first: bool) -> None:
    """A page of a query."""
    require(_Page, body)
    found, done = body["records"], body["done"]
    for row in found:
        _require_row(row, columns)
    if "Id" in columns.names:
        require_rows(len({row.get("Id") for row in found}) == len(found), "a row stands in it twice")
    if not done:
        further = body.get("nextRecordsUrl")
        require_rows(
            isinstance(further, str) and _PAGE.fullmatch(further) is not None,
            "nextRecordsUrl is no page's address",
        )
    elif first and "totalSize" in body:
        require_rows(body["totalSize"] == len(found), "it holds more or fewer rows than it tells")


# -- everything else ---------------------------------------------------------------------------------------------


class _Choice(TypedDict):
    value: str
    label: NotRequired[Text]
    active: bool
    defaultValue: NotRequired[Flag]


class _Field(TypedDict):
    name: Name
    label: str
    type: Annotated[str, Field(max_length=80)]
    referenceTo: NotRequired[list[str] | None]
    inlineHelpText: NotRequired[Text]
    length: NotRequired[Count | None]
    precision: NotRequired[Count | None]
    digits: NotRequired[Count | None]
    scale: NotRequired[Count | None]
    unique: NotRequired[Flag]
    externalId: NotRequired[Flag]
    restrictedPicklist: NotRequired[Flag]
    calculated: NotRequired[Flag]
    autoNumber: NotRequired[Flag]
    custom: NotRequired[Flag]
    updateable: NotRequired[Flag]
    nillable: NotRequired[Flag]
    permissionable: NotRequired[Flag]
    htmlFormatted: NotRequired[Flag]
    defaultValue: NotRequired[str | bool | int | float | None]
    defaultValueFormula: NotRequired[Text]
    picklistValues: NotRequired[list[_Choice] | None]


class _RecordTypeInfo(TypedDict):
    recordTypeId: Id
    developerName: str
    name: str
    available: NotRequired[Flag]
    master: NotRequired[Flag]


class _Description(TypedDict):
    name: Name
    label: str
    fields: Annotated[list[_Field], Field(min_length=1)]
    createable: NotRequired[Flag]
    updateable: NotRequired[Flag]
    recordTypeInfos: NotRequired[list[_RecordTypeInfo] | None]


class _Saved(TypedDict):
    id: Id
    success: Literal[True]


class _Row(TypedDict):
    id: NotRequired[Id | None]
    success: bool
    created: NotRequired[Flag]
    errors: NotRequired[list[dict[str, Any]] | None]


class _Part(TypedDict):
    httpStatusCode: Annotated[int, Field(ge=100, le=599)]
    body: NotRequired[Any]
    referenceId: NotRequired[Text]


class _Composite(TypedDict):
    compositeResponse: list[_Part]


class _Allowance(TypedDict):
    Max: Count
    Remaining: Annotated[int, Field(ge=-(10**12), le=10**12)]


class _Job(TypedDict):
    id: Id
    state: Literal["Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]
    object: NotRequired[Name | None]
    operation: NotRequired[Text]
    externalIdFieldName: NotRequired[Name | None]
    numberRecordsProcessed: NotRequired[Count | None]
    errorMessage: NotRequired[Text]


class _Value(TypedDict):
    value: str


class _Offer(TypedDict):
    values: list[_Value]
    defaultValue: NotRequired[_Value | None]


class _Offers(TypedDict):
    picklistFieldValues: dict[str, _Offer]


class _Definition(TypedDict):
    FullName: str
    Metadata: dict[str, Any]


class _IssuedToken(TypedDict):
    access_token: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,8192}\z")]
    instance_url: NotRequired[Annotated[str, Field(pattern=r"^https?://[0-9A-Za-z.:\[\]-]+(/[^\s]*)?\z")]]
    id: NotRequired[Text]
    refresh_token: NotRequired[Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,8192}\z")] | None]
    scope: NotRequired[Text]


def _described(request: Request, body: Any) -> None:
    require(_Description, body)
    asked = request.path.split("/")[1]
    require_rows(body["name"].lower() == asked.lower(), "it describes another object")
    names = [field["name"].lower() for field in body["fields"]]
    require_rows(len(set(names)) == len(names), "a field stands in it twice")


def _collection(request: Request, body: Any) -> None:
    """The rows of a write, in the order in which they were sent."""
    require(list[_Row], body)
    sent = request.body["records"]
    require_rows(len(body) == len(sent), "it holds more or fewer rows than were sent")
    ids = [to_18(row["id"]) for row in body if row["success"] and row.get("id")]
    require_rows(len(set(ids)) == len(ids), "a row stands in it twice")
    for row, mine in zip(body, sent, strict=True):
        require_rows(not row["success"] or bool(row.get("id")), "a row that was written has no id")
        asked = mine.get("id")
        if asked and row.get("id"):
            require_rows(to_18(row["id"]) == to_18(asked), "it holds a row that was not sent")


def _retrieved(request: Request, body: Any) -> None:
    """Records by id; null where there is none."""
    require(list[dict[str, Any] | None], body)
    asked = {to_18(id) for id in request.body["ids"]}
    require_rows(len(body) == len(request.body["ids"]), "it holds more or fewer records than were asked for")
    columns = _columns(tuple(request.body["fields"]))
    seen: set[str] = set()
    for row in body:
        if row is None:
            continue
        _require_row(row, columns)
        id = to_18(row["Id"])
        require_rows(id in asked and id not in seen, "it holds a record that was not asked for, or one twice")
        seen.add(id)


def _composite(request: Request, body: Any) -> None:
    require(_Composite, body)
    told, sent = body["compositeResponse"], request.body["compositeRequest"]
    require_rows(len(told) == len(sent), "it answers more or fewer parts than were asked")
    for mine, part in zip(sent, told, strict=True):
        name = part.get("referenceId")
        require_rows(name is None or name == mine["referenceId"], "its parts stand in another order")
        if part["httpStatusCode"] < _REFUSED:
            require_answer(
                Request(method=mine["method"], path=_VERSION.sub("", mine["url"]), body=mine.get("body")),
                part.get("body"),
            )


def _allowances(_: Request, body: Any) -> None:
    require(dict[str, Any], body)
    for name in ("DailyApiRequests", "DailyBulkApiBatches", "DailyBulkV2QueryJobs"):
        if name in body or name == "DailyApiRequests":
            require(_Allowance, body.get(name))


def _job(request: Request, body: Any) -> None:
    require(_Job, body)
    parts = request.path.split("/")
    require_rows(len(parts) == _JOBS_DEPTH or body["id"] == parts[2], "it tells of another job")


def _results(request: Request, body: Any) -> None:
    """A file of results: its header, and each row as long as that."""
    require(str, body)
    name = request.path.rpartition("/")[2]
    if not body.strip() and name == "unprocessedrecords":
        return
    try:
        lines = list(csv.reader(io.StringIO(body, newline=""), strict=True))
    except csv.Error as error:
        raise UnreadableAnswer("it is no CSV") from error
    header = [column.lower() for column in lines[0]] if lines else []
    required = {"successfulResults": ("sf__id", "sf__created"), "failedResults": ("sf__id", "sf__error")}
    require_rows(
        all(column in header for column in required.get(name, ())), "its header is none of a file of results"
    )
    place = header.index("sf__id") if "sf__id" in header else None
    for line in lines[1:]:
        require_rows(not line or len(line) == len(header), "a row is longer or shorter than the header")
        if line and place is not None:
            empty = not line[place] and name != "successfulResults"
            require_rows(empty or is_id(line[place]), "an sf__id is no id")


def _definition(_: Request, body: Any) -> None:
    require(_Definition, body)
    require_depth(body)


def _of(form: Any) -> Callable[[Request, Any], None]:
    return lambda _, body: require(form, body)


def _anything(_: Request, __: Any) -> None:
    """Its body is read by nobody."""


def _query(request: Request, body: Any) -> None:
    text = parse_qs(urlsplit(request.path).query).get("q", [""])[0] if "?" in request.path else request.soql
    columns = columns_of(text)
    if columns is None:
        raise UnreadableAnswer("it answers no statement")
    require_page(body, columns, first=True)


def _further(request: Request, body: Any) -> None:
    require_page(body, request.columns or NO_COLUMNS, first=False)


NO_COLUMNS = Columns(names=frozenset(), related={}, moments=(), ids=(), flags=())
_REFUSED = 300
#: Parts of the address jobs/ingest.
_JOBS_DEPTH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked."""

    method: str
    #: Below the version.
    path: str
    body: Any = None
    #: The statement of a query whose address does not hold it.
    soql: str = ""
    #: What the statement selected of which this is a further page.
    columns: Columns | None = None


_JOB = r"jobs/ingest/[^/]+"
#: Method and path -> what a good answer looks like; the first that fits.
_ROUTES: tuple[tuple[str, str, Callable[[Request, Any], None]], ...] = (
    ("GET", r"(tooling/)?query(All)?/[^/?]+", _further),
    ("GET", r"(tooling/)?query(All)?/?(\?.*)?", _query),
    ("POST", r"composite", _composite),
    ("POST|PATCH", r"composite/sobjects(/[^/]+/[^/]+)?", _collection),
    ("POST", r"composite/sobjects/[^/]+", _retrieved),
    ("GET", r"sobjects/[^/]+/describe", _described),
    ("POST", r"(tooling/)?sobjects/[^/]+", _of(_Saved)),
    ("PATCH", r"(tooling/)?sobjects/[^/]+/[^/]+", _anything),
    ("GET", r"tooling/sobjects/CustomField/[^/]+", _definition),
    ("GET", r"ui-api/object-info/[^/]+/picklist-values/[^/]+", _of(_Offers)),
    ("GET", r"limits/?", _allowances),
    ("POST", r"jobs/ingest", _job),
    ("GET|PATCH", _JOB, _job),
    ("PUT", f"{_JOB}/batches", _anything),
    ("GET", f"{_JOB}/(successfulResults|failedResults|unprocessedrecords)", _results),
)


def require_answer(request: Request, body: Any) -> None:
    """Hold the body of a good answer against its route. KeyError for a route that has no form here."""
    for methods, pattern, check in _ROUTES:
        if request.method in methods.split("|") and re.fullmatch(pattern, request.path):
            check(request, body)
            return
    raise KeyError(f"{request.method} {request.path}")


def pages_in(request: Request, body: Any) -> list[tuple[str, Columns]]:
    """Where the further pages of the queries in an answer are, and what they hold."""
    parts: Sequence[tuple[Request, Any]] = [(request, body)]
    if request.path == "composite":
        parts = [
            (Request(method=mine["method"], path=_VERSION.sub("", mine["url"])), part.get("body"))
            for mine, part in zip(request.body["compositeRequest"], body["compositeResponse"], strict=True)
        ]
    found: list[tuple[str, Columns]] = []
    for asked, told in parts:
        if "query" not in asked.path or not isinstance(told, dict) or told.get("done") is not False:
            continue
        text = unquote(asked.path.partition("q=")[2]) or asked.soql
        columns = asked.columns or columns_of(text)
        if columns is not None and isinstance(told.get("nextRecordsUrl"), str):
            found.append((_VERSION.sub("", told["nextRecordsUrl"]), columns))
    return found


def require_token(body: Any) -> None:
    """Hold what a token address answered against what it must hold."""
    require(_IssuedToken, body)
