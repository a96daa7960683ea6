"""Where a conversation of Discord lives: a direct or private one in a channel, in public one for each person there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    channel: str  # or thread
    user: str = ""  # only where others read along: then each person has a conversation of their own

    @property
    def public(self) -> bool:
        return bool(self.user)

    def conversation(self, account: str) -> str:
        return f"{account}:{self.channel}:{self.user}" if self.user else f"{account}:{self.channel}"


def place_of(account: str, conversation: str) -> Place:
    """Raises ValueError for a conversation that is not this account's."""
    if not conversation.startswith(f"{account}:"):
        raise ValueError(f"{conversation} is not a conversation of {account}")
    channel, _, user = conversation.removeprefix(f"{account}:").partition(":")
    return Place(channel, user)
