"""How text is cut into tokens: the same for what a shop writes and for what a customer asks."""

import pytest

from bot.knowledge.meanings import meanings
from bot.knowledge.tokens import identifiers, is_identifier, letter_groups, tokens, without_dashes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Returns, RETURNED & returning!", ["return", "return", "return"]),
        ("Where’s my parcel?", ["where", "my", "parcel"]),
        ("gift-card", ["gift", "card"]),
        ("an e-mail", ["an", "email"]),
        ("T-shirt", ["tshirt"]),
        ("U.S.A.", ["usa"]),
        ("café", ["café"]),
        ("ＯＴ－１００２３347", ["ot-10023347"]),
        ("退货", ["退货", "退", "货"]),
        ("what about OT-10023347?", ["what", "about", "ot-10023347"]),
        ("订单OT-10023347到哪了", ["订单", "订", "单", "ot-10023347", "到", "哪", "了"]),
        ("3 days", ["3", "day"]),
        ("  \n?!…", []),
        ("", []),
    ],
)
def test_text_is_cut_into_stems_chinese_words_with_their_characters_and_whole_identifiers(
    text: str, expected: list[str]
) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize("token", ["ot-10023347", "ml-2-grn", "1z999aa10123456784", "2026"])
def test_what_has_a_digit_and_four_signs_is_an_identifier(token: str) -> None:
    assert is_identifier(token)


@pytest.mark.parametrize("token", ["30", "xl", "return", "退货", "3rd"])
def test_short_numbers_and_words_are_not_identifiers(token: str) -> None:
    assert not is_identifier(token)


def test_identifiers_are_found_in_the_middle_of_chinese() -> None:
    assert identifiers("请查一下OT-10023347和ML01-GRN的物流") == ["ot-10023347", "ml01-grn"]


def test_an_identifier_is_the_same_without_its_dashes_and_a_word_is_not_changed() -> None:
    assert without_dashes("ot-10023347") == "ot10023347"
    assert without_dashes("o'clock") == "o'clock"


def test_a_misspelt_word_shares_letter_groups_with_the_right_one_and_identifiers_have_none() -> None:
    right, wrong = set(letter_groups("refund")), set(letter_groups("refnud"))
    assert right & wrong and not right <= wrong
    assert letter_groups("ot-10023347") == letter_groups("退货") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("where is my parcel", "where is my package"),
        ("I want my money back", "refund me"),
        ("I can't log in", "sign in trouble"),
        ("包裹到哪了", "查一下物流"),
    ],
)
def test_words_that_customers_use_for_one_another_share_a_meaning(one: str, other: str) -> None:
    assert set(meanings(one)) & set(meanings(other))


def test_words_of_different_things_share_no_meaning() -> None:
    assert not set(meanings("password")) & set(meanings("parcel"))
