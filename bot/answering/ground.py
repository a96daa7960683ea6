"""What every answer stands on: the shop, its knowledge and its words."""

from dataclasses import dataclass

from bot.answering.intents import Intents
from bot.answering.presenting import Presenting
from bot.answering.prompting import Prompts
from bot.channels import Attachments
from bot.knowledge.passages import Retriever
from bot.letters.errands import ErrandBook
from bot.letters.mail import Postroom
from bot.limits import Limits
from bot.link_codes import LinkCodes
from bot.one_time_codes import OneTimeCodes
from bot.shop.identity import Identity
from bot.shop.records import ShopProfile
from bot.shop.store import ShopStore


@dataclass(frozen=True, slots=True)
class Ground:
    profile: ShopProfile
    store: ShopStore
    identity: Identity
    retriever: Retriever
    presenting: Presenting
    prompts: Prompts
    intents: dict[str, Intents]  # by language
    codes: OneTimeCodes | None = None
    postroom: Postroom | None = None  # none: no mail can be sent
    link_codes: LinkCodes | None = None
    limits: Limits | None = None
    errands: ErrandBook | None = None  # letters about what was done; none: no mail can be sent
    attachments: Attachments | None = None  # what customers have sent
