"""What the bot may do in a channel, by Discord's rules. https://discord.com/developers/docs/topics/permissions"""

from collections.abc import Mapping, Sequence

import msgspec

NEEDED = {  # as the portal and a server's settings call them
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Create Public Threads": 1 << 35,
    "Create Private Threads": 1 << 36,
    "Send Messages in Threads": 1 << 38,
}
ALL_NEEDED = sum(NEEDED.values())
# where staff have their desk; what customers want deleted is deleted there too
AT_DESK = {name: bit for name, bit in NEEDED.items() if name != "Create Private Threads"} | {"Manage Threads": 1 << 34}
_ADMINISTRATOR = 1 << 3
_EVERYTHING = (1 << 64) - 1


class Role(msgspec.Struct, frozen=True):
    id: str
    permissions: str


class Overwrite(msgspec.Struct, frozen=True):
    """What a channel allows or denies a role, or one user."""

    id: str
    allow: str = "0"
    deny: str = "0"


def missing(
    server: str,
    bot: str,
    own: Sequence[str],
    roles: Sequence[Role],
    overwrites: Sequence[Overwrite],
    needed: Mapping[str, int] = NEEDED,
) -> list[str]:
    """The names of those that we need and have not. `own`: the ids of the bot's roles."""
    allowed = allowed_in(server, bot, own, roles, overwrites)
    return [name for name, bit in needed.items() if not allowed & bit]


def everybody_sees(server: str, roles: Sequence[Role], overwrites: Sequence[Overwrite]) -> bool:
    """Whether who has no role at all can read in the channel."""
    return bool(allowed_in(server, "", (), roles, overwrites) & NEEDED["View Channels"])


def allowed_in(
    server: str, bot: str, own: Sequence[str], roles: Sequence[Role], overwrites: Sequence[Overwrite]
) -> int:
    """The role of everybody has the server's id; then come the bot's roles, then what is said of itself."""
    allowed = 0
    for role in roles:
        if role.id == server or role.id in own:
            allowed |= int(role.permissions)
    if allowed & _ADMINISTRATOR:
        return _EVERYTHING
    for whom in ({server}, set(own), {bot}):
        here = [one for one in overwrites if one.id in whom]
        denied, granted = 0, 0
        for one in here:
            denied |= int(one.deny)
            granted |= int(one.allow)
        allowed = allowed & ~denied | granted
    return allowed
