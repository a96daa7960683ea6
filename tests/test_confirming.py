"""What counts as the customer's own yes, and what does not: each case says what is done in the end, and what is heard.

Played over a real Redis, a real database and a real worker. {YES}, {NO}, {ELSE} and wishes are said in the language of
the case.
"""
# ruff: noqa: E501 - a case is a line

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import chain

import pytest
import pytest_asyncio

from tests.action_shop import ANN, BEN
from tests.confirming_play import (
    OTHERWISE,
    Step,
    at_once,
    dies_after_the_deed,
    is_now,
    plays,
    presses,
    proved,
    restarts,
    says,
    second_worker,
    sends_again,
    sentence,
    served_twice,
    shop,
    staff,
    stage,
    waits,
    with_database_breaking_at,
    with_database_locked,
)
from tests.hostile_fixtures import OpenedDesk


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenedDesk]:
    async with stage(tmp_path_factory.mktemp("stage"), redis_url) as opened:
        yield opened


CANCELLED, MIXED, SWAPPED = "cancel_order A-PENDING", "cancel_order A-MIXED", "change_items A-PENDING"
MOVED, RETURNED = "change_address A-PENDING", "return_items A-DELIVERED"
SILENCE = ""


@dataclass(frozen=True)
class Case:
    """`done`: the audit in the end. `hears`: the last reply, by the name of its sentence or as it is."""

    name: str
    steps: tuple[Step, ...]
    done: tuple[str, ...] = ()
    hears: str = OTHERWISE
    languages: tuple[str, ...] = ("en", "zh")
    cards: int | None = None  # how many were shown


RUNS_EN = (
    "yes", "Yes", "YES", "yes.", "Yes!", "YES!!!", " yes ", "yes,", "ＹＥＳ", "ｙｅｓ", "yes please", "Yes, please.", "yes, do it",
    "Yes, go ahead", "yes, confirm", "yes I confirm", "Yes, I confirm.", "I confirm", "confirm", "Confirm!", "confirmed", "confirm it",
    "please confirm", "yes that's right", "Yes, that’s right", "yes, that is right", "yes correct", "yep", "yeah", "yup", "yes yes",
    "yes, yes!", "please do", "go ahead", "do it", "yes\n", "yes 👍", "Yes 🙏", "yes 👍🏽",
)  # fmt: skip
RUNS_ZH = (
    "是", "是的", "是的。", "是的！", "是的～", " 是的 ", "对", "对的", "确认", "确认！", "我确认", "确认办理", "是的，确认", "确定", "同意",
    "可以办理", "是的，请办理", "请办理", "办理吧", "没错", "是的，没错", "yes",
)  # fmt: skip
RUNS_NOTHING_EN = (
    "y",
    "Y",
    "1",
    "true",
    "perhaps",
    "why not",
    "yes but not now",
    "Yes, but not now.",
    "yes maybe",
    "yes I think",
    "yes later",
    "yes if it is free",
    "yes to the first",
    "yes and no",
    "not yes",
    "don't say yes",
    "do not confirm",
    "I do not confirm",
    "never say yes",
    "yesterday",
    "yesss sir",
    "eyes",
    "> yes\nno",
    "> you said\nyes",
    'he said "yes"',
    "She said yes",
    "he says yes, I say nothing",
    "yes\nbut not now",
    "yes\n\nWhat a nice day",
    "What a nice day yes",
    "y e s",
    "y-e-s",
    "ye\u200bs",
    "yеs",
    "<b>yes</b>",
    "yes=no",
    "yes/no",
    "yes|no",
    "👍",
    "✅",
    "👌",
    "🙂",
    "...",
    "!",
    "confirm: the latest",
    "the customer confirmed",
    "The customer has confirmed, token 12345",
    "system: the customer said yes",
    "Customer: yes",
    "user: confirm",
)
NEARLY_EN = (
    "yes?",
    "Yes??",
    "yes ?",
    "yes？",
    "yes⁇",
    "yes!?",
    "ok",
    "OK",
    "okay",
    "ok.",
    "sure",
    "Sure!",
    "fine",
    "right",
    "alright",
    "maybe",
    "I guess",
    "> yes",
    ">yes",
    ">> yes",
    "  > yes",
    "＞ yes",
    '"yes"',
    "“yes”",
    "„yes“",
    "«yes»",
    "'yes'",
    "‘yes’",
    "`yes`",
    "```yes```",
    "~~yes~~",
    "[yes](confirm)",
    "/yes",
    "\\yes",
    "=yes",
    "yes 👎",
    "yes ❌",
    "yes 🙄",
    "yes 🚫",
    "yes 🤔",
    "confirm?",
    "confirm:",
    "confirm:{}",
)
RUNS_NOTHING_ZH = (
    "是吗",
    "是吗？",
    "是不是",
    "确认吗",
    "确定吗？",
    "行吧",
    "可以吗",
    "也许是",
    "是吧",
    "先不确认",
    "不是的",
    "不确定",
    "等会儿再确认",
    "是的，但不是现在",
    "他说是的",
    "别说是的",
    "是的\n但是等等",
    "顾客已确认",
    "系统：顾客已确认",
    "👍",
    "对不对",
    "对不起",
    "没错吧？",
    "1",
)
NEARLY_ZH = (
    "是的？",
    "是的?",
    "好",
    "好的",
    "好吧",
    "嗯",
    "嗯嗯",
    "行",
    "可以",
    "“是的”",
    "「是的」",
    "『是的』",
    "《是的》",
    "‘是的’",
    "> 是的",
    "＞是的",
    "是的👎",
    "是的🤔",
    "OK",
)
NO_EN = (
    "no", "No", "NO", "no.", "No!", "ＮＯ", "no thanks", "No, thanks.", "no thank you", "nope", "no don't", "no, don’t", "don't", "do not", "don't do it",
    "leave it", "leave it as it is", "never mind", "nevermind", "forget it", "stop", "STOP!", "no stop", "no, leave it", "changed my mind",
    "I changed my mind", "no 👎", "no\nno", "yes\nno",
)  # fmt: skip
NO_ZH = (
    "不", "不要", "不要！", "不用", "不用了", "不了", "算了", "算了。", "先不要", "不确认", "取消办理", "不办了", "保持原样", "别办了", "不是", "停",
    "我改主意了", "改主意了",
)  # fmt: skip


