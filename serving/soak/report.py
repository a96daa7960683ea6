"""What a soak found, as its reader sees it; the last line is the figure that counts."""

import math
from collections import Counter
from collections.abc import Sequence

from serving.soak.checking import Finding, Kind
from serving.soak.recovery import Recovered, percentile
from serving.soak.soaking import Soaked

SHOWN = 20  # findings of each kind


def is_clean(soaked: Soaked) -> bool:
    return not soaked.verdict.findings


def is_uneventful(soaked: Soaked) -> bool:
    """Whether nobody need look into what the processes logged."""
    return is_clean(soaked) and not soaked.parked and not soaked.ended


def is_caught(soaked: Soaked) -> bool:
    """Whether the checker found all three kinds."""
    return all(soaked.verdict.count(kind) for kind in Kind)


def last_line(soaked: Soaked) -> str:
    verdict = soaked.verdict
    seconds = [seconds for recovered in soaked.recovered for seconds in recovered.each]
    return (
        ", ".join(f"{kind} {verdict.count(kind)}" for kind in Kind)
        + f", parked {verdict.parked}, answered {verdict.answered}, kills {soaked.kills}, "
        f"recovery p95 {_seconds(percentile(seconds, 95))}"
    )


def details(soaked: Soaked) -> list[str]:
    verdict = soaked.verdict
    return [
        f"{soaked.messages:,} messages in {soaked.seconds:.0f} s; {verdict.answered:,} answered, "
        f"{verdict.quoted:,} of them in their own words, the others by the turn that the desk names; "
        f"{verdict.changes} orders changed",
        *_recovery(soaked.recovered),
        *(
            f"not acknowledged when their customer went: {verdict.unacknowledged}"
            for _ in (1,)
            if verdict.unacknowledged
        ),
        *(f"{name} ended by itself {times} times and was started again" for name, times in soaked.ended.items()),
        *(f"parked because of {why}: {times}" for why, times in Counter(soaked.parked.values()).items()),
        *_findings(verdict.findings),
    ]


def _recovery(recovered: Sequence[Recovered]) -> list[str]:
    lines = []
    for kind in dict.fromkeys(one.kill.process.partition(" ")[0] for one in recovered):
        seconds = [one.seconds for one in recovered if one.kill.process.startswith(kind)]
        lines.append(
            f"{kind} killed {len(seconds)} times: the slowest conversation of each was answered again after "
            f"{_seconds(percentile(seconds, 50))} at p50, {_seconds(percentile(seconds, 95))} at p95"
        )
    return lines


def _seconds(seconds: float) -> str:
    return "never" if math.isinf(seconds) else f"{seconds:.1f} s"


def _findings(findings: Sequence[Finding]) -> list[str]:
    lines: list[str] = []
    for kind in Kind:
        found = [finding for finding in findings if finding.kind == kind]
        lines += [f"{kind}: {one.conversation}: {one.what}" for one in found[:SHOWN]]
        lines += [f"{kind}: and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return lines
