"""demo: the whole story on the local emulators, without an account and without a question."""

from __future__ import annotations

import csv
import json
import os
import random
import shlex
import shutil
import socket
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from commands.app import App, pass_app
from commands.emulator import HUBSPOT_PORT, SALESFORCE_PORT, needing_the_extra
from commands.exit_codes import Exit
from commands.init import DEMO_MARK
from sync.errors import SyncError
from sync.ledger.ledger import Ledger
from sync.model.records import Account, SystemName

if TYPE_CHECKING:
    from commands.emulators import Rehearsal

SECRETS: Mapping[str, str] = {
    "SF_CLIENT_ID": "emulator",
    "SF_CLIENT_SECRET": "emulator",
    "HUBSPOT_ACCESS_TOKEN": "pat-emulator",
}
_SALES = "ben.ortiz@example.com"
_ADMIN = "admin@example.com"
_WHO_IS_BEN = "SELECT Id FROM User WHERE Email = 'ben.ortiz@example.com'"
_MARKETING = "chloe.park@example.com"


#: What the story takes for granted.
_WORDS = {
    "System": "a CRM that Tandem works with: here salesforce and hubspot",
    "Link": "the records in both Systems that are one account",
    "Base": "the value on which both Systems last agreed; edits are told by it",
    "Conflict": "both sides edited, and no rule decides: it waits for a person",
    "Run": "once: read, decide, write; each has an id, and can be undone",
    "fill": "a value goes where none was; overwrite: where another one was",
    "mark": "Tandem's own id goes into a record, so that it is known again",
}


@click.command(epilog="Example: tandem demo --accounts 300")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("tandem-demo"),
    show_default=True,
)
@click.option(
    "--accounts", type=click.IntRange(min=20), default=300, show_default=True, help="Accounts to make up."
)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed tells the same story.")
@pass_app
def demo(app: App, folder: Path, accounts: int, seed: int) -> None:
    """The whole story on the local emulators: nothing to set up, nothing leaves this machine."""
    # The servers are a second program: no other command waits for its import.
    with needing_the_extra():
        from commands.emulators import rehearsal  # noqa: PLC0415

    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()) and not (folder / DEMO_MARK).exists():
        raise SyncError(f"{folder} is not empty.", remedy="Name another one: tandem demo --folder NAME")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / DEMO_MARK).touch()
    with (
        _secrets(),
        rehearsal(
            folder / "crm", _free(SALESFORCE_PORT), _free(HUBSPOT_PORT), accounts=accounts, seed=seed
        ) as world,
        # So that every hint can be typed there as it stands.
        chdir(folder),
    ):
        story = Narrator(app, app.console, folder, world)
        story.tell()


