"""The questions of the steps, in the customer's words: one sentence, and a button for each answer there is."""

import msgspec

from bot.answering.address_reading import missing
from bot.answering.belongings import Belongings
from bot.answering.ground import Ground
from bot.answering.intents import HUMAN
from bot.answering.presenting import piece_name, variant_name
from bot.answering.presenting_actions import one_line
from bot.answering.steps import ALL, DONE, Steps, Wants, is_choosable, left_over, open_piece, others
from bot.messages import Button, Buttons, FinalText, Part
from bot.sessions import Walk
from bot.shop.records import Address, Order, in_language

SLOT_PRESS, DO_PRESS, STOP = "slot:", "do:", "stop"
SHOWN_ORDERS = 6
LABEL = 72  # signs; a channel may cut more off


class Offered(msgspec.Struct, frozen=True):
    """What may be chosen at a step, where it is not everything that the customer has."""

    orders: tuple[Order, ...] = ()  # those for which the action is possible
    among: tuple[str, ...] = ()  # SKUs, or ids of payment methods
    sold_out: str = ""  # the variant that was asked for and is not there
    unknown: str = ""  # the size or colour that was asked for and does not exist
    absent: str = ""  # the thing that was named and is not among them
    several: bool = False  # whether several new variants were asked for at once
    already: Address | None = None  # the address that was asked for, where it goes there as it is


