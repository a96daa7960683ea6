"""Every Redis key of the project and how long it lives. Keys of one conversation share a hash tag, so that one
script may touch them all on a Redis Cluster too."""

from zlib import crc32

SESSION_SECONDS = 90 * 24 * 3600  # session and transcript, counted from the last turn
DEDUPE_SECONDS = 24 * 3600  # how long a repeated message id is known again; channels retry for up to a day
LEASE_SECONDS = 10.0  # how long a worker that died keeps a conversation waiting
GROUP = "workers"


class Keys:
    """Names for a Redis whose conversations are spread over a number of shards (1 is right for a single server)."""

    def __init__(self, shards: int = 1) -> None:
        self.shards = shards

    def tag(self, conversation: str) -> str:
        return self.shard(crc32(conversation.encode()) % self.shards)

    def shard(self, number: int) -> str:
        return f"{{s{number:02}}}"

    def ready(self, tag: str) -> str:
        """Stream: one token for each conversation that has mail. Deleted entry by entry; never expires."""
        return f"ready:{tag}"

    def arrivals(self, tag: str) -> str:
        """Pub/sub: a message was accepted in a conversation of this shard."""
        return f"arrivals:{tag}"

    def waiting(self, tag: str) -> str:
        """Sorted set: conversations that wait for staff, by time. Removed one by one; never expires."""
        return f"waiting:{tag}"

    def dedupe(self, conversation: str, message: str) -> str:
        return f"dedupe:{self.tag(conversation)}:{len(conversation)}:{conversation}:{message}"

    def mailbox(self, conversation: str) -> str:
        """List: accepted and not yet answered. Gone when it is empty; never expires before."""
        return f"mailbox:{self.tag(conversation)}:{conversation}"

    def events(self, conversation: str) -> str:
        """Stream: what happened in the conversation. Also the name of the pub/sub channel that tells of it."""
        return f"events:{self.tag(conversation)}:{conversation}"

    def session(self, conversation: str) -> str:
        return f"session:{self.tag(conversation)}:{conversation}"

    def lease(self, conversation: str) -> str:
        """The worker that has the conversation; expires by itself."""
        return f"lease:{self.tag(conversation)}:{conversation}"

    def turn(self, conversation: str) -> str:
        """Hash: the fence of the current turn, and where its passing events begin."""
        return f"turn:{self.tag(conversation)}:{conversation}"

    def staff(self, conversation: str) -> str:
        """Who of the staff has the conversation."""
        return f"staff:{self.tag(conversation)}:{conversation}"

    @staticmethod
    def tries(what: str, who: str) -> str:
        """Counter of one limit; expires with its window."""
        return f"tries:{what}:{who}"

    @staticmethod
    def guesses(what: str, who: str) -> str:
        """Sorted set: the different guesses of one limit, by time; expires with the window of the newest."""
        return f"guesses:{what}:{who}"

    @staticmethod
    def code(purpose: str, conversation: str) -> str:
        """Hash: the one-time code that lives in a conversation; expires with it."""
        return f"code:{purpose}:{conversation}"

    @staticmethod
    def link_code(code: str) -> str:
        """Which customer a link code is for; expires with it."""
        return f"link:{code}"

    @staticmethod
    def used_link_code(code: str, person: str) -> str:
        """The same, for the person who has just used it; expires with the longest turn."""
        return f"link:{code}:{person}"
