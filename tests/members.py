"""Staff of the tests."""

import secrets

from bot.desks import Desk, Member


def member(login: str = "mia", lead: bool = False) -> Member:
    return Member(login, login.capitalize(), "lead" if lead else "agent")


async def staff_says(desk: Desk, login: str, conversation: str, text: str) -> None:
    """In their own words, each time anew."""
    await desk.say(member(login), conversation, text, f"{login}:{secrets.token_hex(4)}")


async def is_waiting(desk: Desk, conversation: str) -> bool:
    handoff = await desk.handoff(conversation)
    return handoff is not None and handoff.state == "waiting"
