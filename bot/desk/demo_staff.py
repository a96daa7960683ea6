"""Staff of the demo shop, so that its desk can be tried at once: with another password at each first start, and gone
where the shop is a real one."""

import os
import tomllib
from pathlib import Path

from bot.desk.canned import CannedStore
from bot.desk.passwords import new_password
from bot.desk.people import Staff
from bot.desks import Canned, Member

FILE = "desk-password.txt"
OTTO = Member("otto", "Otto", "lead")
OLIVIA = Member("olivia", "Olivia", "agent")
ANSWERS = Path(__file__).parent / "first_answers"


async def settle_demo_staff(staff: Staff, canned: CannedStore, demo: bool, folder: Path) -> None:
    """Where the demo has no staff yet: `otto`, a lead, and `olivia`, an agent, whose password is put into a file of the
    folder; and some answers. Where the shop is none of the demo, the two are removed. Raises OSError,
    StoreUnavailable."""
    path = folder / FILE
    if demo:
        if await staff.add_first((OTTO, OLIVIA), new_password(), lambda password: _write(path, password)):
            await canned.add_first(_answers())
    elif await staff.remove_demo():
        path.unlink(missing_ok=True)


def _answers() -> tuple[Canned, ...]:
    found = []
    for path in sorted(ANSWERS.glob("*.toml")):
        answers = tomllib.loads(path.read_text(encoding="utf-8"))["answers"]
        found += [Canned("", path.stem, one["title"], one["text"]) for one in answers]
    return tuple(found)


def _write(path: Path, password: str) -> None:
    """For its owner's eyes, from the first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{password}\n")
