from tests.emulator.hubspot.judged import Judged

OWNERS = "/crm/v3/owners/"


def test_active_owners_are_listed_in_pages(hubspot: Judged) -> None:
    first = hubspot("GET", f"{OWNERS}?limit=1").json()
    assert [owner["id"] for owner in first["results"]] == ["101"]
    rest = hubspot("GET", f"{OWNERS}?limit=1&after={first['paging']['next']['after']}").json()
    assert [owner["email"] for owner in rest["results"]] == ["rep@example.com"]
    assert "paging" not in rest


def test_owners_are_found_by_email_in_any_case(hubspot: Judged) -> None:
    (owner,) = hubspot("GET", f"{OWNERS}?email=REP@example.com").json()["results"]
    assert (owner["id"], owner["userId"], owner["type"]) == ("102", 9002, "PERSON")


def test_a_deactivated_owner_stands_in_a_list_of_its_own_without_a_user(hubspot: Judged) -> None:
    (owner,) = hubspot("GET", f"{OWNERS}?archived=true").json()["results"]
    assert (owner["id"], owner["archived"], owner["userId"]) == ("103", True, None)
    assert owner["userIdIncludingInactive"] == 9003
    assert hubspot("GET", f"{OWNERS}103").status_code == 404
    assert hubspot("GET", f"{OWNERS}103?archived=true").status_code == 200


def test_an_owner_is_read_by_either_number(hubspot: Judged) -> None:
    assert hubspot("GET", f"{OWNERS}102").json()["email"] == "rep@example.com"
    assert hubspot("GET", f"{OWNERS}9002?idProperty=userId").json()["id"] == "102"
    assert hubspot("GET", f"{OWNERS}9002").status_code == 404
    assert hubspot("GET", "/crm/owners/2026-03/102").json()["id"] == "102"


def test_people_come_and_go_through_the_door(hubspot: Judged) -> None:
    hubspot("POST", "/__emulator__/owners", {"email": "new@example.com", "last": "New"})
    hubspot("POST", "/__emulator__/owners", {"email": "rep@example.com", "archived": True})
    active = hubspot("GET", OWNERS).json()["results"]
    assert [owner["email"] for owner in active] == ["admin@example.com", "new@example.com"]
    stamps = {owner["updatedAt"] for owner in hubspot("GET", f"{OWNERS}?archived=true").json()["results"]}
    assert stamps == {"2026-10-05T12:00:00.250Z"}
