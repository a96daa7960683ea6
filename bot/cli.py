"""The command `shopdesk`: what there is in it, and the environment that its commands get."""

import logging
import os
import sys

import click

from bot.commands.desk import desk
from bot.commands.knowledge import knowledge
from bot.commands.serving import chat, doctor, run
from bot.commands.shop import shop


@click.group(help="The service desk of an online shop, in chat.")
@click.pass_context
def main(context: click.Context) -> None:
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    context.obj = os.environ


for command in (run, chat, doctor, shop, knowledge, desk):
    main.add_command(command)
