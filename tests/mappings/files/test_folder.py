"""Changes to the files of a mapping folder: all of them or none, and never half of one."""

from pathlib import Path

import pytest

from mappings.errors import MappingError
from mappings.files.folder import change, file_of
from mappings.files.load import default_files, load

KINDS = {"salesforce": "salesforce", "salesforce_emea": "salesforce", "hubspot": "hubspot"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in default_files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_where_the_mapping_would_be_refused_no_file_is_changed_and_the_place_is_told(folder: Path) -> None:
    before = held(folder)
    texts = {
        folder / "hubspot.yaml": "stages:\n  a: decision\n",
        folder / "salesforce_emea.yaml": "stages:\n  A: won\n",
    }
    with pytest.raises(MappingError) as refused:
        change(folder, texts, load(folder, KINDS).systems.values())
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == (str(folder / "salesforce_emea.yaml"), 2)
    assert held(folder) == before


def test_files_are_put_in_their_places_whole_in_a_folder_that_is_made(folder: Path) -> None:
    systems = load(folder, KINDS).systems
    fresh = folder / "fresh"
    change(fresh, {fresh / "hubspot.yaml": "stages:\n  a: decision\n"}, systems.values())
    assert held(fresh) == {"hubspot.yaml": "stages:\n  a: decision\n"}


def test_a_kind_that_several_systems_are_of_is_spelled_for_each_by_itself(folder: Path) -> None:
    systems = load(folder, KINDS).systems
    assert file_of(folder, "salesforce_emea", systems) == folder / "salesforce_emea.yaml"
    assert file_of(folder, "salesforce", systems) == folder / "salesforce.yaml"
    assert file_of(folder, "hubspot", systems) == folder / "hubspot.yaml"
