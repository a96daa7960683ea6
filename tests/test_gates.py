"""What a model writes is shown only as far as it was read; sentence by sentence, in both languages."""

import logging
import re
import time
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.answering.gates import Gate, Patterns, Ungrounded
from bot.answering.turn import Reading
from bot.knowledge.passages import Passage

ROOT = Path(__file__).parent.parent
TABLES = [
    [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "prompts").glob(f"*/{file}.toml"))]
    for file in ("promises", "claims")
]
PATTERNS = Patterns.of(*TABLES)
READ = (
    "Order OT-20481931 is on its way with Heron Post, tracking number HP7F55161353. Expected November 23, 2026. "
    "Total: $1,456.00. Standard delivery takes 3 to 5 working days and costs $5.90. 10% off. 满 60 美元包邮。"
)
UNITS = "You may return items within 30 days. Warranty: 2 years. Open from 9 to 12. It holds 1.5 litres. Rated 5 stars."
POLICY = (
    "Refunds\nCancelled orders are refunded in full, including shipping, within 5 working days. "
    "We refund within 5 working days of receiving your return. If it isn't found, we will send the items again."
)
规定 = "退款\n我们收到退货后 5 个工作日内退款。订单取消后，我们会为您退款，5 个工作日内到账。"
CANCELLED = "Order OT-20481931 was cancelled. $59.00 went back to you.\nStatus: cancelled\nTotal: $59.00"
已取消 = "订单 OT-20481931 已取消。已退款 US$59.00。\n状态: 已取消"
ORDERS = "2 orders\nOT-20481931, November 3, 2026, cancelled: 1 × Tent\nOT-20482632, November 5, 2026, shipped: Lamp"

DEEDS = r"""
I have cancelled your order.
I’ve cancelled it.
I've already refunded the amount.
I've gone ahead and cancelled the order for you.
I have successfully cancelled your order.
I just updated your address.
I have **cancelled** your order.
I have can\-celled your order.
I am cancelling your order.
I'm now processing your refund.
Let me cancel that for you.
I will send you a new one.
I'll go ahead and change the address.
I can cancel the order for you.
I have\nrefunded you.
I have\n\n- refunded you.
We have cancelled your order.
We've refunded you.
We will refund you.
We’ll replace it.
If you confirm, we will cancel the order.
Your order has been cancelled.
Your order is now cancelled.
Your order is cancelled.
Your order was cancelled.
It's been cancelled.
Your address has been updated.
Your refund has been issued.
Your refund is on its way.
Your refund will arrive tomorrow.
You will be refunded.
You'll get a full refund.
A replacement has been sent.
Your money is on its way.
Cancellation request has been submitted.
Someone will call you back.
Our team will contact you shortly.
Our team will be in touch.
A colleague is going to call.
You will hear from us soon.
We've shipped a new one.
I was able to cancel your order.
I've asked a colleague to call you.
The refund of your order has gone through.
You're going to be refunded.
We will have a new one sent to you.
已为您取消订单。
已为你取消。
已為您取消訂單。
您的订单已取消。
您的订单已经被取消。
已成功为您退款。
我们将尽快为您处理。
我们会联系您的。
我们会退款给您。
我正在为您办理退款。
退款已经发起。
退款已发起。
我帮您取消了。
我来帮您取消。
我可以帮您取消订单。
我已经退款了。
我已经把订单取消了。
订单取消成功。
退款会在三天内到账。
您会收到全额退款。
稍后会有专人联系。
稍后客服会回复您。
同事马上联系您。
地址已更新。
已提交您的退款申请。
我已将您的问题反馈给同事。
我们会尽快给您答复。
新的商品已经寄出。
已安排专人处理。
稍后会给您回电。
已为\n您取消订单。
""".strip().splitlines()

HARMLESS = """
Hello! How can I help you?
I can't cancel an order, but I can bring in one of our staff.
I have not cancelled anything.
I cannot refund you myself.
You can cancel an order until it is processed.
Once an order has been cancelled it cannot be restored.
If your order was cancelled, please order again.
Items that were returned late may be refused.
Would you like to return it?
I don't know that, sorry. Shall I bring in a colleague?
I am connecting you with our staff.
A colleague will take over from here.
Once we receive your return, we will refund you to the original payment method.
You will be refunded as soon as we have received the parcel.
Has your order been delivered?
I've looked it up for you.
Let me check that.
Feel free to ask.
You're free to choose any size.
There are two options: wait, or talk to one of our staff.
1) Open the page. 2) Press the button.
Your order has not been cancelled.
Nothing has been changed on your order.
您好！请问有什么可以帮您？
我无法为您取消订单，可以请人工客服来处理。
我不能帮您退款。
订单还没有取消。
待处理的订单可以取消。
如果订单已取消，请重新下单。
已取消的订单无法恢复。
我们收到退货后会退款。
收到退货后，我们会为您退款。
如果商品有质量问题，我们给您换新或退款。
如果您要退货，请告诉我订单号。
接下来由我的同事为您服务。
需要我为您转接人工客服吗？
我帮您查到了。
您可以在“我的订单”里点“取消”。
有两种方式可以查看订单。
1、打开页面。2、点“退货”。
""".strip().splitlines()


