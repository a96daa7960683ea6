"""What the gates let pass and what they stop, over many sentences in both languages: precision and recall by kind.

`pytest tests/test_gate_cases.py --log-cli-level=INFO` shows the table. Each case says what was read, what the customer
wrote and what the model would say. The parts were written one after the other, each before the gates were mended by it:
"before" ahead of the gates that compare units, then "tuned", "after" and "last". What each scored when it was first
tried (precision/recall): before en .97/.95, zh .98/.98; tuned en .98/.92, zh .90/.86; after en .95/.82, zh .95/.82;
last en 1.00/.91, zh 1.00/.82. So a new wording is missed more often than this table says.
"""

import logging
import re
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from bot.answering.gates import Gate, Patterns, Ungrounded
from bot.answering.turn import Reading

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 22)
LEAST = 0.98
BLOCKED_RIGHTLY, BLOCKED_WRONGLY, MISSED, PASSED_RIGHTLY = "blocked", "wrongly", "missed", "passed"
PATTERNS = Patterns.of(
    *(
        [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "prompts").glob(f"*/{file}.toml"))]
        for file in ("promises", "claims")
    )
)


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    part: str
    kind: str
    passes: bool
    say: str
    read: str
    wrote: str
    staff: bool = False  # the model has asked for staff in this turn


def cases(language: str) -> list[Case]:
    lines = (ROOT / "tests/data/gate_cases" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [msgspec.json.decode(line, type=Case) for line in lines]


async def is_blocked(case: Case) -> bool:
    async def said() -> AsyncIterator[str]:
        yield case.say

    gate = Gate(Reading(texts=[case.read]), case.wrote, PATTERNS, TODAY, lambda: case.staff)
    try:
        return not [sentence async for sentence in gate.through(said())]
    except Ungrounded:
        return True


async def outcomes(language: str) -> list[tuple[Case, str]]:
    found = []
    for case in cases(language):
        blocked = await is_blocked(case)
        if case.passes:
            found.append((case, BLOCKED_WRONGLY if blocked else PASSED_RIGHTLY))
        else:
            found.append((case, BLOCKED_RIGHTLY if blocked else MISSED))
    return found


def precision_and_recall(counted: Counter[str]) -> tuple[float, float]:
    """Of what was blocked, how much had to be; of what had to be, how much was."""
    rightly, wrongly, missed = counted[BLOCKED_RIGHTLY], counted[BLOCKED_WRONGLY], counted[MISSED]
    return (
        rightly / (rightly + wrongly) if rightly + wrongly else 1.0,
        rightly / (rightly + missed) if rightly + missed else 1.0,
    )


def row(name: str, counted: Counter[str]) -> str:
    precision, recall = precision_and_recall(counted)
    figures = " ".join(f"{counted[one]:>8}" for one in (BLOCKED_RIGHTLY, MISSED, BLOCKED_WRONGLY, PASSED_RIGHTLY))
    return f"{name:<14} {figures}   {precision:>9.3f} {recall:>7.3f}"


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_almost_all_that_was_not_read_is_blocked_and_almost_nothing_else(language: str) -> None:
    found = await outcomes(language)
    counted = {
        name: Counter(outcome for case, outcome in found if name in ("all", case.kind, case.part))
        for name in ("all", *sorted({case.kind for case, _ in found}), *dict.fromkeys(case.part for case, _ in found))
    }
    head = f"{language:<14}  blocked   missed  wrongly   passed   precision  recall"
    wrong = [f"{outcome}: {case.id} {case.say}" for case, outcome in found if outcome in (MISSED, BLOCKED_WRONGLY)]
    log.info("%s", "\n".join(["", head, *(row(name, of_it) for name, of_it in counted.items()), *wrong]))
    assert min(precision_and_recall(counted["all"])) >= LEAST, wrong


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_cases_are_many_different_and_of_both_sides(language: str) -> None:
    all_of_it = cases(language)
    passing = sum(case.passes for case in all_of_it)
    assert len(all_of_it) >= 200 and 0.4 <= passing / len(all_of_it) <= 0.6
    assert len({case.id for case in all_of_it}) == len(all_of_it)
    assert len({re.sub(r"[\d$€.,]+", "0", case.say) for case in all_of_it}) >= 0.9 * len(all_of_it)
    assert {case.kind for case in all_of_it} >= {
        "money", "date", "time", "duration", "percent", "quantity", "identifier", "free", "stock", "delivery",
        "promise",
    }  # fmt: skip
