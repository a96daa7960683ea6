"""What is read in a message: order numbers, proofs, and the wish for a person; and what only looks like them."""

from pathlib import Path

import pytest

from bot.answering.entities import Entities, EntityReader
from bot.answering.intents import Intents
from bot.answering.prompting import Prompts

READER = EntityReader(r"OT-\d{8}")
PROMPTS = Prompts(Path(__file__).parent.parent / "prompts")
INTENTS = {language: Intents(PROMPTS.table(language, "intents.toml")["wanted"]) for language in PROMPTS.languages}


@pytest.mark.parametrize(
    ("text", "postcode"),
    [
        ("5003", "5003"),
        ("SW1A 1AA", "SW1A 1AA"),
        ("sw1a1aa", "sw1a1aa"),
        ("90210", "90210"),
        ("90210-1234", "90210-1234"),
        ("100-0001", "100-0001"),
        ("K1A 0B6", "K1A 0B6"),
        ("1234 AB", "1234 AB"),
        ("1234 ab.", "1234 ab"),
        ("D-10115", "D-10115"),
        ("100000", "100000"),
        ("413 01", "413 01"),
        ("H91 A7K2", "H91 A7K2"),
        ("51020-010", "51020-010"),
        ("GA-107-1420", "GA-107-1420"),
        ("it's 5003, thanks", "5003"),
        ("是100000", "100000"),
        ("邮编５００３", "5003"),
    ],
)
def test_a_postcode_that_was_asked_for_is_read_as_it_is_spelt(text: str, postcode: str) -> None:
    assert READER.read(text, expect_postcode=True) == Entities("", postcode)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("my postcode is 5003", Entities("", "5003")),
        ("5003 is my postcode", Entities("", "5003")),
        ("I think the postcode on the label of the parcel was SW1A 1AA or so", Entities("", "SW1A 1AA")),
        ("postcode: 3511 gb", Entities("", "3511 gb")),
        ("我的邮编100000谢谢", Entities("", "100000")),
        ("OT-21153083, 5003", Entities("OT-21153083", "5003")),
        ("订单OT-21153083邮编310012", Entities("OT-21153083", "310012")),
        ("where is ot 21153083? a.holm@example.com", Entities("OT 21153083", "a.holm@example.com")),
    ],
)
def test_a_proof_that_is_named_or_stands_beside_an_order_number_is_read_unasked(text: str, given: Entities) -> None:
    assert READER.read(text) == given


@pytest.mark.parametrize(
    "text",
    [
        "ok, do you ship within 30 days?",
        "do you ship to 5003?",
        "I bought it back in 2024 and it has leaked ever since",
        "is it 5003.50 or 49.00",
        "costs $5003",
        "5003元",
        "2026年买的",
        "do you have ML01-GRN",
        "the 1200ml one",
        "12345678901",
        "2 tents",
        "30天内可以退吗",
    ],
)
def test_what_only_holds_a_number_is_no_postcode_even_when_one_was_asked_for(text: str) -> None:
    assert READER.read(text, expect_postcode=True) == Entities()


def test_a_postcode_is_not_read_where_nobody_asked() -> None:
    assert READER.read("5003") == Entities()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I need a real human being now"),
        ("en", "speak to your manager please, this is unacceptable"),
        ("en", "can I have a human please"),
        ("en", "just get me a person"),
        ("en", "is there someone I can talk to?"),
        ("en", "I'd like to chat with an agent"),
        ("en", "connect me with customer service"),
        ("en", "let me speak to a supervisor"),
        ("en", "put me through to a representative"),
        ("en", "I want a human, not a bot"),
        ("en", "I wanna talk to somebody from your team"),
        ("en", "transfer me to your staff"),
        ("en", "give me an operator"),
        ("en", "can a member of staff call, I need a person"),
        ("en", "escalate this to a manager"),
        ("en", "human"),
        ("en", "I would like a human please"),
        ("zh", "没有人工吗"),
        ("zh", "我要人工"),
        ("zh", "给我转人工客服"),
        ("zh", "叫你们经理出来"),
        ("zh", "我想和真人聊聊"),
        ("zh", "能不能找个活人来"),
        ("zh", "我要找你们负责人"),
        ("zh", "请帮我接人工"),
        ("zh", "让工作人员来处理"),
        ("zh", "我需要人工服务"),
        ("zh", "换个真人来"),
        ("zh", "有没有人工客服"),
        ("zh", "我想跟主管谈谈"),
        ("zh", "别废话了，转人工"),
        ("zh", "找你们店长说话"),
        ("zh", "不要机器人，我要真人"),
    ],
)
def test_whoever_wants_a_person_is_understood(language: str, text: str) -> None:
    assert INTENTS[language].likeliest(text).meant == "human"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "do you have a two person tent"),
        ("en", "I want a two-person tent"),
        ("en", "I need a tent for one person"),
        ("en", "is this written by a human?"),
        ("en", "are you a real person?"),
        ("en", "am I talking to a human?"),
        ("en", "I'd like to gift someone a tent"),
        ("en", "get it delivered to the staff entrance"),
        ("en", "do you have an agent in Norway"),
        ("en", "I need a gift for someone who hikes"),
        ("en", "someone stole my parcel, I need a refund"),
        ("en", "can I have it delivered to someone else"),
        ("en", "I want to give it to my manager"),
        ("en", "how much is it per person"),
        ("en", "I need a sleeping bag for a tall person"),
        ("en", "do I get a staff discount"),
        ("zh", "双人帐篷多少钱"),
        ("zh", "我想要一个双人帐篷"),
        ("zh", "请问是真人回复吗"),
        ("zh", "要人工费吗"),
        ("zh", "维修需要收人工费吗"),
        ("zh", "这是人工智能吗"),
        ("zh", "请问你是真人吗"),
        ("zh", "我想买来送给我们经理"),
        ("zh", "是手工做的吗"),
        ("zh", "请问客服几点上班"),
        ("zh", "我要送给领导一个杯子"),
    ],
)
def test_what_only_names_a_person_does_not_call_one(language: str, text: str) -> None:
    assert INTENTS[language].likeliest(text).meant != "human"


@pytest.mark.parametrize(
    ("text", "language", "meant"),
    [
        ("哈" * 59, "zh", "ok"),
        ("哈" * 58 + "运费", "zh", ""),
        ("嗯" * 59 + "3", "zh", ""),
        ("哈哈好吧谢谢", "zh", "thanks"),
        ("lol ok cool thx bye", "en", "goodbye"),
        ("ok got it thanks", "en", "thanks"),
        ("no " * 19 + "box", "en", ""),
    ],
)
def test_courtesies_in_a_row_are_told_at_once_however_long_somebody_laughs(
    text: str, language: str, meant: str
) -> None:
    found = INTENTS[language].likeliest(text)
    assert (found.meant if found.likeness == 1.0 else "") == meant
