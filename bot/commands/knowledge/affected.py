"""`shopdesk knowledge affected`: who was told what is not right any more, and the correction for them."""

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import click
import msgspec

from bot.commands.knowledge.caring import caring, shown
from bot.commands.playing import Environ, play
from bot.insights.corrections import Correction, corrections
from bot.insights.outdated import Outdated, Outdating
from bot.insights.sending import Sending, with_text
from bot.insights.told import Tellings
from bot.insights.told_texts import ToldTexts

OUTCOMES = {
    "sent": "sent",
    "sent_before": "had it already",
    "not_needed": "told what is right meanwhile, or forgotten: nothing sent",
    "refused": "not sent: the desk is full; run it again later",
}


class Wanted(msgspec.Struct, frozen=True):
    """What is to be done, for which of those that were told."""

    draft: bool
    send: bool
    only: tuple[str, ...]
    language: str
    text: str
    yes: bool

    def means(self, one: Outdated) -> bool:
        return (not self.only or one.telling.conversation in self.only) and self.language in ("", one.language)


@click.command("affected")
@click.argument("entry", required=False, default="")
@click.option("--draft", is_flag=True, help="Show the correction that each conversation would get.")
@click.option("--send", is_flag=True, help="Send it.")
@click.option("--only", multiple=True, metavar="CONVERSATION", help="Only into this conversation; may be repeated.")
@click.option("--language", default="", help="Only where the old text was told in this language.")
@click.option("--text", type=click.Path(path_type=Path, exists=True), help="Send what is in this file instead.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
@click.pass_obj
def affected(
    environ: Environ,
    entry: str,
    draft: bool,
    send: bool,
    only: tuple[str, ...],
    language: str,
    text: Path | None,
    yes: bool,
) -> None:
    """Which conversations were told an older text of ENTRY (delivery-time, or a passage: faq:delivery-time:en), and
    the correction for them. Nothing is sent without --send. Without ENTRY: of which entries somebody was."""
    if (draft or send) and not entry:
        raise click.UsageError("Which ENTRY? Without one there is only a list of them.")
    written = text.read_text(encoding="utf-8") if text else ""
    play(_affected(environ, entry, Wanted(draft, send, only, language, written, yes)))


async def _affected(environ: Environ, entry: str, wanted: Wanted) -> None:
    async with caring(environ) as care:
        tellings, texts = Tellings(care.connection, care.keys), ToldTexts(care.connection, care.keys)
        outdating = Outdating(tellings, texts, care.index)
        if not entry:
            _summary([one for one in await outdating.all() if wanted.means(one)])
            return
        found = [one for one in await outdating.of(entry) if wanted.means(one)]
        if not found:
            click.echo(f"Nobody was told an older text of {entry}.")
            return
        if not wanted.send:
            _list(found)
        if wanted.draft or wanted.send:
            drafted = _worded(corrections(found, await care.say(), care.prompts.languages), wanted.text)
            _print(drafted)
        if wanted.send and _is_agreed(drafted, wanted.yes):
            await _send(drafted, Sending(care.mailbox, tellings, texts))


def _summary(found: Sequence[Outdated]) -> None:
    """The most conversations first."""
    told = {(one.telling.passage, one.telling.conversation) for one in found}
    for passage, count in Counter(passage for passage, _ in told).most_common():
        click.echo(f"{passage}  {count} conversation{'s' if count > 1 else ''}")
    if not found:
        click.echo("Nobody was told an older text of anything.")


def _list(found: Sequence[Outdated]) -> None:
    """Each old text once, with those who were told it."""

    def name(one: Outdated) -> tuple[str, str]:
        return one.telling.passage, one.telling.version

    for (passage, _), group in groupby(sorted(found, key=name), key=name):
        told = list(group)
        click.echo(f"{passage}  {len(told)} conversation{'s' if len(told) > 1 else ''}")
        click.echo(f"  was: {shown(told[0].old.text) if told[0].old else '(the text is not kept any more)'}")
        click.echo(f"  now: {shown(told[0].new.text) if told[0].new else '(there is no such entry any more)'}")
        for one in told:
            at = one.telling.at.astimezone()
            click.echo(f"  {one.telling.conversation}  {one.telling.channel}  {at:%Y-%m-%d %H:%M}")


def _worded(drafted: list[Correction], text: str) -> list[Correction]:
    """With staff's own text, where there is one. Raises ValueError where people of several languages would get it."""
    if text and len({one.language for one in drafted}) > 1:
        raise ValueError("These conversations are in several languages: name one with --language, and its --text.")
    return [with_text(one, text) for one in drafted] if text else drafted


def _print(drafted: Sequence[Correction]) -> None:
    for language, words, count in _different(drafted):
        click.echo(f"\n{count} × {language}:")
        click.echo(words or "(the old text is not kept any more: write a correction with --text FILE)")


def _is_agreed(drafted: Sequence[Correction], yes: bool) -> bool:
    """Somebody at a terminal is asked once more."""
    if not all(one.text for one in drafted):
        raise ValueError("For some there is no text: write it with --text FILE, or choose others with --only.")
    return yes or not sys.stdin.isatty() or click.confirm(f"\nSend to {len(drafted)}?")


def _different(drafted: Sequence[Correction]) -> list[tuple[str, str, int]]:
    counted = Counter((one.language, one.text) for one in drafted)
    return [(language, text, count) for (language, text), count in counted.most_common()]


async def _send(drafted: Sequence[Correction], sending: Sending) -> None:
    click.echo("")
    refused = 0
    for one in drafted:
        outcome = await sending.send(one)
        refused += outcome == "refused"
        click.echo(f"{one.conversation}  {OUTCOMES[outcome]}")
    if refused:
        sys.exit(1)