def gate(read: str = READ, wrote: str = "") -> Gate:
    return Gate(Reading(texts=[read]), wrote, PATTERNS)


async def pieces(text: str, size: int) -> AsyncIterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


async def shown(text: str, one: Gate | None = None, size: int = 7) -> str:
    return "".join([piece async for piece in (one or gate()).through(pieces(text, size))])


async def stopped(text: str, one: Gate | None = None, size: int = 7) -> Ungrounded:
    with pytest.raises(Ungrounded) as caught:
        await shown(text, one, size)
    return caught.value


@pytest.mark.parametrize("sentence", DEEDS)
@pytest.mark.parametrize("size", [1, 1000])
async def test_no_deed_is_claimed_or_promised(sentence: str, size: int) -> None:
    written = sentence.replace(r"\n", "\n").replace(r"\-", "\u00ad")
    for read in (READ, POLICY, 规定):
        assert (await stopped(written, gate(read), size)).kind == "promise"


@pytest.mark.parametrize("sentence", HARMLESS)
async def test_what_claims_nothing_is_shown(sentence: str) -> None:
    assert await shown(sentence) == sentence


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (READ, "Your order OT-20481931 is on its way. It should arrive on November 23, 2026."),
        (READ, "The total was $1456."),
        (READ, "The total was 1,456.00 dollars."),
        (READ, "Delivery takes 3 to 5 working days and costs $5.90; you get 10% off."),
        (READ, "Delivery takes three to five working days."),
        (READ, "1. Tracking number: HP7F55161353\n2. Carrier: Heron Post\n"),
        (READ, "订单 OT-20481931 正在配送，运单号 HP7F55161353。满 60 美元包邮。"),
        (READ, "三至五个工作日送达，满六十美元包邮。"),
        (READ, "Shipping is free above $60."),
        (UNITS, "There is a 30-day window and a 2-year warranty."),
        (UNITS, "From 9am, until the 12th, it holds 1.5L and has 5-star reviews."),
        (UNITS, "You have thirty days."),
        (UNITS, "您有三十天，保修两年。"),
        (UNITS, "1) Within 30 days 2) return it."),
        (POLICY, "Cancelled orders are refunded in full, including shipping, within 5 working days."),
        (POLICY, "Sorry to hear that: If it isn't found, we will send the items again."),
        (POLICY, "The refund is made within 5 working days."),
        (规定, "订单取消后，我们会为您退款，5 个工作日内到账。"),
        (规定, "收到退货后，退款会在五个工作日内到账。"),
        (CANCELLED, "Order OT-20481931 was cancelled. $59.00 went back to you."),
        (CANCELLED, "Your order OT-20481931 was cancelled, and $59 was refunded to you."),
        (CANCELLED, "I see that your order has been cancelled."),
        (CANCELLED, "Status: cancelled"),
        (CANCELLED, "您的订单 OT-20481931 已取消，已退款 59 美元。"),
        (已取消, "订单 OT-20481931 已取消。已退款 US$59.00。"),
        (已取消, "您的订单 OT-20481931 已经取消，59 美元已退还给您。"),
        (已取消, "Your order OT-20481931 has been cancelled and $59 has been refunded."),
        (ORDERS, "- OT-20481931: cancelled\n- OT-20482632: shipped\n"),
        (ORDERS, "Your order OT-20481931 was cancelled, OT-20482632 has been shipped.".replace(", OT", ".\nOT")),
        (ORDERS, "OT-20481931 已取消\nOT-20482632 已发货"),
    ],
)
async def test_what_was_read_may_be_said(read: str, text: str) -> None:
    assert await shown(text, gate(read)) == text


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (CANCELLED, "Your order OT-20482632 was cancelled."),
        (CANCELLED, "Your order OT-20481931 was exchanged."),
        (CANCELLED, "I have cancelled your order OT-20481931."),
        (CANCELLED, "我已为您取消订单 OT-20481931。"),
        (已取消, "订单 OT-20482632 已取消。"),
        (ORDERS, "Your order OT-20482632 was cancelled."),
        (ORDERS, "Your order OT-20481931 was refunded."),
        (ORDERS, "OT-20482632 已取消"),
        (POLICY, "We will send the items again."),
        (READ, "Your refund for OT-20481931 is on its way."),
    ],
)
async def test_a_report_needs_the_same_deed_of_the_same_order(read: str, text: str) -> None:
    await stopped(text, gate(read))


