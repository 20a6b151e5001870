"""Ask the services that know of vulnerabilities about every package of the locks.

pip-audit ends well where a service answers but knows none of the packages, as a mirror does. Here nothing counts as
audited that nobody answered for: exit 0 means that each package was looked up and none is known to be vulnerable,
1 that one is, 2 that some could not be looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: In the order asked. The second is asked where the first cannot answer for all.
SERVICES = ("pypi", "osv")


@dataclass
class Audit:
    """What one service said of one lock."""

    #: ``name version`` of each package that the service answered for.
    looked_up: list[str] = field(default_factory=list)
    #: Names of those it did not answer for.
    unknown: list[str] = field(default_factory=list)
    #: ``name version: ID (fixed in …)``, one for each vulnerability.
    vulnerable: list[str] = field(default_factory=list)


def read(report: dict[str, Any]) -> Audit:
    """Read pip-audit's JSON."""
    audit = Audit()
    for package in report["dependencies"]:
        if "skip_reason" in package:
            audit.unknown.append(package["name"])
            continue
        called = f"{package['name']} {package['version']}"
        audit.looked_up.append(called)
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            audit.vulnerable.append(f"{called}: {found['id']} (fixed in {fixed})")
    return audit


def verdict(audit: Audit | None) -> tuple[int, str]:
    """Exit code, and what to say; None where no service could be reached."""
    if audit is None or not (audit.looked_up or audit.vulnerable):
        return 2, (
            "Nothing was audited: no service that knows of vulnerabilities can be reached from here. "
            "Run `make audit` where the Python Package Index or osv.dev can be reached."
        )
    if audit.vulnerable:
        return 1, "Vulnerable:\n" + "\n".join(f"  {line}" for line in audit.vulnerable)
    if audit.unknown:
        names = ", ".join(audit.unknown)
        return 2, f"{len(audit.looked_up)} packages have no known vulnerability; nobody answered for: {names}"
    return 0, f"{len(audit.looked_up)} packages, none with a known vulnerability."


def ask(service: str, lock: Path) -> Audit | None:
    """One service about one lock; None where it cannot be reached."""
    words = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(lock),
        "--require-hashes",
        "--disable-pip",
    ]
    words += [
        "--vulnerability-service",
        service,
        "--format",
        "json",
        "--progress-spinner",
        "off",
        "--timeout",
        "15",
    ]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    try:
        return read(json.loads(ran.stdout))
    except ValueError:
        *_, last = ran.stderr.strip().splitlines() or ["it said nothing"]
        print(f"{service} could not be asked: {last[:300]}", file=sys.stderr)
        return None


def main(locks: list[str]) -> int:
    """Audit each lock; the worst of their exit codes."""
    worst = 0
    for name in locks:
        asked: Audit | None = None
        for service in SERVICES:
            said = ask(service, ROOT / name)
            if said is not None and (asked is None or len(said.unknown) < len(asked.unknown)):
                asked = said
            if asked is not None and not asked.unknown:
                break
        code, sentence = verdict(asked)
        print(f"{name}: {sentence}")
        # A known vulnerability weighs more than one that may be there.
        worst = code if worst == 0 or code == 1 else worst
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
