"""What has to be known of Discord after a restart: the last message seen in each channel, and whose thread is whose."""

from adapters.discord.snowflakes import days_old
from bot.channels import Bookmarks

KEPT_DAYS = 30.0


class Marks:
    """The account's bookmarks. One process has the account at a time, so a copy of them in memory is true."""

    def __init__(self, bookmarks: Bookmarks, account: str, kept: dict[str, str]) -> None:
        self._bookmarks, self._account, self._kept = bookmarks, account, kept

    def seen(self, channel: str) -> str:
        """The last message of a channel that the desk has; "" where it never had one."""
        return self._kept.get(f"seen:{channel}", "") or self._kept.get(f"direct:{channel}", "")

    def directs(self) -> list[str]:
        """The channels of direct messages, the one that was written in last first."""
        named = [name for name, value in self._kept.items() if name.startswith("direct:") and value]
        newest = sorted(named, key=lambda name: int(self._kept[name]), reverse=True)
        return [name.removeprefix("direct:") for name in newest]

    async def see(self, channel: str, message: str, direct: bool = False) -> None:
        """Raises ConnectionError."""
        if int(self.seen(channel) or "-1") < int(message):
            name = f"direct:{channel}" if direct else f"seen:{channel}"
            await self._bookmarks.advance(self._account, name, int(message))
            self._kept[name] = message

    def customer(self, thread: str) -> str:
        """Whose thread it is; "" where we did not open it for anybody."""
        return self._kept.get(f"customer:{thread}", "")

    def thread(self, channel: str, user: str) -> str:
        """The public thread of somebody under a channel; "" where there was none."""
        return self._kept.get(f"thread:{channel}:{user}", "")

    def private(self, server: str, user: str) -> str:
        """Where somebody of a server is served in private; "" where nowhere yet."""
        return self._kept.get(f"private:{server}:{user}", "")

    async def opened(self, channel: str, user: str, thread: str) -> None:
        """Raises ConnectionError."""
        await self._write(f"customer:{thread}", user)
        await self.see(thread, thread)
        await self._write(f"thread:{channel}:{user}", thread)

    async def opened_private(self, server: str, user: str, channel: str, direct: bool) -> None:
        """Raises ConnectionError."""
        if not direct:
            await self._write(f"customer:{channel}", user)
            await self.see(channel, channel)
        await self._write(f"private:{server}:{user}", channel)

    @property
    def commands(self) -> str:
        """What stands for the commands that Discord was told last."""
        return self._kept.get("commands", "")

    async def registered(self, commands: str) -> None:
        """Raises ConnectionError."""
        await self._write("commands", commands)

    async def forget_old(self) -> None:
        """What is long over is not kept for ever. Raises ConnectionError."""
        old = [name for name, value in self._kept.items() if value and self._is_old(name, value)]
        for name in old:
            await self._write(name, "")
            del self._kept[name]

    def _is_old(self, name: str, value: str) -> bool:
        """By what was written last in the channel that it is about."""
        about = value if name.startswith(("thread:", "private:")) else name.rpartition(":")[2]
        newest = self.seen(about) or about
        return newest.isdigit() and days_old(newest) > KEPT_DAYS

    async def _write(self, name: str, value: str) -> None:
        await self._bookmarks.write(self._account, name, value)
        self._kept[name] = value


async def read_marks(bookmarks: Bookmarks, account: str) -> Marks:
    """Raises ConnectionError."""
    return Marks(bookmarks, account, await bookmarks.read(account))
