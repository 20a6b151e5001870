"""Plans that were saved in files, read back: of the form that this version writes, or refused."""

from __future__ import annotations

from typing import Any, TypeVar

from sync.errors import StalePlan

_T = TypeVar("_T")


def parsed(form: type[_T], data: Any, *, name: str, again: str) -> _T:
    """What a file holds, as a frozen dataclass. ``StalePlan`` where it does not fit; ``again``: what to do then."""
    # Every command knows Plans, and few are given a file: the others need not wait for pydantic (0.14 s).
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415

    try:
        return TypeAdapter(form).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StalePlan(
            f"{name} is damaged or was edited by hand ({place}: {first['msg']}).", remedy=again
        ) from error
