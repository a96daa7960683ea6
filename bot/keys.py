"""Every Redis key of the project and how long it lives. Keys of one conversation share a hash tag, so that one
script may touch them all on a Redis Cluster too."""

from zlib import crc32

KEPT_DAYS = 90  # session and transcript, counted from the last turn
DEDUPE_SECONDS = 24 * 3600  # how long a repeated message id is known again; channels retry for up to a day
LEASE_SECONDS = 10.0  # how long a worker that died keeps a conversation waiting
SENT_SECONDS = 7 * 24 * 3600  # how long it is known that a letter was sent; no turn is repeated so late
GROUP = "workers"
TAKEN_BACK = "-"  # what a letter of a mailbox says when its message was deleted


class Keys:
    """Names for a Redis whose conversations are spread over a number of shards (1 is right for a single server)."""

    def __init__(self, shards: int = 1, kept_days: int = KEPT_DAYS) -> None:
        self.shards = shards
        self.kept_seconds = kept_days * 24 * 3600

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
        """Hash: the fence of the turn, how often it was tried, where its passing events begin; how the last ended."""
        return f"turn:{self.tag(conversation)}:{conversation}"

    def written(self, conversation: str) -> str:
        """Counter: messages of the last minute; expires by itself."""
        return f"written:{self.tag(conversation)}:{conversation}"

    def parked(self, tag: str) -> str:
        """Hash: messages that no worker got through, by conversation and event id; never expires."""
        return f"parked:{tag}"

    def staff(self, conversation: str) -> str:
        """Who of the staff has the conversation."""
        return f"staff:{self.tag(conversation)}:{conversation}"

    def handoff(self, conversation: str) -> str:
        """Hash: why and since when it waits for staff, who has it; expires with the conversation."""
        return f"handoff:{self.tag(conversation)}:{conversation}"

    def handoffs(self, tag: str) -> str:
        """Sorted set: conversations that wait for staff or that staff have, by when they asked. Removed one by one;
        never expires."""
        return f"handoffs:{tag}"

    def notes(self, conversation: str) -> str:
        """Stream: what staff wrote for each other; expires with the conversation."""
        return f"notes:{self.tag(conversation)}:{conversation}"

    def mirrored(self, conversation: str, reader: str) -> str:
        """Hash: what a desk elsewhere remembers of the conversation, and how far it has shown it; expires with it."""
        return f"mirrored:{self.tag(conversation)}:{len(reader)}:{reader}:{conversation}"

    def mirroring(self, tag: str, reader: str) -> str:
        """Set: conversations that a desk elsewhere shows as open. Removed one by one; never expires."""
        return f"mirroring:{tag}:{reader}"

    def clocks(self, tag: str) -> str:
        """Sorted set: when something is due in a handoff, by time. Removed one by one; never expires."""
        return f"clocks:{tag}"

    def facts(self, tag: str) -> str:
        """Stream: what happened in each turn, to be written into the database. Deleted entry by entry."""
        return f"facts:{tag}"

    def desk_news(self, tag: str) -> str:
        """Pub/sub: something of a handoff of this shard has changed."""
        return f"desk_news:{tag}"

    def overdue(self, tag: str) -> str:
        """Sorted set: conversation and number of each handoff to which nobody came in time, by when that was.
        Trimmed by the next."""
        return f"overdue:{tag}"

    @staticmethod
    def waits() -> str:
        """Sorted set: how long customers have waited lately until staff wrote, by time. Trimmed by the next."""
        return "waits"

    def told(self, conversation: str) -> str:
        """Hash: by passage, which version of it was told last and at which event; expires with the conversation."""
        return f"told:{self.tag(conversation)}:{conversation}"

    def tellings(self, tag: str) -> str:
        """Sorted set: passage, version, event and conversation of each telling, to be looked up by passage. What is
        older than the conversations is trimmed by the next telling."""
        return f"tellings:{tag}"

    def tellings_by_time(self, tag: str) -> str:
        """Sorted set: the same by time, and trimmed alike."""
        return f"tellings_by_time:{tag}"

    @staticmethod
    def told_text(passage: str, version: str) -> str:
        """A passage as it was told; expires after the last telling."""
        return f"told_text:{passage}@{version}"

    def missed(self, conversation: str) -> str:
        """List: questions that the desk had no answer to, and what came of them; expires after the last."""
        return f"missed:{self.tag(conversation)}:{conversation}"

    def unanswered(self, tag: str) -> str:
        """Sorted set: conversations with such questions, by the time of the last. Trimmed by the next."""
        return f"unanswered:{tag}"

    def forgotten(self, tag: str) -> str:
        """Sorted set: conversations that were erased, and files whose message was deleted, by time: what was kept of
        them elsewhere goes too. Trimmed when all of that would have expired by itself."""
        return f"forgotten:{tag}"

    def outbox(self, tag: str) -> str:
        """Sorted set: conversations in which something happens that their channel has to bring to the customer. Removed
        one by one; never expires. Also the name of the pub/sub channel that tells of it."""
        return f"outbox:{tag}"

    def delivery(self, conversation: str) -> str:
        """Hash: up to which event everything was brought, and how far what is next has come; expires with the
        conversation. There is none where customers fetch what happens by themselves."""
        return f"delivery:{self.tag(conversation)}:{conversation}"

    @staticmethod
    def account(account: str) -> str:
        """Held by the process that serves an account on a platform; expires by itself."""
        return f"account:{account}"

    @staticmethod
    def bookmarks(account: str) -> str:
        """Hash: what an adapter remembers of the platform; never expires."""
        return f"bookmarks:{account}"

    @staticmethod
    def bucket(account: str, name: str) -> str:
        """When the bucket is full again; expires then. With ":held": nothing is taken from it for now."""
        return f"bucket:{{{account}}}:{name}"

    @staticmethod
    def faq_drafts() -> str:
        """Hash: entries that staff have begun, until they are approved or dropped."""
        return "faq_drafts:{drafts}"

    @staticmethod
    def faq_drafts_done() -> str:
        """Sorted set: those that were approved or dropped, by time; trimmed when the conversations have expired."""
        return "faq_drafts_done:{drafts}"

    @staticmethod
    def desk_session(token: str) -> str:
        """Who has signed in at the desk, by the hash of their token; expires when they are idle."""
        return f"desk_session:{token}"

    @staticmethod
    def desk_address(visit: str) -> str:
        """A member has signed in from an address, by the hash of both; expires after the last time."""
        return f"desk_address:{visit}"

    @staticmethod
    def tries(what: str, who: str) -> str:
        """Counter of one limit; expires with its window."""
        return f"tries:{what}:{who}"

    @staticmethod
    def guesses(what: str, who: str) -> str:
        """Sorted set: the different guesses of one limit, by time; expires with the window of the newest."""
        return f"guesses:{what}:{who}"

    @staticmethod
    def spread() -> str:
        """The number of shards; never expires."""
        return "shards"

    @staticmethod
    def preparing() -> str:
        """Held by the process that puts the shop in place; expires by itself."""
        return "preparing"

    @staticmethod
    def knowledge() -> str:
        """Hash: number and record of the knowledge that serves on all machines; never expires."""
        return "knowledge:{knowledge}"

    @staticmethod
    def knowledge_archives() -> str:
        """Set: the keys of all archives; those that are gone are taken out when the next is kept."""
        return "knowledge:{knowledge}:archives"

    @staticmethod
    def knowledge_archive(name: str) -> str:
        """Hash: a version of the knowledge in pieces. Expires with its upload; kept while it is one of the last two."""
        return f"knowledge:{{knowledge}}:archive:{name}"

    @staticmethod
    def bringing() -> str:
        """Held by the process that brings what serves to Milvus; expires by itself."""
        return "bringing"

    @staticmethod
    def recording() -> str:
        """Held by the process that writes what happened into the database; expires by itself."""
        return "recording"

    @staticmethod
    def learning() -> str:
        """Held by the process that trains what the knowledge is searched with; expires by itself."""
        return "learning"

    @staticmethod
    def site_rounds() -> str:
        """Held by the process that reads the shop's sites again; expires by itself."""
        return "site-rounds"

    @staticmethod
    def signers() -> str:
        """Sorted set: fingerprints of the secret that each process signs with, by when it is given up."""
        return "signers"

    @staticmethod
    def errands() -> str:
        """Hash: letters to be sent, by token of the deed. Removed one by one; never expires."""
        return "errands:{letters}"

    @staticmethod
    def errands_due() -> str:
        """Sorted set: when each of them is tried next. Removed one by one; never expires."""
        return "errands:{letters}:due"

    @staticmethod
    def errand_sent(token: str) -> str:
        """A letter was sent; expires after SENT_SECONDS."""
        return f"errands:{{letters}}:sent:{token}"

    @staticmethod
    def code(purpose: str, conversation: str) -> str:
        """Hash: the one-time code that lives in a conversation; expires with it."""
        return f"code:{purpose}:{conversation}"

    @staticmethod
    def link_code(code: str) -> str:
        """Which customer a link code is for; expires with it."""
        return f"link:{{{code}}}"

    @staticmethod
    def used_link_code(code: str, person: str) -> str:
        """The same, for the person who has just used it; expires with the longest turn."""
        return f"link:{{{code}}}:{person}"
