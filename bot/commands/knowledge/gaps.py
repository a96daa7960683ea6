"""`shopdesk knowledge gaps`: what customers ask and the knowledge does not answer."""

import sys
from pathlib import Path

import click
import msgspec

from bot.commands.knowledge.caring import Care, caring, shown
from bot.commands.playing import Environ, play
from bot.insights.drafting import Drafts, different
from bot.insights.gaps import Gap, find_gaps
from bot.insights.unanswered import UnansweredQuestions, in_language

DAY = 24 * 3600
EXAMPLES = 3
ADVICE = {
    "answered": "answered by {nearest} by now",
    "phrasing": "{nearest} may answer it: shopdesk knowledge gaps add {number}",
    "entry": 'a new entry: shopdesk knowledge gaps answer {number} --text "..."',
}


class Looked(msgspec.Struct, frozen=True):
    """Which questions are looked at; the numbers of the gaps hold for these."""

    language: str
    days: int


class Shown(msgspec.Struct, frozen=True):
    """A gap for programs."""

    number: int
    title: str
    language: str
    times: int
    conversations: int
    declined: int
    wanted_person: int
    nearest: str
    confidence: float
    advice: str
    examples: list[str]


@click.group("gaps", invoke_without_command=True)
@click.option("--language", default="", help="Only questions in this language.")
@click.option("--days", default=30, type=click.IntRange(1), help="Only those of the last so many days.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--all", "everything", is_flag=True, help="Also what is answered by now.")
@click.pass_context
def gaps(context: click.Context, language: str, days: int, as_json: bool, everything: bool) -> None:
    """What customers asked and got no answer to: questions of one meaning together, the most asked first."""
    context.meta["looked"] = Looked(language, days)
    if context.invoked_subcommand is None:
        play(_show(context.obj, Looked(language, days), as_json, everything))


@gaps.command(help="Begin an entry for gap NUMBER; it is published when you approve it (shopdesk knowledge drafts).")
@click.argument("number", type=int)
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--text", default="", help="The answer; or write it into FILE.")
@click.pass_context
def answer(context: click.Context, number: int, file: Path | None, text: str) -> None:
    written = file.read_text(encoding="utf-8") if file else text
    play(_answer(context.obj, context.meta["looked"], number, written))


@gaps.command(help="Add the questions of gap NUMBER to an entry, as other ways to ask for it.")
@click.argument("number", type=int)
@click.option("--to", "entry", default="", help="Id of the entry (faq:delivery-time:en); else the nearest.")
@click.pass_context
def add(context: click.Context, number: int, entry: str) -> None:
    play(_add(context.obj, context.meta["looked"], number, entry))


async def _show(environ: Environ, looked: Looked, as_json: bool, everything: bool) -> None:
    async with caring(environ) as care:
        found = await _gaps(care, looked)
    kept = [(number, gap) for number, gap in enumerate(found, 1) if everything or gap.advice != "answered"]
    if as_json:
        sys.stdout.write(msgspec.json.encode([_for_programs(*one) for one in kept]).decode() + "\n")
        return
    for number, gap in kept:
        _print(number, gap)
    if left := len(found) - len(kept):
        click.echo(f"{left} more {'is' if left == 1 else 'are'} answered by now (--all shows them).")
    elif not found:
        click.echo("Every question was answered.")


async def _gaps(care: Care, looked: Looked) -> list[Gap]:
    """What is answered by now comes last: the numbers of the others stay small."""
    asked = await UnansweredQuestions(care.connection, care.keys).since(looked.days * DAY)
    found = await find_gaps(in_language(asked, looked.language), care.index)
    return sorted(found, key=lambda gap: gap.advice == "answered")


async def _gap(care: Care, looked: Looked, number: int) -> Gap:
    found = await _gaps(care, looked)
    if not 1 <= number <= len(found):
        raise ValueError(f"There is no gap {number}; see: shopdesk knowledge gaps")
    return found[number - 1]


async def _answer(environ: Environ, looked: Looked, number: int, text: str) -> None:
    if not text.strip():
        raise ValueError('What is the answer? Give it with --text "...", or name a file that it is in.')
    async with caring(environ) as care:
        gap = await _gap(care, looked, number)
        draft = await Drafts(care.connection, care.keys).begin(gap.asked, text)
    click.echo(f"Draft {draft.id} for “{gap.title}”: look at it with shopdesk knowledge drafts show {draft.id}")


async def _add(environ: Environ, looked: Looked, number: int, entry: str) -> None:
    async with caring(environ) as care:
        gap = await _gap(care, looked, number)
        entry = entry or gap.nearest
        questions = different([one.question.text for one in gap.asked])
        await care.publishing.add_questions(entry, questions)
    click.echo(f"{entry} is found by {len(questions)} more question{'s' if len(questions) > 1 else ''} now.")
    click.echo("Where it comes from a file of yours, add them there too: an import replaces it.")


def _print(number: int, gap: Gap) -> None:
    who = f"{gap.conversations} conversation{'s' if gap.conversations > 1 else ''}"
    wanted = f", {gap.wanted_person} asked for a person" if gap.wanted_person else ""
    click.echo(f"{number}. {shown(gap.title)}")
    click.echo(f"   {gap.language}  asked {gap.times} ×, {who}, {gap.declined} × declined{wanted}")
    for example in gap.examples[1 : EXAMPLES + 1]:
        click.echo(f"   – {shown(example)}")
    nearest = f"nearest: {gap.nearest} ({gap.confidence:.2f}); " if gap.nearest else ""
    click.echo(f"   {nearest}{ADVICE[gap.advice].format(nearest=gap.nearest, number=number)}")


def _for_programs(number: int, gap: Gap) -> Shown:
    return Shown(
        number,
        gap.title,
        gap.language,
        gap.times,
        gap.conversations,
        gap.declined,
        gap.wanted_person,
        gap.nearest,
        round(gap.confidence, 3),
        gap.advice,
        gap.examples[: 4 * EXAMPLES],
    )
