"""The public lists of shared domains, and how they are renewed."""

import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RENEW = ROOT / ".ci" / "domain_lists" / "renew.py"
KEPT = ROOT / "mappings" / "domain_lists"


def renew(
    tmp_path: Path, addresses: Mapping[str, list[str]], *more: str, at_least: int = 1
) -> tuple[int, str]:
    """Renew these lists from these addresses into the folder `into`; the exit code, and what was said."""
    sources = tmp_path / "sources.toml"
    sources.write_text(
        "".join(
            f'[[lists]]\nfile = "{file}"\ntitle = "Hosts."\nat_least = {at_least}\n'
            + "".join(
                f'[[lists.sources]]\naddress = "{address}"\npage = "https://lists.example/"\nlicence = "CC0-1.0"\n'
                for address in each
            )
            for file, each in addresses.items()
        )
    )
    call = [sys.executable, str(RENEW), "--sources", str(sources), "--into", str(tmp_path / "into")]
    done = subprocess.run([*call, "--date", "2026-12-01", *more], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def a_list(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


def written(tmp_path: Path, file: str) -> list[str]:
    return (tmp_path / "into" / file).read_text(encoding="utf-8").splitlines()


@contextmanager
def served(text: str, status: int = 200) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's own word)
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/list.txt"
        finally:
            server.shutdown()
            thread.join()


def test_a_list_is_written_sorted_with_its_source_licence_date_and_count(tmp_path: Path) -> None:
    text = "\ufeff# mail\nZulu.example.com\nb.net\n*.A.com\nb.net\nb\u00fccher.de\nhost.below.org\nco.uk\nnot a host\n"
    code, said = renew(tmp_path, {"mail.txt": [a_list(tmp_path, "one.txt", text)]})
    assert (code, said) == (0, "mail.txt: 3 domains, 3 new, 0 gone\n")
    lines = written(tmp_path, "mail.txt")
    assert [line for line in lines if not line.startswith("#")] == ["a.com", "b.net", "xn--bcher-kva.de"]
    assert "# source: https://lists.example/ (one.txt), CC0-1.0" in lines
    assert "# date: 2026-12-01" in lines
    assert "# count: 3" in lines


def test_a_list_is_fetched_from_a_server(tmp_path: Path) -> None:
    with served("b.com\na.com\n") as address:
        assert renew(tmp_path, {"mail.txt": [address]})[0] == 0
    assert written(tmp_path, "mail.txt")[-2:] == ["a.com", "b.com"]


def test_a_domain_that_too_few_lists_name_is_left_out(tmp_path: Path) -> None:
    sources = [a_list(tmp_path, "one.txt", "a.com\nb.com"), a_list(tmp_path, "two.txt", "b.com\nc.com")]
    assert renew(tmp_path, {"mail.txt": sources}, at_least=2)[0] == 0
    assert [line for line in written(tmp_path, "mail.txt") if not line.startswith("#")] == ["b.com"]


def test_a_list_that_loses_more_than_a_tenth_is_refused_and_none_is_written(tmp_path: Path) -> None:
    hosts = [f"host{number}.com" for number in range(20)]
    both = {
        "mail.txt": [a_list(tmp_path, "one.txt", "\n".join(hosts))],
        "more.txt": [a_list(tmp_path, "two.txt", "a.com")],
    }
    assert renew(tmp_path, both)[0] == 0
    a_list(tmp_path, "one.txt", "\n".join(hosts[:17]))
    a_list(tmp_path, "two.txt", "a.com\nb.com")
    code, said = renew(tmp_path, both)
    assert code == 1
    assert "mail.txt: 17 domains where 20 stood" in said
    assert "--allow-shrink" in said
    assert written(tmp_path, "more.txt")[-1] == "a.com"
    assert renew(tmp_path, both, "--allow-shrink")[0] == 0
    assert "# count: 17" in written(tmp_path, "mail.txt")


def test_a_list_may_lose_a_tenth(tmp_path: Path) -> None:
    hosts = [f"host{number}.com" for number in range(20)]
    given = {"mail.txt": [a_list(tmp_path, "one.txt", "\n".join(hosts))]}
    assert renew(tmp_path, given)[0] == 0
    a_list(tmp_path, "one.txt", "\n".join(hosts[:18]))
    assert renew(tmp_path, given)[0] == 0


def test_all_sources_that_fail_are_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    with served("gone", status=404) as missing:
        code, said = renew(
            tmp_path,
            {
                "mail.txt": [missing],
                "page.txt": [a_list(tmp_path, "page.html", "<!DOCTYPE html>\n<html>\na.com\n</html>")],
                "empty.txt": [a_list(tmp_path, "empty", "# nothing\n")],
                "odd.txt": ["ftp://lists.example/a.txt"],
                "absent.txt": [(tmp_path / "absent").as_uri()],
                "good.txt": [a_list(tmp_path, "good", "a.com")],
            },
        )
    assert code == 1
    assert said.startswith("Nothing was written:")
    for file, problem in (
        ("mail.txt", "404"),
        ("page.txt", "a page, not with a list"),
        ("empty.txt", "no domain stands in it"),
        ("odd.txt", "begins with https://"),
        ("absent.txt", "absent"),
    ):
        assert re.search(rf"^  {file}: .*{problem}", said, re.MULTILINE), said
    assert "good.txt" not in said
    assert not (tmp_path / "into").exists()


def test_every_list_that_is_kept_says_where_it_is_from_and_holds_what_it_says(tmp_path: Path) -> None:
    named = {each["file"] for each in tomllib.loads(RENEW.with_name("sources.toml").read_text())["lists"]}
    assert {path.name for path in KEPT.iterdir()} == named
    for path in sorted(KEPT.iterdir()):
        lines = path.read_text(encoding="utf-8").splitlines()
        head = [line for line in lines if line.startswith("#")]
        domains = lines[len(head) :]
        assert domains == sorted(set(domains))
        assert f"# count: {len(domains)}" in head
        assert any(re.fullmatch(r"# date: \d{4}-\d{2}-\d{2}", line) for line in head)
        sources = [line for line in head if line.startswith("# source: ")]
        assert sources
        assert all(line.endswith(("MIT", "ISC", "CC0-1.0")) for line in sources)
        # It stands as the tool writes it: to take it in once more changes nothing.
        shutil.copy(path, tmp_path / path.name)
        assert renew(tmp_path, {path.name: [(tmp_path / path.name).as_uri()]})[0] == 0
        assert [line for line in written(tmp_path, path.name) if not line.startswith("#")] == domains
