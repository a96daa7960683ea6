"""`shopdesk knowledge report`: how well the desk knows its own texts, and how often it is expected to be wrong."""

from collections import Counter
from collections.abc import Iterator, Sequence

import click
import msgspec

from bot.commands.playing import Environ, play, settings_of
from bot.knowledge.building import read_passages
from bot.knowledge.learning.lessons import LEAST_TRIED, Fitted, Lessons, read_borders
from bot.knowledge.learning.thresholds import LEAST_ANSWERED, RIGHT
from bot.knowledge.passages import Passage
from bot.knowledge.searching.ranking import Signals
from bot.knowledge.versions import current

FEW = 3  # phrasings, the title among them: an entry with fewer is hard to find
SHOWN = 10

BY: dict[Signals, str] = {
    "words": "words",
    "words+learned": "words and what was learned",
    "words+meant": "words and meaning",
    "words+meant+learned": "words, meaning and what was learned",
}


class Report(msgspec.Struct, frozen=True):
    version: str
    embedder: str  # "" for none
    learned: bool
    passages: dict[str, int]  # by kind and language: "faq en"
    fitted: tuple[Fitted, ...]
    hard_to_find: tuple[str, ...]  # ids of FAQ entries with fewer than FEW phrasings


@click.command("report", help="What the desk makes of its knowledge: thresholds, and how often it is expected to err.")
@click.option("--json", "as_json", is_flag=True, help="As one object.")
@click.pass_obj
def report(environ: Environ, as_json: bool) -> None:
    play(_report(environ, as_json))


async def _report(environ: Environ, as_json: bool) -> None:
    folder = settings_of(environ).data_dir / "knowledge"
    version = current(folder)
    if not version:
        raise ValueError(
            "Nothing is published yet: run `shopdesk run` for the demo, `shopdesk knowledge import` for yours."
        )
    found = report_on(version, read_passages(folder / version), read_borders(folder / version))
    click.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(_lines(found)))


def report_on(version: str, passages: Sequence[Passage], lessons: Lessons) -> Report:
    counted = Counter(f"{one.kind} {one.language}" for one in passages)
    hard = tuple(one.id for one in passages if one.kind == "faq" and 1 + len(one.questions) < FEW)
    return Report(version, lessons.embedder, lessons.learned, dict(counted), lessons.fitted, hard)


def _lines(found: Report) -> Iterator[str]:
    yield f"Version {found.version}, {found.embedder or 'no embedder'}"
    yield "Passages: " + ", ".join(f"{count} {kind}" for kind, count in sorted(found.passages.items()))
    if not found.learned:
        yield "Nothing has been learned from it yet: a desk that runs does so within a minute."
    elif not found.fitted:
        yield (
            f"Too few questions to fit thresholds to, fewer than {LEAST_TRIED} a language: only what is plainly in the "
            "texts is answered. Write down other ways to ask for each entry."
        )
    for one in found.fitted:
        yield from _fitted_lines(one)
    if found.hard_to_find:
        more = len(found.hard_to_find) - SHOWN
        shown = ", ".join(found.hard_to_find[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        yield f"\nHard to find, with fewer than {FEW} phrasings: {shown}"


def _fitted_lines(one: Fitted) -> Iterator[str]:
    limits, expected = one.thresholds, one.thresholds.expected
    declined = max(0.0, 1 - expected.answered - expected.offered)
    invented = expected.unanswerable_answered
    yield f"\n{one.language}, found by {BY[one.signals]}; fitted to {expected.questions} questions it had not heard"
    yield f"  answers from {limits.answer:.3f} on, offers topics from {limits.offer:.3f} on"
    yield f"  with an answer:    {expected.answered:.0%} answered ({expected.right:.0%} of it rightly), "
    yield f"                     {expected.offered:.0%} offered topics to choose from, {declined:.0%} declined"
    yield f"  their answer gone: {invented:.0%} answered by the nearest entry (wrongly), "
    yield f"                     {expected.unanswerable_offered:.0%} offered topics; less of what is further away"
    if expected.right < RIGHT:
        yield f"  {RIGHT:.0%} right is not reached: it would leave more than {1 - LEAST_ANSWERED:.0%} unanswered."
        yield "  The published index has heard these questions and does better; other ways of asking help most."
