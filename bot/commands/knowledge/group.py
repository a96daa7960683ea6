"""`shopdesk knowledge`: its commands under one name."""

import click

from bot.commands.knowledge.affected import affected
from bot.commands.knowledge.checking import check
from bot.commands.knowledge.drafts import drafts
from bot.commands.knowledge.gaps import gaps
from bot.commands.knowledge.importing import import_knowledge, put_entries, remove_entries
from bot.commands.knowledge.report import report
from bot.commands.knowledge.sites import site
from bot.commands.knowledge.versions import list_versions, publish_anew, roll_back


@click.group(help="The FAQ and the policies.")
def knowledge() -> None: ...


for command in (
    import_knowledge,
    put_entries,
    remove_entries,
    list_versions,
    roll_back,
    publish_anew,
    site,
    report,
    check,
    gaps,
    drafts,
    affected,
):
    knowledge.add_command(command)
