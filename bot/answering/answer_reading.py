"""What a customer writes at a step of an action: whether it is an answer, and what it fills in."""

import re
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from bot.answering.address_reading import (
    NOTHING,
    begins_with_street,
    destination,
    looks_like_one,
    missing,
    read_address,
)
from bot.answering.asking import Offered
from bot.answering.belongings import Belongings
from bot.answering.entities import EntityReader
from bot.answering.ground import Ground
from bot.answering.saved_addresses import is_same_place
from bot.answering.slot_reading import SlotReader
from bot.answering.steps import (
    STEPS,
    SWAPS,
    Steps,
    Wants,
    in_order_of,
    is_choosable,
    left_over,
    of_order,
    open_piece,
    with_variant,
)
from bot.answering.turn import Turn
from bot.answering.wishes import Wishes
from bot.sessions import Pending, Walk
from bot.shop.order_numbers import as_typed
from bot.shop.records import Address, Order


class Answer(msgspec.Struct, frozen=True):
    walk: Walk
    wants: Wants | None = None  # the step that is still open; None: whatever is missing next
    offered: Offered | None = None  # what is to choose from there, where the words left it open


class AnswerReading:
    def __init__(self, ground: Ground, steps: Steps, wishes: dict[str, Wishes]) -> None:
        tables = {language: ground.prompts.table(language, "intents.toml") for language in ground.prompts.languages}
        self._readers = {language: SlotReader(table["wanted"]) for language, table in tables.items()}
        self._numbers = EntityReader(ground.profile.order_number)
        self._order_number = re.compile(
            rf"(?:\bof )?(?:\border )?(?:{as_typed(ground.profile.order_number).pattern})", re.I
        )
        self._wishes, self._steps = wishes, steps

    def stops(self, turn: Turn) -> bool:
        return self._readers[turn.language].stops(turn.text)

    def is_done(self, turn: Turn) -> bool:
        return self._readers[turn.language].says_only("done", turn.text)

    def resumes(self, turn: Turn) -> bool:
        return self._readers[turn.language].says_only("resume", turn.text)

    def means_account(self, turn: Turn, walk: Walk) -> bool:
        """Whether it is about what is saved in the account: addresses and ways to pay."""
        steps = STEPS[walk.action]
        names_gift_card = "items" in steps and self._readers[turn.language].says("gift_card", walk.said)
        return "address" in steps or "method" in steps or bool(walk.method) or names_gift_card

    def spoken_of(self, turn: Turn, said: str) -> str:
        """ "Cancel it": the one order that the desk spoke of right before; at a card, whatever is said instead."""
        lines = [line.text for line in turn.session.history if line.by == "desk"]
        refers = turn.session.proposal_is_asked or self._readers[turn.language].says("it", said)
        if not lines or not refers:
            return ""
        numbers = self._wishes[turn.language].numbers(lines[-1])
        return numbers[0] if len(numbers) == 1 else ""

    def hears(self, turn: Turn, walk: Walk, asked: Pending, own: Belongings) -> bool:
        """Whether it is an answer to this step; a question is none."""
        if not turn.text or self._wishes[turn.language].asks(turn.text):
            return False
        return self.answer(turn, walk, asked, own, own.orders) is not None

    def answer(
        self, turn: Turn, walk: Walk, asked: Pending, own: Belongings, possible: Sequence[Order]
    ) -> Answer | None:
        reader, text = self._readers[turn.language], turn.text
        if "order" in STEPS[walk.action]:
            if number := self._numbers.read(text).order_number:
                known = own.order(number)
                return Answer(replace(of_order(walk, known.number if known else number), said=text))
            if reader.says("other_order", text):
                return Answer(replace(of_order(walk, ""), said=""))
        if asked.wants == "verification" or asked.wants == "code" or asked.wants == "why":
            return None
        return (
            self._narrowed(reader, text, walk, asked.among, own)
            or self._read(reader, text, walk, asked.wants, own, possible)
            or self._ahead(reader, text, walk, asked.wants, own)
        )

    def _narrowed(
        self, reader: SlotReader, text: str, walk: Walk, among: Sequence[str], own: Belongings
    ) -> Answer | None:
        """ "Two", "both" or "the second one", where it is open only how many or which of some."""
        order = own.order(walk.order)
        some = [item for item in order.items if item.sku in among] if order else []
        at = reader.place(text, len(some)) if len(some) > 1 else 0
        if not some or at is None:
            return None
        many = reader.how_many(text, some[at])
        if not many:
            return None
        return Answer(replace(walk, items=(*walk.items, *(some[at].sku,) * many)))

    def _ahead(self, reader: SlotReader, text: str, walk: Walk, wants: Wants, own: Belongings) -> Answer | None:
        """An answer to what is asked next, or to why."""
        following = self._steps.next(walk) if wants == "more" else None
        if following and (answer := self._read(reader, text, walk, following, own, ())):
            return answer
        if wants == "order" and "address" in STEPS[walk.action]:
            return self._address(reader, text, walk, own)
        reason = reader.reason(text, self._steps.reasons(walk.action)) if not walk.reason else ""
        return Answer(replace(walk, reason=reason), wants if wants == "more" else None) if reason else None

    def bought(self, turn: Turn, said: str, own: Belongings) -> tuple[str, ...]:
        """The numbers of the orders in which something is that the words name."""
        return self._readers[turn.language].orders(said, own.orders, own.sold)

    def understood(self, turn: Turn, walk: Walk, own: Belongings, possible: Sequence[Order]) -> Answer:
        """As far as the customer's first words go, and what leaves no choice. What is asked next is the answer's
        `wants`; None where all is known."""
        reader = self._readers[turn.language]
        if walk.said and not walk.method and "items" in STEPS[walk.action] and reader.says("gift_card", walk.said):
            walk = replace(walk, method=reader.method(walk.said, own.customer.payment_methods))
        while wants := self._steps.next(walk):
            answer = (
                self._read_first(reader, walk, wants, own, possible)
                or self._talked_of(turn, reader, walk, wants, own)
                or self._not_there(reader, walk, wants, own, possible)
                or self._only(walk, wants, own, possible)
            )
            if answer is None:
                return Answer(walk, wants)
            if answer.wants:
                return answer
            walk = answer.walk
        return Answer(walk)

    def _read_first(
        self, reader: SlotReader, walk: Walk, wants: Wants, own: Belongings, possible: Sequence[Order]
    ) -> Answer | None:
        """From the words with which the wish was said."""
        if not walk.said or (wants == "address" and walk.address):
            return None
        answer = self._read(reader, walk.said, walk, wants, own, possible)
        if answer is None and wants == "order" and (bought := reader.orders(walk.said, own.orders, own.sold)):
            return Answer(of_order(walk, bought[0]))  # bought, and why it is not possible is worth telling
        address = answer.walk.address if answer else None
        is_whole = not address or not missing(address) or self._names_street(walk.said)
        return answer if wants != "address" or is_whole else None

    def _names_street(self, said: str) -> bool:
        """Whether a house is named behind "to"; "I moved 2 days ago" names none."""
        plain = self._order_number.sub(" ", said)
        return begins_with_street(plain) and destination(plain) != plain.strip()

    def _talked_of(self, turn: Turn, reader: SlotReader, walk: Walk, wants: Wants, own: Belongings) -> Answer | None:
        """ "Exchange them": the item that the customer named right before."""
        order = own.order(walk.order)
        if wants != "items" or order is None or not reader.says("it", walk.said):
            return None
        before = [line.text for line in turn.session.history if line.by == "customer" and line.text != turn.text]
        return self._items(reader, before[-1], walk, wants, order, own) if before else None

    def _not_there(
        self, reader: SlotReader, walk: Walk, wants: Wants, own: Belongings, possible: Sequence[Order]
    ) -> Answer | None:
        """What is named and is not among what can be chosen: then nothing else is taken for it."""
        if wants not in ("order", "items") or not {"items", "reason"} & set(STEPS[walk.action]):
            return None
        order = own.order(walk.order)
        orders = [order] if order else possible
        fitting = [item.sku for one in orders for item in one.items]
        word = reader.absent(walk.said, fitting, own.sold, walk.action in SWAPS) if orders else ""
        if not word:
            return None
        if wants == "order" and len(orders) == 1 and "items" in STEPS[walk.action]:
            walk, wants = of_order(walk, orders[0].number), "items"
        return Answer(walk, wants, Offered(orders=tuple(orders), absent=word))

    def _only(self, walk: Walk, wants: Wants, own: Belongings, possible: Sequence[Order]) -> Answer | None:
        """What need not be asked, as there is but one."""
        order = own.order(walk.order)
        if wants == "order" and len(possible) == 1:
            return Answer(of_order(walk, possible[0].number))
        if wants == "items" and order:
            left = self.choosable(walk, order, own)
            if len(left) == 1 and sum(left_over(walk, order)[sku] for sku in left) == 1:
                return Answer(replace(walk, items=left))
        return None

    def choosable(self, walk: Walk, order: Order, own: Belongings) -> tuple[str, ...]:
        """What of the order can still be chosen."""
        return tuple(sku for sku in left_over(walk, order) if is_choosable(walk, sku, own))

    def _read(
        self, reader: SlotReader, text: str, walk: Walk, wants: Wants, own: Belongings, possible: Sequence[Order]
    ) -> Answer | None:
        order = own.order(walk.order)
        match wants:
            case "order":
                bought = reader.orders(text, own.orders, own.sold)
                some = tuple(one for one in possible if one.number in bought) or reader.placed(text, possible)
                if len(some) == 1:  # by what is in it, perhaps: then that is what is meant
                    said = walk.said if text == walk.said else f"{walk.said}, {text}"
                    return Answer(replace(of_order(walk, some[0].number), said=said))
                return Answer(walk, wants, Offered(orders=some)) if 0 < len(some) < len(possible) else None
            case "items" | "more" if order:
                return self._items(reader, text, walk, wants, order, own)
            case "variant":
                return self._variant(reader, text, walk, own)
            case "reason":
                reason = reader.reason(text, self._steps.reasons(walk.action))
                return Answer(replace(walk, reason=reason)) if reason else None
            case "method":
                method = reader.method(text, own.customer.payment_methods)
                return Answer(replace(walk, method=method)) if method else None
            case "address":
                return self._address(reader, text, walk, own)
        return None

    def _items(
        self, reader: SlotReader, text: str, walk: Walk, wants: Wants, order: Order, own: Belongings
    ) -> Answer | None:
        if wants == "more" and reader.says_only("done", text):
            return Answer(walk)
        swapped = walk.action in SWAPS
        named, left = reader.items(text, order, own.sold, swapped), left_over(walk, order)
        some = tuple(dict.fromkeys((*named.pieces, *named.unsure)))
        if swapped and len(some) == 1 and not walk.items and self._is_divided(reader, text, some[0], own):
            return Answer(walk, "items", Offered(among=some, several=True))
        pieces: list[str] = []
        for sku in named.pieces:
            if sku in self.choosable(walk, order, own) and pieces.count(sku) < left[sku]:
                pieces.append(sku)
        chosen = replace(walk, items=in_order_of(order, (*walk.items, *pieces)))
        unsure = tuple(sku for sku in named.unsure if left[sku])
        if unsure:
            return Answer(chosen, "items", Offered(among=unsure))
        return Answer(chosen) if pieces else None

    def _is_divided(self, reader: SlotReader, text: str, sku: str, own: Belongings) -> bool:
        """Whether pieces of the same thing are to become different ones: it is asked rather than read by halves."""
        return sku in own.sold and reader.versions(text, own.sold[sku][0], own.sold) > 1

    def _variant(self, reader: SlotReader, text: str, walk: Walk, own: Belongings) -> Answer | None:
        if open_piece(walk) not in own.sold:
            return None
        if text == walk.said and len(set(walk.items)) == 1 and self._is_divided(reader, text, open_piece(walk), own):
            return None
        product, present = own.sold[open_piece(walk)]
        meant = reader.variant(self._order_number.sub(" ", text), product, present, own.sold)
        if meant.sku and (walked := with_variant(walk, meant.sku, own)):
            return Answer(walked)
        if meant.sold_out or meant.among or meant.unknown:
            return Answer(walk, "variant", Offered(sold_out=meant.sold_out, among=meant.among, unknown=meant.unknown))
        return None

    def _address(self, reader: SlotReader, text: str, walk: Walk, own: Belongings) -> Answer | None:
        plain = self._order_number.sub(" ", text)
        saved = reader.saved_address(plain, own.customer.addresses, by_city=walk.address is None)
        address = saved or read_address(plain, walk.address or NOTHING)
        if self._goes_there(walk, address, own):
            return Answer(replace(walk, address=None), "address", Offered(already=address))
        begins = walk.address is not None and address.line1 == walk.address.line1 and address != walk.address
        if saved or not missing(address) or looks_like_one(plain) or begins_with_street(plain) or begins:
            return Answer(replace(walk, address=address))
        return None

    def _goes_there(self, walk: Walk, address: Address, own: Belongings) -> bool:
        """Whether the order, or by default all, goes to this address already."""
        order, saved = own.order(walk.order), own.customer.addresses
        default = next((one for one in saved if one.id == own.customer.default_address), saved[0] if saved else None)
        now = (order.address if order else None) if "order" in STEPS[walk.action] else default
        return now is not None and is_same_place(now, address)