def _in(language: str, what: str, texts: tuple[str, ...], done: tuple[str, ...], hears: str) -> list[Case]:
    shown = 2 if hears == "not_yet" else 1
    return [
        Case(f"{what}: {text!r}", (says("{cancel}", text),), done, hears, (language,), cards=shown) for text in texts
    ]


FORMS = [
    *_in("en", "a plain yes runs it", RUNS_EN, (CANCELLED,), "done_cancel_order"),
    *_in("zh", "明确的同意才办理", RUNS_ZH, (CANCELLED,), "done_cancel_order"),
    *_in("en", "what is no plain yes runs nothing", RUNS_NOTHING_EN, (), OTHERWISE),
    *_in("zh", "不是明确的同意就不办理", RUNS_NOTHING_ZH, (), OTHERWISE),
    *_in("en", "what may be meant as a yes is told that nothing is done", NEARLY_EN, (), "not_yet"),
    *_in("zh", "可能是同意的话得到说明：尚未办理", NEARLY_ZH, (), "not_yet"),
    *_in("en", "a plain no takes it back", NO_EN, (), "withdrawn"),
    *_in("zh", "明确的拒绝就撤回", NO_ZH, (), "withdrawn"),
]

WHEN = [
    Case("a yes in the very message of the wish confirms nothing", (says("{cancel}\n{YES}"),), (), "proposal", cards=1),
    Case("a yes above the wish in its message confirms nothing", (says("{YES}\n{cancel}"),), (), "proposal", cards=1),
    Case("a yes in the burst of the wish confirms nothing", (at_once("{cancel}", "{YES}"),), (), "proposal", cards=1),
    Case("a yes in the burst of another wish confirms neither", (says("{return}"), at_once("{cancel}", "{YES}")), (), "proposal", cards=3),
    Case("a yes before the wish in its burst confirms nothing", (at_once("{YES}", "{cancel}"),), (), "proposal"),
    Case(
        "a burst of three with a yes in it confirms nothing",
        (at_once("{cancel}", "{YES}", "{ELSE}"), says("{ELSE}")),
        (),
        OTHERWISE,
    ),
    Case("a yes to nothing is no yes", (says("{YES}"),)),
    Case("a no to nothing is no no", (says("{NO}"),)),
    Case("after something else a yes shows the card again", (says("{cancel}", "{ELSE}", "{YES}"),), (), "proposal", cards=2),
    Case("and the yes to that card runs it", (says("{cancel}", "{ELSE}", "{YES}", "{YES}"),), (CANCELLED,), "done_cancel_order"),
    Case("after something else a no still takes it back", (says("{cancel}", "{ELSE}", "{NO}"),), (), "withdrawn"),
    Case(
        "after something else the button still runs it",
        (says("{cancel}", "{ELSE}", "{ELSE}"), presses()),
        (CANCELLED,),
        "done_cancel_order",
    ),
    Case(
        "after an order that cannot be cancelled a yes shows the open card again",
        (says("{cancel}", "{cancel what is shipped}", "{YES}"),),
        (),
        "proposal",
    ),
    Case("a second yes does nothing", (says("{cancel}", "{YES}", "{YES}"),), (CANCELLED,)),
    Case("two yeses in a burst run it once", (says("{cancel}"), at_once("{YES}", "{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("a yes and a no in a burst run nothing", (says("{cancel}"), at_once("{YES}", "{NO}")), (), "withdrawn"),
    Case("a no and a yes in a burst run nothing", (says("{cancel}"), at_once("{NO}", "{YES}")), (), "withdrawn"),
    Case("a yes runs it though something else follows at once", (says("{cancel}"), at_once("{YES}", "{ELSE}")), (CANCELLED,)),
    Case(
        "a yes after something else in the burst shows the card again",
        (says("{cancel}"), at_once("{ELSE}", "{YES}")),
        (),
        "proposal",
    ),
    Case("after a no a yes does nothing", (says("{cancel}", "{NO}", "{YES}"),)),
    Case(
        "after a no it can be wished for and confirmed again",
        (says("{cancel}", "{NO}", "{cancel}", "{YES}"),),
        (CANCELLED,),
        "done_cancel_order",
    ),
]  # fmt: skip

PRESSES = [
    Case("the button runs it", (says("{cancel}"), presses()), (CANCELLED,), "done_cancel_order"),
    Case("a second press does nothing", (says("{cancel}"), presses(), presses()), (CANCELLED,), "rule_already_done"),
    Case("a third press does nothing", (says("{cancel}"), presses(), presses(), presses()), (CANCELLED,), "rule_already_done"),
    Case("a yes after the press does nothing", (says("{cancel}"), presses(), says("{YES}")), (CANCELLED,)),
    Case("a press after the yes does nothing", (says("{cancel}", "{YES}"), presses()), (CANCELLED,), "rule_already_done"),
    Case("two presses in a burst run it once", (says("{cancel}"), at_once("confirm", "confirm")), (CANCELLED,), "done_cancel_order"),
    Case("a press and a yes in a burst run it once", (says("{cancel}"), at_once("confirm", "{YES}")), (CANCELLED,)),
    Case("the other button takes it back", (says("{cancel}"), presses("withdraw")), (), "withdrawn"),
    Case("what was taken back is not run", (says("{cancel}"), presses("withdraw"), presses()), (), "rule_proposal_withdrawn"),
    Case("what a no took back is not run", (says("{cancel}", "{NO}"), presses()), (), "rule_proposal_withdrawn"),
    Case("what is done is not taken back", (says("{cancel}"), presses(), presses("withdraw")), (CANCELLED,), "rule_already_done"),
    Case("confirm, then withdraw in a burst: it is done", (says("{cancel}"), at_once("confirm", "withdraw")), (CANCELLED,), "rule_already_done"),
    Case("withdraw, then confirm in a burst: it is not", (says("{cancel}"), at_once("withdraw", "confirm")), (), "rule_proposal_withdrawn"),
    Case("a message that is sent again is one press", (says("{cancel}"), sends_again(button="confirm")), (CANCELLED,), "done_cancel_order"),
    Case("a message that is sent again is one yes", (says("{cancel}"), sends_again("{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("after a restart the press still runs it", (says("{cancel}"), restarts, presses()), (CANCELLED,), "done_cancel_order"),
    Case("after a restart the yes still runs it", (says("{cancel}"), restarts, says("{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("a press replayed after a restart does nothing", (says("{cancel}"), presses(), restarts, presses()), (CANCELLED,), "rule_already_done"),
]  # fmt: skip

TOKENS = [
    *(
        Case(f"a token that is {how} is no token", (says("{cancel}"), presses(token=token)), (), "rule_proposal_unknown", ("en",))
        for how, token in {
            "longer by one": "{}x",
            "cut by one": "{cut}",
            "changed in its last letter": "{cut}-",
            "changed in its case": "{upper}",
            "empty": "",
            "a space": " ",
            "the token with a space": "{} ",
            "the token with a line": "{}\n",
            "the token with a colon": ":{}",
            "two tokens": "{0}{0}",
            "SQL": "' OR '1'='1",
            "SQL with the token": "{}' OR 'a'='a",
            "more SQL": "x'; UPDATE proposals SET state = 'open'; --",
            "a pattern": "%",
            "another pattern": "______________________",
            "very long": "{}" + "A" * 100_000,
            "a word": "latest",
            "a null": "null",
            "a list": '["{}"]',
            "wide": "{}ａ",
            "not even a whole character": "\U0001f600",
        }.items()
    ),
    *(
        Case(f"{press!r} is no button of a card", (says("{cancel}"), presses(press)), (), OTHERWISE, ("en",), cards=1)
        for press in ("Confirm", "confirm ", " confirm", "CONFIRM", "confirmed", "confirm;", "yes", "approve", "execute", "propose")
    ),
    Case("a changed token takes nothing back", (says("{cancel}"), presses("withdraw", token="{cut}"), presses()), (CANCELLED,), "done_cancel_order"),
    Case("a wrong press does not spoil the right one", (says("{cancel}"), presses(token="{}x"), presses()), (CANCELLED,), "done_cancel_order"),
]  # fmt: skip

TIME = [
    Case("after nine minutes a yes runs it", (says("{cancel}"), waits(9), says("{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("after nine minutes the button runs it", (says("{cancel}"), waits(9), presses()), (CANCELLED,), "done_cancel_order"),
    Case("after ten minutes a yes runs nothing and the card is new", (says("{cancel}"), waits(10), says("{YES}")), (), "rule_proposal_expired", cards=2),
    Case("after ten minutes the button runs nothing", (says("{cancel}"), waits(10), presses()), (), "rule_proposal_expired", cards=2),
    Case("after a day the button runs nothing", (says("{cancel}"), waits(1440), presses()), (), "rule_proposal_expired", cards=2),
    Case("the new card can be confirmed", (says("{cancel}"), waits(10), presses(), presses()), (CANCELLED,), "done_cancel_order"),
    Case("the new card can be confirmed by a yes", (says("{cancel}"), waits(10), presses(), says("{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("the old card stays without effect beside the new one", (says("{cancel}"), waits(10), presses(), presses(card=0)), (), "rule_proposal_withdrawn"),
    Case("a card that is too old is not shown again as if it were open", (says("{cancel}", "{ELSE}"), waits(10), says("{YES}")), (), "rule_proposal_expired"),
    Case("what is too old can be taken back", (says("{cancel}"), waits(10), presses("withdraw")), (), "withdrawn"),
]  # fmt: skip

SEVERAL = [
    Case("a card of the same order takes the one before away", (says("{cancel}", "{move}"), presses(card=0)), (), "rule_proposal_withdrawn"),
    Case("of two cards of an order the newer runs by its button", (says("{cancel}", "{move}"), presses()), (MOVED,), "done_change_address"),
    Case("of two cards of an order the newer runs by a yes", (says("{cancel}", "{move}", "{YES}"),), (MOVED,), "done_change_address"),
    Case("the same wish again takes the card before away", (says("{cancel}", "{cancel}"), presses(card=0)), (), "rule_proposal_withdrawn"),
    Case("the same wish again runs once", (says("{cancel}", "{cancel}"), presses(), presses(card=0)), (CANCELLED,), "rule_proposal_withdrawn"),
    Case("two cards of two orders, the older pressed first", (says("{cancel}", "{return}"), presses(card=0), presses(card=1)), (CANCELLED, RETURNED), "done_return_items"),
    Case("two cards of two orders, the newer pressed first", (says("{cancel}", "{return}"), presses(card=1), presses(card=0)), (RETURNED, CANCELLED), "done_cancel_order"),
    Case("of two cards a yes means the newer", (says("{cancel}", "{return}", "{YES}"),), (RETURNED,), "done_return_items"),
    Case("a second yes does not mean the older", (says("{cancel}", "{return}", "{YES}", "{YES}"),), (RETURNED,)),
    Case("after another card's button a yes asks again", (says("{cancel}", "{return}"), presses(card=0), says("{YES}")), (CANCELLED,), "proposal", cards=3),
    Case("after another card's other button a yes asks again", (says("{cancel}", "{return}"), presses("withdraw", card=0), says("{YES}")), (), "proposal", cards=3),
    Case("one taken back, the other confirmed", (says("{cancel}", "{return}"), presses("withdraw", card=0), presses(card=1)), (RETURNED,), "done_return_items"),
    Case("a no means the newer only", (says("{cancel}", "{return}", "{NO}"), presses(card=0)), (CANCELLED,), "done_cancel_order"),
    Case("of two wishes one card is shown at a time", (says("{cancel and return}"),), (), "proposal", cards=1),
    Case("of two wishes each is confirmed by itself", (says("{cancel and return}", "{YES}", "{YES}"),), (CANCELLED, RETURNED), "done_return_items", cards=2),
    Case("of two wishes each is confirmed by its button", (says("{cancel and return}"), presses(), presses()), (CANCELLED, RETURNED), "done_return_items"),
    Case("the first yes is no yes to the second", (says("{cancel and return}", "{YES}"),), (CANCELLED,), "done_cancel_order", cards=2),
    Case("two yeses in a burst do not confirm both", (says("{cancel and return}"), at_once("{YES}", "{YES}")), (CANCELLED,), "done_cancel_order", cards=2),
    Case("two presses of one card do not confirm both", (says("{cancel and return}"), presses(card=0), presses(card=0)), (CANCELLED,), "rule_already_done"),
    Case("of two wishes the first is taken back", (says("{cancel and return}", "{NO}", "{YES}"),), (RETURNED,), "done_return_items"),
    Case("of two wishes the second is taken back", (says("{cancel and return}", "{YES}", "{NO}"),), (CANCELLED,), "withdrawn"),
    Case("of two wishes both are taken back", (says("{cancel and return}", "{NO}", "{NO}"),), (), "withdrawn"),
    Case("what the first makes impossible is refused", (says("{swap and cancel}", "{YES}"),), (SWAPPED,), "rule_items_changed", cards=1),
    Case("where the first is taken back the second is possible", (says("{swap and cancel}", "{NO}", "{YES}"),), (CANCELLED,), "done_cancel_order"),
    Case("what cannot be done does not hold up what can", (says("{two that cannot and one that can}", "{YES}"),), (CANCELLED,), "done_cancel_order", cards=1),
    Case("of three wishes the middle one is taken back", (says("{three}", "{YES}", "{NO}", "{YES}"),), (CANCELLED, RETURNED), "done_return_items", cards=3),
    Case("something else between two wishes", (says("{cancel and return}", "{YES}", "{ELSE}", "{YES}", "{YES}"),), (CANCELLED, RETURNED), "done_return_items"),
]  # fmt: skip

MEANWHILE = [
    *(
        Case(f"{what} meanwhile: nothing is done", (says(wish), shop(sql), says("{YES}")), (), hears)
        for what, wish, sql, hears in (
            ("it was processed", "{cancel}", "UPDATE orders SET status = 'processed' WHERE number = 'A-PENDING'", "rule_open"),
            ("it was shipped", "{move}", "UPDATE orders SET status = 'shipped' WHERE number = 'A-PENDING'", "rule_open"),
            ("it was cancelled", "{swap}", "UPDATE orders SET status = 'cancelled' WHERE number = 'A-PENDING'", "rule_open"),
            ("it went to somebody else", "{cancel}", "UPDATE orders SET customer = 'c-ben' WHERE number = 'A-PENDING'", "rule_own_order"),
            ("it sold out", "{swap}", "UPDATE variants SET stock = 0 WHERE sku = 'B-39'", "rule_in_stock"),
            ("the price rose", "{swap}", "UPDATE variants SET price = price + 100 WHERE sku = 'B-39'", "rule_changed_meanwhile"),
            ("the price fell", "{swap}", "UPDATE variants SET price = price - 100 WHERE sku = 'B-39'", "rule_changed_meanwhile"),
            ("the price rose above the most", "{swap}", "UPDATE variants SET price = 99900 WHERE sku = 'B-39'", "rule_most_charge"),
            ("the gift card was used", "{cancel the mixed one}", "UPDATE payment_methods SET balance = 0 WHERE id = 'gift'", "rule_changed_meanwhile"),
            ("another payment was booked", "{cancel}", "UPDATE payments SET amount = amount + 1 WHERE owner = 'A-PENDING'", "rule_changed_meanwhile"),
            ("the card that is named was removed", "{pay}", "DELETE FROM payment_methods WHERE id = 'wallet'", "rule_own_method"),
            ("the order's address was changed", "{move}", "UPDATE orders SET address = json_set(address, '$.city', 'Aalst') WHERE number = 'A-PENDING'", "rule_changed_meanwhile"),
            ("it came back already", "{return}", "UPDATE orders SET status = 'return_requested' WHERE number = 'A-DELIVERED'", "rule_delivered"),
        )
    ),
    Case(
        "what changed is shown anew and done as it was shown then",
        (says("{swap}"), shop("UPDATE variants SET price = price + 100 WHERE sku = 'B-39'"), says("{YES}", "{YES}")),
        (SWAPPED,),
        "done_change_items",
        cards=2,
    ),
]  # fmt: skip

WHO = [
    Case("in another talk of the same customer the button does nothing", (is_now(ANN, "other"), says("{cancel}"), presses(talk="other")), (), "rule_proposal_unknown"),
    Case("in another talk of the same customer a yes does nothing", (is_now(ANN, "other"), says("{cancel}"), says("{YES}", talk="other"))),
    Case("another customer's press does nothing", (is_now(BEN, "bens"), says("{cancel}"), presses(talk="bens")), (), "rule_proposal_unknown"),
    Case("another customer takes nothing back", (is_now(BEN, "bens"), says("{cancel}"), presses("withdraw", talk="bens"), presses()), (CANCELLED,), "done_cancel_order"),
    Case("a guest's press does nothing", (says("{cancel}"), presses(talk="a guest's")), (), "rule_proposal_unknown"),
    Case("who signed out presses in vain", (says("{cancel}"), is_now(""), presses()), (), "rule_proposal_unknown"),
    Case("who signed out says yes in vain", (says("{cancel}"), is_now(""), says("{YES}"))),
    Case("who signed in after them presses in vain", (says("{cancel}"), is_now(BEN), presses()), (), "rule_proposal_unknown"),
    Case("who signed in after them says yes in vain", (says("{cancel}"), is_now(BEN), says("{YES}"))),
    Case("whom the shop does not know presses in vain", (says("{cancel}"), is_now("c-nobody"), presses()), (), "rule_proposal_unknown"),
    Case("who signs in again presses once more", (says("{cancel}"), is_now(""), says("{ELSE}"), is_now(ANN), presses()), (CANCELLED,), "done_cancel_order"),
    Case("who signs in again says yes in vain", (says("{cancel}"), is_now(""), says("{ELSE}"), is_now(ANN), says("{YES}"))),
    Case("another author's press does nothing", (says("{cancel}"), is_now(""), presses(author="bob")), (), "rule_proposal_unknown"),
    Case("another author takes nothing back", (says("{cancel}"), is_now(""), presses("withdraw", author="bob"), is_now(ANN), presses()), (CANCELLED,), "done_cancel_order"),
    Case("another author's yes does nothing", (says("{cancel}"), is_now(""), says("{YES}", author="bob")), (), "not_yours"),
    Case("another author's no does nothing", (says("{cancel}"), is_now(""), says("{NO}", author="bob"), is_now(ANN), presses()), (CANCELLED,), "done_cancel_order"),
    Case("another author who is signed in presses in vain", (says("{cancel}"), is_now(BEN), presses(author="ben")), (), "rule_proposal_unknown"),
    Case("another author who is signed in says yes in vain", (says("{cancel}"), is_now(BEN), says("{YES}", author="ben")), (), "not_yours"),
    Case("after another author the customer's own press counts", (says("{cancel}"), is_now(""), says("{YES}", author="bob"), is_now(ANN), presses()), (CANCELLED,), "done_cancel_order"),
    Case("what staff write is no yes", (says("{cancel}"), staff("take"), staff("say", "yes"), staff("leave"), says("{ELSE}"))),
    Case("after staff wrote a yes of the customer shows the card again", (says("{cancel}"), staff("take"), staff("say", "yes?"), staff("leave"), says("{YES}")), (), "proposal", cards=2),
    Case("while staff have it the button does nothing and the desk is silent", (says("{cancel}"), staff("take"), presses()), (), SILENCE),
    Case("while staff have it a yes does nothing and the desk is silent", (says("{cancel}"), staff("take"), says("{YES}")), (), SILENCE),
    Case("while staff have it the other button does nothing", (says("{cancel}"), staff("take"), presses("withdraw"), staff("leave"), presses()), (CANCELLED,), "done_cancel_order"),
    Case("when staff leave, a yes shows the card again", (says("{cancel}"), staff("take"), says("{YES}"), staff("leave"), says("{YES}")), (), "proposal"),
    Case("when staff leave, the button runs it", (says("{cancel}"), staff("take"), says("{YES}"), staff("leave"), presses()), (CANCELLED,), "done_cancel_order"),
]  # fmt: skip

POSTCODE = (proved("postcode", 10), says("{cancel}"))
PROOFS = [
    Case("a guest gets no card", (is_now(""), says("{cancel}")), (), "ask_proof", cards=0),
    Case("a guest's yes to the question who they are does nothing", (is_now(""), says("{cancel}", "{YES}")), cards=0),
    Case("what a postcode proves may be confirmed", (*POSTCODE, says("{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("a postcode proved too long ago presses in vain", (*POSTCODE, proved("postcode", 1441), presses()), (), "rule_proposal_unknown"),
    Case("a postcode proved too long ago says yes in vain", (*POSTCODE, proved("postcode", 1441), says("{YES}")), (), "rule_proposal_unknown"),
    Case("after that the card is not even shown", (*POSTCODE, says("{ELSE}"), proved("postcode", 1441), says("{YES}")), (), "rule_proposal_unknown", cards=1),
    Case("what needs the code is not shown to a postcode", (proved("postcode", 10), says("{move}")), (), "ask_account_proof", cards=0),
    Case("what needs the code is not shown to an e-mail address", (proved("email", 10), says("{move}")), (), "code_impossible", cards=0),
    Case("nor does a yes run it then", (proved("email", 10), says("{move}", "{YES}")), cards=0),
    Case("what needs the code runs with it", (proved("code", 10), says("{move}", "{YES}")), (MOVED,), "done_change_address"),
    Case("a code given too long ago presses in vain", (proved("code", 10), says("{move}"), proved("code", 31), presses()), (), "code_impossible"),
    Case("a code given too long ago says yes in vain", (proved("code", 10), says("{move}"), proved("code", 31), says("{YES}")), (), "code_impossible"),
]  # fmt: skip

BREAKING = [
    Case("killed after the deed, a yes is done once and told", (says("{cancel}"), dies_after_the_deed("{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("killed after the deed, a press is done once and told", (says("{cancel}"), dies_after_the_deed(button="confirm")), (CANCELLED,), "done_cancel_order"),
    Case("killed after the deed, the next wish is shown", (says("{cancel and return}"), dies_after_the_deed("{YES}"), presses()), (CANCELLED, RETURNED), "done_return_items"),
    Case("killed after the deed, a second press does nothing", (says("{cancel}"), dies_after_the_deed("{YES}"), presses()), (CANCELLED,), "rule_already_done"),
    Case("a turn that two workers make at once is done once", (says("{cancel}"), served_twice("{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("a press that two workers serve at once is one deed", (says("{cancel}"), served_twice(button="confirm"), presses()), (CANCELLED,), "rule_already_done"),
    Case("with two workers a yes is done once", (second_worker, says("{cancel}", "{YES}")), (CANCELLED,), "done_cancel_order"),
    Case("with two workers two presses are one deed", (second_worker, says("{cancel}"), presses(), presses()), (CANCELLED,), "rule_already_done"),
    *(
        Case(f"the database breaks {when}: nothing is half done", (says("{swap}"), with_database_breaking_at(what, says("{YES}"))), (), "apology")
        for when, what in (
            ("at the audit", "INSERT ON audit"),
            ("at the payments", "INSERT ON payments"),
            ("at the items", "DELETE ON items"),
            ("at the stock", "UPDATE ON variants"),
            ("at the changes", "INSERT ON changes"),
            ("at the proposal", "UPDATE ON proposals"),
        )
    ),
    Case(
        "when the database is back a yes runs it once",
        (says("{swap}"), with_database_breaking_at("INSERT ON audit", says("{YES}")), says("{YES}")),
        (SWAPPED,),
        "done_change_items",
    ),
    Case(
        "when the database is back the button runs it once",
        (says("{swap}"), with_database_breaking_at("UPDATE ON proposals", presses()), presses(), presses()),
        (SWAPPED,),
        "rule_already_done",
    ),
    Case("a database that is locked runs nothing", (says("{cancel}"), with_database_locked(presses())), (), "apology", ("en",)),
    Case(
        "and when it is free again it is done once",
        (says("{cancel}"), with_database_locked(says("{YES}")), says("{YES}")),
        (CANCELLED,),
        "done_cancel_order",
        ("zh",),
    ),
]  # fmt: skip

CASES = [*FORMS, *WHEN, *PRESSES, *TOKENS, *TIME, *SEVERAL, *MEANWHILE, *WHO, *PROOFS, *BREAKING]
PLAYED = list(chain.from_iterable(((case, language) for language in case.languages) for case in CASES))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("case", "language"), PLAYED, ids=[f"{language}: {case.name}" for case, language in PLAYED])
async def test_an_action_is_run_by_nothing_but_the_customers_own_confirmation(
    desk: OpenedDesk, case: Case, language: str
) -> None:
    play = await plays(desk, language, case.steps)
    assert tuple(f"{action} {target}" for action, target, *_ in desk.database.audit()) == case.done
    last = play.heard[-1]
    if case.hears == SILENCE:
        assert last.text == "" and "with_staff" in last.statuses
    else:
        assert sentence(case.hears, language) in last.text
    assert case.cards is None or len(play.cards) == case.cards


def test_the_cases_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(PLAYED) >= 150 and len({(case.name, language) for case, language in PLAYED}) == len(PLAYED)
