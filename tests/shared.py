"""Where the vendors' own specifications, recordings and sample data are found, for tests that hold ours against them.

They are other people's work and no part of this repository: a checkout without them beside it skips those tests.
"""

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
SCRIPTS = Path(__file__).resolve().parents[1] / ".ci"
CONTRACTS = SHARED / "contracts"
DATA = SHARED / "data"

WHY_SKIPPED = "the vendors' specifications, recordings and sample data do not lie beside this checkout"

needs_contracts = pytest.mark.skipif(not CONTRACTS.is_dir(), reason=WHY_SKIPPED)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=WHY_SKIPPED)


@cache
def judge(name: str) -> ModuleType:
    """Load a judge by its name, such as ``openapi_judge``; only for tests that are marked ``needs_contracts``."""
    return loaded(name, CONTRACTS / "tools" / f"{name}.py")


def loaded(name: str, path: Path) -> ModuleType:
    """The module in a file that no package holds, under a name of its own."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, path
    assert spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up there.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def script(name: str) -> ModuleType:
    """One of the scripts of .ci by its name, such as ``build``."""
    return loaded(name, SCRIPTS / f"{name}.py")