async def test_which_order_is_meant_is_taken_from_what_the_customer_wrote() -> None:
    await stopped("Your order has been cancelled.", gate(ORDERS, wrote="cancel OT-20482632"))
    assert await shown(
        "Your order has been cancelled.", gate(ORDERS, wrote="what about OT-20481931? I am ada@shop.example")
    )


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("Your order number is OT-20482632.", "identifier", "ot-20482632"),
        ("Tracking number HP7F55161354.", "identifier", "hp7f55161354"),
        ("It should arrive on November 24, 2026.", "date", "november 24, 2026"),
        ("It should arrive on December 23, 2026.", "date", "december 23, 2026"),
        ("The total was $1,465.00.", "money", "$1,465.00"),
        ("Delivery takes 2 days.", "duration", "2 days"),
        ("Delivery takes two days.", "duration", "2 days"),
        ("You have ninety days.", "duration", "90 days"),
        ("You have one hundred and twenty days.", "duration", "120 days"),
        ("You have a 90-day window.", "duration", "90-day"),
        ("It takes one week.", "duration", "1 week"),
        ("You get 15% off.", "percent", "15%"),
        ("You get it at half price.", "percent", "50%"),
        ("It costs $5.99.", "money", "$5.99"),
        ("Write to help@elsewhere.example.", "identifier", "help@elsewhere.example"),
        ("Look at https://elsewhere.example/sale.", "identifier", "https://elsewhere.example/sale"),
        ("您的订单号是 OT-20482632。", "identifier", "ot-20482632"),
        ("满 99 美元包邮。", "money", "99 美元"),
        ("您有九十天时间。", "duration", "90天"),
        ("您有一百二十天时间。", "duration", "120天"),
        ("全场五折。", "percent", "5折"),
        ("全场半价。", "percent", "50%"),
        ("可享百分之九十的优惠。", "percent", "百分之90"),
        ("两三天送达。", "duration", "2"),
        ("三~五天送达。", "duration", "5天"),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_what_was_not_read_is_stopped_and_named(text: str, kind: str, what: str, size: int) -> None:
    error = await stopped(text, gate(READ.replace("3 to 5", "3 to 4").replace("5.90", "4.90")), size)
    assert error.kind == kind and what in error.what


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Shipping is free.", "Delivery is free above $60."),
        ("Shipping comes at no cost.", "Orders above $60 ship free."),
        ("Returns come at no cost.", "Returns are free of charge."),
        ("退货免费。", "Returns are free of charge."),
        ("免运费。", "Shipping is free."),
        ("全国包邮。", "全国包邮,三日内发货。"),
    ],
)
async def test_free_must_have_been_read_of_the_same_thing(text: str, read: str) -> None:
    await stopped(text, gate("Standard delivery costs $5.90. The repair is free."))
    assert await shown(text, gate(read)) == text


@pytest.mark.parametrize("text", ["Shipping is free on all orders.", "全场包邮。"])
async def test_free_above_an_amount_is_not_free_always(text: str) -> None:
    await stopped(text, gate("Orders above $60 ship free. 满 60 美元包邮。"))


@pytest.mark.parametrize(
    ("wrote", "text"),
    [
        ("where is 47110", "I find nothing for 47110."),
        ("where is ot-20481931?", "I cannot find an order OT-20481931."),
        ("订单OT-20481931在哪", "没有找到订单 OT-20481931。"),
        ("my mail is ada2024@shop.example", "ada2024@shop.example does not match."),
        ("邮编是100086", "邮编 100086 对不上。"),
    ],
)
async def test_the_customers_identifiers_may_be_repeated(wrote: str, text: str) -> None:
    assert await shown(text, gate("nothing", wrote)) == text


@pytest.mark.parametrize(
    ("wrote", "text"),
    [
        ("We will refund you $500.", "We will refund you $500."),
        ("do I get 90% off?", "Yes, you get 90% off."),
        ("do I get 90 days?", "Yes, you have 90 days."),
        ("refund me $50000", "You get $50000."),
        ("refund me 50000 dollars", "You get 50000 dollars."),
        ("give me 50000", "You get $50000."),
        ("is it free?", "Yes, it is free."),
        ("Your order has been cancelled.", "Your order has been cancelled."),
        ("打五折吗？", "是的，打五折。"),
        ("我们会退款给您500元", "我们会退款给您500元"),
        ("退我50000元", "退您50000元。"),
        ("是免费的吗", "是免费的。"),
    ],
)
async def test_what_the_customer_wrote_is_not_read(wrote: str, text: str) -> None:
    await stopped(text, gate("nothing", wrote))