@contextmanager
def _secrets() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in SECRETS}
    os.environ.update(SECRETS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _free(port: int) -> int:
    """The port, or any free one where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


@dataclass(slots=True)
class Narrator:
    """Tells the story, one command after the other, as a person would type them."""

    app: App
    console: Console
    folder: Path
    world: Rehearsal
    #: Whose tier both teams change.
    _quarrel: Account = field(init=False)

    def tell(self) -> None:
        """All of it. A command that ends otherwise than the story says is an error."""
        self._chapter(
            "Two CRMs that drifted apart", "300 companies, two teams, one list of target accounts. In theory."
        )
        self._words()
        self._run("init", "--emulator")
        self._point_at_the_servers()
        self._run("doctor", expect=(0, 1))
        self._chapter(
            "Fields and stages, in both CRMs", "First a plan; then the fields, rights and ladders themselves."
        )
        self._run("provision", "plan", expect=(3,))
        self._run("provision", "apply", "--yes")
        self._chapter(
            "First meeting", "Which accounts are one, what differs, what it costs. Nothing is written yet."
        )
        self._run("plan", "--show", "6", expect=(3, 4))
        self._run("apply", "--yes", "--show", "0", expect=(0, 4))
        self._chapter(
            "Who is who?",
            "One website, two records in Salesforce: Tandem asks, and creates nothing meanwhile.",
        )
        self._run("matches", "list", expect=(4,))
        self._run("matches", "accept", self._question(), "--yes")
        self._run("apply", "--yes", "--show", "3", expect=(0, 4))
        self._chapter("People edit", "A week passes. Ben works in Salesforce, Chloe in HubSpot.")
        self._people_edit()
        self._run("plan", "--show", "8", expect=(4,))
        self._run("apply", "--yes", "--show", "0", expect=(4,))
        self._chapter("The one thing that only people can decide")
        self._run("conflicts", "list", expect=(4,))
        self._run("conflicts", "show", "1")
        self._run(
            "conflicts", "resolve", "1", "--use", "salesforce", "--note", "agreed at the stand-up", "--yes"
        )
        self._run("apply", "--yes", "--show", "3", expect=(0, 4))
        decided = self._last_run()
        self._chapter(
            "How did that value come about?",
            "Every edit, rule and write of one field, in both CRMs and the ledger.",
        )
        self._run("explain", self._domain(self._quarrel), "tier")
        self._chapter(
            "Taking it back",
            "The stand-up changed its mind: what that Run overwrote goes back, where it still stands.",
        )
        self._run("undo", decided, "--yes", expect=(0, 4))
        self._chapter(
            "Scores in, outcomes back",
            "Computed outside the CRMs, pushed to both; what became of it comes back.",
        )
        self._scores()
        self._run("scores", "import")
        self._run("scores", "push", "--yes", "--show", "3", expect=(0, 4))
        self._run("outcomes", "pull", expect=(0, 4))
        self._run("report", "pipeline")
        self._chapter("And now?")
        self._run("plan", expect=(0, 4))
        self._run("status", expect=(0, 4))
        self._last_words()

    # -- telling -------------------------------------------------------------------------------------------

    def _chapter(self, title: str, line: str | None = None) -> None:
        self.console.print()
        self.console.print(Rule(Text(title, style="bold"), align="left", style="blue"))
        if line:
            self.console.print(Text(line, style="italic bright_black"))

    def _words(self) -> None:
        """What the words mean that come up."""
        for word, meaning in _WORDS.items():
            self.console.print(Text.assemble((f"  {word:<9}", "bold"), meaning))

    def _say(self, line: str) -> None:
        self.console.print(Text(f"  {line}", style="italic"))

    def _run(self, *arguments: str, expect: Sequence[int] = (0,)) -> None:
        shown = shlex.join(arguments)
        self.console.print()
        self.console.print(Text.assemble(("$ ", "bright_black"), (f"tandem {shown}", "bold cyan")))
        code = self.app.run(["--config", "tandem.yaml", *arguments])
        if code == Exit.INTERRUPTED:
            raise KeyboardInterrupt
        if code not in expect:
            raise SyncError(
                f"The demo went wrong: tandem {shown} ended with {code}.", remedy=f"See {self.folder}."
            )

    def _last_words(self) -> None:
        where = self.folder.name
        self.console.print()
        self.console.print(Rule(style="blue"))
        for line in (
            f"All of it is kept in {where}/. Go on where the story ends:",
            "  source .venv/bin/activate",
            f"  tandem emulator serve --state {where}/crm",
            f"and in another terminal, in {where}/:",
            *(f"  export {name}={value}" for name, value in SECRETS.items()),
            "  tandem status",
            "Against your own CRMs, in a folder of your own:  tandem init",
        ):
            self.console.print(Text(line), soft_wrap=True)

    def _point_at_the_servers(self) -> None:
        """Where the usual ports were taken, the configuration names others."""
        config = self.folder / "tandem.yaml"
        text = config.read_text(encoding="utf-8")
        text = text.replace(f"http://127.0.0.1:{SALESFORCE_PORT}", self.world.salesforce)
        config.write_text(
            text.replace(f"http://127.0.0.1:{HUBSPOT_PORT}", self.world.hubspot), encoding="utf-8"
        )

    # -- what people do ------------------------------------------------------------------------------------

    def _people_edit(self) -> None:
        self._let_sales_see_the_fields()
        both, conflicting, agreeing, moving = self._accounts(4)
        self._quarrel = conflicting
        self._as(_SALES, "salesforce", both, {"MQA_Stage__c": "evaluating"})
        self._as(_MARKETING, "hubspot", both, {"hs_ideal_customer_profile": self._other_tier(both)})
        self._say(
            f"{both.link.label}: Ben moves the stage, Chloe changes the tier. Different fields, no quarrel."
        )
        tiers = [tier for tier in ("tier_1", "tier_2", "tier_3") if tier != self._tier(conflicting)]
        self._as(_SALES, "salesforce", conflicting, {"ABM_Tier__c": tiers[0]})
        self._as(_MARKETING, "hubspot", conflicting, {"hs_ideal_customer_profile": tiers[1]})
        self._say(f"{conflicting.link.label}: both change the tier, to different ones.")
        tier = self._other_tier(agreeing)
        self._as(_SALES, "salesforce", agreeing, {"ABM_Tier__c": tier})
        self._as(_MARKETING, "hubspot", agreeing, {"hs_ideal_customer_profile": tier})
        self._say(
            f"{agreeing.link.label}: both change the tier, to the same one. That is agreement, not a change."
        )
        self._as(_SALES, "salesforce", moving, {"MQA_Stage__c": "negotiating"})
        self._as(_MARKETING, "hubspot", moving, {"tandem_mqa_stage": "engaged"})
        self._say(
            f"{moving.link.label}: both move the stage; the ladder's rule is that the furthest stage stands."
        )
        # Time passes for the CRMs, so that HubSpot's search index has caught up, as it does.
        for base in (self.world.salesforce, self.world.hubspot):
            _send("POST", f"{base}/__emulator__/clock", {"advance": 600})

    def _let_sales_see_the_fields(self) -> None:
        """New Salesforce fields are invisible until a permission set shows them (Salesforce: field-level security)."""
        door = f"{self.world.salesforce}/__emulator__/as/{_ADMIN}/services/data/v62.0"

        def first(query: str) -> str:
            found: str = _send("GET", f"{door}/query?{urlencode({'q': query})}")["records"][0]["Id"]
            return found

        assignment = {
            "PermissionSetId": first("SELECT Id FROM PermissionSet WHERE Name = 'Tandem_Sync'"),
            "AssigneeId": first(_WHO_IS_BEN),
        }
        _send("POST", f"{door}/sobjects/PermissionSetAssignment", assignment)
        self._say(
            "An administrator gives Ben the permission set Tandem_Sync, so that he sees the new fields."
        )

    def _accounts(self, count: int) -> list[Account]:
        """Linked target accounts that both CRMs have, the same ones in every telling."""
        with self._ledger() as ledger:
            found = [account for account in ledger.accounts.all_linked() if len(account.records) == 2]
        found = [account for account in found if self._tier(account) is not None]
        found.sort(key=lambda account: account.link.label)
        return random.Random(1).sample(found, count)  # noqa: S311  a story, not a secret

    def _question(self) -> str:
        """The first pair that is asked about, by its key."""
        with self._ledger() as ledger:
            return ledger.matches.list()[0].match.key

    def _last_run(self) -> str:
        with self._ledger() as ledger:
            return ledger.runs.latest(1)[0].id

    @staticmethod
    def _domain(account: Account) -> str:
        return account.link.domain or account.link.label

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with Ledger.open(f"sqlite:///{self.folder / 'tandem.db'}", self.app.clock) as ledger:
            yield ledger

    @staticmethod
    def _tier(account: Account) -> str | None:
        return account.link.base.get("tier")

    def _other_tier(self, account: Account) -> str:
        return "tier_1" if self._tier(account) != "tier_1" else "tier_2"

    def _as(self, user: str, system: str, account: Account, values: Mapping[str, str]) -> None:
        """A person changes a record in the CRM's own pages."""
        id = account.records[SystemName(system)].id
        body: dict[str, Any] = dict(values)
        if system == "salesforce":
            base, path = self.world.salesforce, f"services/data/v62.0/sobjects/Account/{id}"
        else:
            base, path, body = self.world.hubspot, f"crm/v3/objects/companies/{id}", {"properties": body}
        _send("PATCH", f"{base}/__emulator__/as/{user}/{path}", body)

    def _scores(self) -> None:
        """What a scoring model would write."""
        with self._ledger() as ledger:
            accounts = [account for account in ledger.accounts.all_linked() if account.link.domain]
        draw = random.Random(2)  # noqa: S311  a story, not a secret
        with (self.folder / "scores.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["domain", "score"])
            for account in accounts:
                writer.writerow([account.link.domain, round(draw.triangular(5, 98, 40), 1)])
        self._say(f"A model scored {len(accounts)} accounts; its file is scores.csv.")


def _send(method: str, url: str, body: Mapping[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(  # noqa: S310  the address is this machine's own emulator
        url, data=data, method=method, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")
