"""Who the shop's people are, and how they sign in."""

from typing import Literal, Protocol

import msgspec

Role = Literal["agent", "lead"]


class NotAllowed(PermissionError):
    """This member may not do that."""


class SignInRefused(PermissionError):
    """Wrong, or tried too often: the same words for who is known and who is not. `wait`: seconds, 0 for none."""

    def __init__(self, wait: int = 0) -> None:
        super().__init__("The name or the password is wrong." if not wait else f"Too many tries: again in {wait} s.")
        self.wait = wait


class Member(msgspec.Struct, frozen=True):
    """One of the shop's people."""

    login: str
    name: str  # as customers read it
    role: Role
    language: str = ""  # in which they read the desk; "": the browser's


class People(Protocol):
    """Who belongs to the staff."""

    async def sign_in(self, login: str, password: str, address: str) -> str:
        """Returns the token of a session. Counted by login and by address. Raises SignInRefused, ConnectionError."""

    async def who(self, token: str) -> Member | None:
        """None where the session is over, or the member is no longer one."""

    async def sign_out(self, token: str) -> None: ...
    async def on_platform(self, platform: str, user: str) -> Member | None:
        """By the id that the platform vouches for: ("irc", "anna42")."""

    async def linked(self, platform: str) -> dict[str, Member]:
        """Everybody who has an id there, by it: whom to call when somebody waits. Raises ConnectionError."""

    async def named(self, login: str) -> Member | None: ...
    async def all(self) -> list[Member]: ...
    async def change_password(self, member: Member, old: str, new: str) -> None:
        """Ends all of their sessions. Raises SignInRefused, ValueError for one that is too easy."""