class Asking:
    def __init__(self, ground: Ground, steps: Steps) -> None:
        self._prompts, self._presenting, self._steps = ground.prompts, ground.presenting, steps

    def question(self, walk: Walk, wants: Wants, own: Belongings, offered: Offered, language: str) -> str:
        say, order = self._prompts.say, walk.order
        match wants:
            case "order" | "items" if offered.absent:
                return say(language, f"not_among_{walk.action}", thing=offered.absent)
            case "order":
                return say(language, f"which_order_{walk.action}")
            case "items" if offered.several:
                return say(language, "one_version_at_a_time", item=piece_name(offered.among[0], own.sold, language))
            case "items" if offered.among:
                return say(language, "how_many" if len(offered.among) == 1 else "which_items_of_these")
            case "items":
                return say(language, f"which_items_{walk.action}", order=order)
            case "more":
                return say(language, "anything_more", items=self._pieces(walk, own, language))
            case "variant":
                item = piece_name(open_piece(walk), own.sold, language)
                gone = variant_name(own.sold[offered.sold_out][1], language) if offered.sold_out else ""
                return say(
                    language,
                    "which_variant",
                    item=item,
                    variant=gone,
                    unknown=offered.unknown,
                    product=_product_name(open_piece(walk), own, language),
                )
            case "reason":
                items = self._pieces(walk, own, language)
                return say(language, f"which_reason_{walk.action}", order=order, items=items)
            case "method":
                name = "which_payment" if walk.action == "change_payment" else "which_method"
                return say(language, name, order=order)
            case "address":
                already = one_line(offered.already) if offered.already else ""
                before = say(language, f"already_{walk.action}", order=order, address=already) if already else ""
                return before + self._address_question(walk, language)

    def _address_question(self, walk: Walk, language: str) -> str:
        if walk.address:
            parts = [self._prompts.say(language, f"address_{name}") for name in missing(walk.address)]
            return self._prompts.say(
                language, "address_lacks", missing=("、" if language == "zh" else ", ").join(parts)
            )
        return self._prompts.say(language, f"which_address_{walk.action}", order=walk.order)

    def buttons(self, walk: Walk, wants: Wants, own: Belongings, offered: Offered, language: str) -> Buttons:
        choices = self._choices(walk, wants, own, offered, language)
        slots = [Button(f"{SLOT_PRESS}{wants}:{value}", _short(label)) for value, label in choices]
        return Buttons(
            (*slots, Button(SLOT_PRESS + STOP, self._prompts.say(language, "button_stop")), self.human(language))
        )

    def human(self, language: str) -> Button:
        return Button(HUMAN, self._prompts.say(language, "button_human"))

    def start(self, action: str, order: str, language: str) -> Button:
        """Begins to walk through an action."""
        press = f"{DO_PRESS}{action}:{order}" if order else DO_PRESS + action
        return Button(press, self._prompts.say(language, f"button_{action}", order=order))

    def _choices(
        self, walk: Walk, wants: Wants, own: Belongings, offered: Offered, language: str
    ) -> list[tuple[str, str]]:
        match wants:
            case "order":
                return [(one.number, self._order(one, own, language)) for one in offered.orders[:SHOWN_ORDERS]]
            case "items" | "more":
                return self._item_choices(walk, wants, own, offered, language)
            case "variant":
                product = own.sold[open_piece(walk)][0]
                there = [one for one in others(open_piece(walk), own) if not offered.among or one.sku in offered.among]
                prices = {one.price for one in product.variants}
                return [
                    (
                        one.sku,
                        variant_name(one, language)
                        + (f", {self._presenting.money(one.price, language)}" if len(prices) > 1 else ""),
                    )
                    for one in there
                ]
            case "reason":
                reasons = self._steps.reasons(walk.action)
                return [(name, in_language(words, language)) for name, words in reasons.items()]
            case "method":
                return [(name, self._method(name, own, language)) for name in offered.among]
            case "address":
                return [] if walk.address else self._address_choices(walk, own)

    def _item_choices(
        self, walk: Walk, wants: Wants, own: Belongings, offered: Offered, language: str
    ) -> list[tuple[str, str]]:
        order = own.order(walk.order)
        left = left_over(walk, order) if order else {}
        found = []
        for sku, many in left.items():
            if (offered.among and sku not in offered.among) or not is_choosable(walk, sku, own):
                continue
            name = piece_name(sku, own.sold, language)
            found += [(sku, name)] if many == 1 else [(sku, f"1 × {name}"), (f"{many}*{sku}", f"{many} × {name}")]
        if wants == "more":
            return [*found, (DONE, self._prompts.say(language, "button_done"))]
        everything = [(ALL, self._prompts.say(language, "button_all"))] if len(found) > 1 and not offered.among else []
        return [*found, *everything]

    def _address_choices(self, walk: Walk, own: Belongings) -> list[tuple[str, str]]:
        """Those that are saved, except the one that it has already."""
        order = own.order(walk.order) if walk.order else None
        at_home = own.customer.default_address or (own.customer.addresses[0].id if own.customer.addresses else "")
        now = one_line(order.address) if order else ""
        return [
            (one.id, one_line(one))
            for one in own.customer.addresses
            if (one_line(one) != now if order else one.id != at_home)
        ]

    def _order(self, order: Order, own: Belongings, language: str) -> str:
        names = dict.fromkeys(_product_name(item.sku, own, language) for item in order.items)
        return f"{order.number} · {('，' if language == 'zh' else ', ').join(names)}"

    def _method(self, method_id: str, own: Belongings, language: str) -> str:
        method = next(one for one in own.customer.payment_methods if one.id == method_id)
        if method.balance is None:
            return method.label
        return self._prompts.say(
            language,
            "method_with_balance",
            method=method.label,
            amount=self._presenting.money(method.balance, language),
        )

    def _pieces(self, walk: Walk, own: Belongings, language: str) -> str:
        order = own.order(walk.order)
        skus = walk.items or tuple(item.sku for item in (order.items if order else ()))
        names = dict.fromkeys(_product_name(sku, own, language) for sku in skus)
        return ("，" if language == "zh" else ", ").join(names)

    def asked(
        self, walk: Walk, wants: Wants, own: Belongings, offered: Offered, language: str, before: str = ""
    ) -> tuple[Part, ...]:
        """The question as it is said; `before` is a sentence that ends in it."""
        question = self.question(walk, wants, own, offered, language)
        text = self._prompts.say(language, before, question=question) if before else question
        return FinalText(text), self.buttons(walk, wants, own, offered, language)


def _product_name(sku: str, own: Belongings, language: str) -> str:
    return in_language(own.sold[sku][0].name, language) if sku in own.sold else sku


def _short(label: str) -> str:
    return label if len(label) <= LABEL else label[: LABEL - 1] + "…"