async def test_a_good_sentence_before_a_bad_one_has_been_shown_and_the_bad_one_never() -> None:
    out: list[str] = []
    with pytest.raises(Ungrounded):
        async for piece in gate().through(pieces("It costs $5.90. It is 99 days late. Sorry.", 3)):
            out.append(piece)
    assert "".join(out) == "It costs $5.90. "


async def test_what_is_read_while_the_reply_is_written_counts() -> None:
    reading = Reading()

    async def written() -> AsyncIterator[str]:
        yield "Let me look. "
        reading.texts.append("It costs $5.90.")
        yield "It costs $5.90."

    assert "5.90" in "".join([piece async for piece in Gate(reading, "", PATTERNS).through(written())])


async def test_the_shops_own_words_may_promise_and_only_whole() -> None:
    told = "We will refund you within 5 days if it is faulty."
    assert await shown(told, gate(told))
    await stopped("We will refund you within 5 days.", gate(told))


async def test_citations_are_counted_anew_and_invented_ones_dropped() -> None:
    reading = Reading()
    for name in ("a", "b", "c"):
        reading.passage(Passage(f"faq:{name}:en", "faq", "en", name, "text", f"/en/help/{name}"))
    one = Gate(reading, "", PATTERNS)
    assert (
        await shown("First [3]. Second [1], again [3]. Third [9].", one) == "First [1]. Second [2], again [1]. Third."
    )
    assert one.cited() == [3, 1]


async def test_twenty_sentences_cost_next_to_nothing() -> None:
    reading = Reading(texts=[POLICY * 5, 规定 * 5, READ, ORDERS])
    text = "Order OT-20481931 is on its way with Heron Post, it costs $5.90. 我们收到退货后 5 个工作日内退款。" * 10
    took = []
    for _ in range(5):
        before = time.process_time()
        await shown(text, Gate(reading, "", PATTERNS), size=10_000)
        took.append(time.process_time() - before)
    logging.getLogger(__name__).info("%.2f ms", min(took) * 1000)
    assert min(took) < 0.5


async def test_a_citation_keeps_the_space_before_it_as_it_was() -> None:
    reading = Reading()
    reading.passage(Passage("faq:a:en", "faq", "en", "a", "text", "/en/help/a"))
    assert await shown("First. [1] Second[1].", Gate(reading, "", PATTERNS)) == "First. [1] Second[1]."


def passages(*texts: str) -> Reading:
    reading = Reading()
    for number, text in enumerate(texts, 1):
        reading.passage(Passage(f"faq:{number}:en", "faq", "en", f"title {number}", text, f"/en/help/{number}"))
    return reading


@pytest.mark.parametrize(
    ("text", "shown_as", "cited"),
    [
        ("You have 30 days [1].", "You have 30 days [1].", [2]),  # which says it is plain: it gets that one's place
        ("You have 30 days [2].", "You have 30 days [1].", [2]),
        ("You have 30 days. [1] Ask us.", "You have 30 days. [1] Ask us.", [2]),
        ("It takes 5 days [3].", "It takes 5 days.", []),  # two others say so
        ("It costs $9 [1]. You have 30 days [1].", "It costs $9 [1]. You have 30 days [2].", [3, 2]),
        ("We are glad to help [1].", "We are glad to help [1].", [1]),  # nothing to be compared
        ("You have 30 days and pay $9 [2].", "You have 30 days and pay $9 [1].", [2]),  # of two passages
    ],
)
async def test_a_citation_of_a_passage_that_does_not_say_it_is_led_to_the_one_that_does_or_dropped(
    text: str, shown_as: str, cited: list[int]
) -> None:
    read = passages("It takes 5 days.", "You have 30 days. It takes 5 days.", "It costs $9 by post.")
    one = Gate(read, "", PATTERNS)
    assert await shown(text, one) == shown_as
    assert one.cited() == cited


async def test_the_texts_of_the_demo_shop_may_be_quoted_whole() -> None:
    for path in sorted((ROOT / "bot/demo/knowledge").rglob("*.md")):
        text = re.sub(r"\{\{.*?\}\}|^>.*$", "30", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert await shown(text, gate(text), size=1000) == text, path
