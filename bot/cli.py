"""The command `shopdesk`: what there is in it, and the environment that its commands get."""

import importlib
import os

import click

from bot.channels import channel_names

# name: where it is, and what it is for
COMMANDS = {
    "run": ("bot.commands.serving", "Serve the shop's customers: everything in one process."),
    "worker": ("bot.commands.working", "Only make the replies, beside other processes on one Redis."),
    "chat": ("bot.commands.serving", "Talk to the desk in this terminal."),
    "doctor": ("bot.commands.examining", "Say of every setting and server what was found and what to do about it."),
    "shop": ("bot.commands.shop", "The shop's products, customers and orders."),
    "knowledge": ("bot.commands.knowledge.group", "The FAQ and the policies."),
    "eval": ("bot.commands.evaluating", "Measure retrieval and ranking on questions of your own."),
    "desk": ("bot.commands.desk", "Conversations that wait for a person."),
    "staff": ("bot.commands.staff", "Who may help customers: sign-ins, roles, and the book of what they did."),
    "insight": ("bot.commands.insight", "What happened: conversations, outcomes, times, ratings, topics."),
    "letters": ("bot.commands.letters", "Letters about what was done in a chat that could not be sent yet."),
    "mailbox": ("bot.commands.mailbox", "Messages that were put aside, because no turn on them came to an end."),
}
FRONTS = "bot.commands.fronts"
CHAT = "terminal"  # this channel is what `chat` opens


class Commands(click.Group):
    """Loads a command when it is called: a whole desk takes a second to load, the help on it should not, and a
    process that serves one channel has no use for the rest."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*COMMANDS, *_channels()]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            command: click.Command = getattr(importlib.import_module(COMMANDS[name][0]), name)
            return command
        if name in _channels():
            front: click.Command = importlib.import_module(FRONTS).front(name)
            return front
        return None

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        if name not in self.list_commands(context):
            there = f"{', '.join(COMMANDS)}; installed channels: {', '.join(_channels()) or 'none'}"
            click.echo(f'shopdesk: There is no command "{name}". There are {there}.', err=True)
            context.exit(2)
        return super().resolve_command(context, arguments)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        lines = [(name, what) for name, (_, what) in COMMANDS.items()]
        lines += [(name, "Only this channel, beside other processes on one Redis.") for name in _channels()]
        with formatter.section("Commands"):
            formatter.write_dl(lines)


def _channels() -> list[str]:
    return [name for name in channel_names() if name not in (*COMMANDS, CHAT)]


@click.group(cls=Commands, help="The service desk of an online shop, in chat.")
@click.pass_context
def main(context: click.Context) -> None:
    context.obj = os.environ
