"""Our texts on chat platforms: what is read as markup, how it is written there, and where a long one is cut."""

import random
import re
from collections.abc import Callable

import pytest

from adapters.splitting import split
from adapters.text import Rich, Span, as_discord, as_entities, bold, joined, link, plain, read, utf16

HOME = "https://shop.example"
FAMILY, FLAG, THUMB = "👨‍👩‍👧", "🇩🇪", "👍🏽"

READ = {
    "words": ("How long?", "How long?", ()),
    "bold": ("it is **3 days** here", "it is 3 days here", (("bold", "3 days", ""),)),
    "two bold words": ("**a** b **c**", "a b c", (("bold", "a", ""), ("bold", "c", ""))),
    "a star alone is a star": ("2 * 3 ** 4", "2 * 3 ** 4", ()),
    "heading": ("## Returns\nwithin 30 days", "Returns\nwithin 30 days", (("bold", "Returns", ""),)),
    "bullets": ("- one\n* two\n• three", "• one\n• two\n• three", ()),
    "numbers stay": ("1. one\n2. two", "1. one\n2. two", ()),
    "code": ("take `A_1*`", "take A_1*", (("code", "A_1*", ""),)),
    "snake_case is no markup": ("OT_2048_1931 ~~x~~", "OT_2048_1931 ~~x~~", ()),
    "a reference is no link": ("It is free [1].", "It is free [1].", ()),
    "a link on our pages": ("see [here](/en/help/x)", "see here", (("link", "here", f"{HOME}/en/help/x"),)),
    "a whole address of ours": (f"[x]({HOME}/a)", "x", (("link", "x", f"{HOME}/a"),)),
    "a foreign link is words": ("[pay here](https://evil.example/a)", "pay here", ()),
    "ours with a query carries things away": (f"[x]({HOME}/a?q=secret)", "x", ()),
    "a host that begins like ours": ("[x](https://shop.example.evil.org/a)", "x", ()),
    "a user name in front of the host": ("[x](https://shop.example@evil.org/a)", "x", ()),
    "an address without a scheme": ("[x](//evil.org/a)", "x", ()),
    "a script": ("[x](javascript:alert)", "x", ()),
    "an address that ends the markup": ("[x](/a>b)", "x", ()),
    "an address that is none": ("[x](https://[oops/a)", "x", ()),
    "a bare address of ours": (f"see {HOME}/a.", f"see {HOME}/a.", (("link", f"{HOME}/a", f"{HOME}/a"),)),
    "a foreign bare address": (
        "go to https://evil.example/x, now",
        "go to https://evil.example/x, now",
        (("code", "https://evil.example/x", ""),),
    ),
    "a foreign site without https": (
        "pay at T.me/evil_bot now",
        "pay at T.me/evil_bot now",
        (("code", "T.me/evil_bot", ""),),
    ),
    "an e-mail address is none": ("john.me@post.co.uk, a@b.com", "john.me@post.co.uk, a@b.com", ()),
    "nor is a sentence, or a file": ("It is so.Next is it 3.50? see a.pdf", "It is so.Next is it 3.50? see a.pdf", ()),
    "an address before a Chinese full stop": (
        f"请看{HOME}/zh/help。谢谢",
        f"请看{HOME}/zh/help。谢谢",
        (("link", f"{HOME}/zh/help", f"{HOME}/zh/help"),),
    ),
    "a link in bold": ("**see [x](/a)!**", "see x!", (("bold", "see x!", ""), ("link", "x", f"{HOME}/a"))),
    "code in bold is not bold": ("**a `b` c**", "a b c", (("bold", "a ", ""), ("bold", " c", ""), ("code", "b", ""))),
    "writing backwards": ("a\u202eb\u2066c\x07", "abc", ()),
    "half an emoji": ("a\ud83db", "a\ufffdb", ()),
    "many empty lines": ("a\n\n\n\n\nb", "a\n\nb", ()),
    "Chinese": ("**三至五**个工作日", "三至五个工作日", (("bold", "三至五", ""),)),
}


def seen(rich: Rich) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.kind, rich.text[one.start : one.end], one.url) for one in rich.spans)


@pytest.mark.parametrize("name", READ)
def test_markdown_is_read_as_it_is_meant(name: str) -> None:
    markdown, text, spans = READ[name]
    rich = read(markdown, HOME)
    assert (rich.text, seen(rich)) == (text, spans)


def test_without_an_address_of_the_shop_nothing_becomes_a_link() -> None:
    assert read("[here](/en/help) or [there](https://shop.example/a)").spans == ()


def test_the_shops_own_site_may_be_named_without_https() -> None:
    assert read("otter.com or www.otter.com.evil.org", "https://otter.com").spans == (Span(13, 35, "code"),)


UNFINISHED = {
    "it is **3 da": "it is 3 da",
    "it is **": "it is ",
    "it is **3 days*": "it is 3 days",
    "it is **3 days**": "it is 3 days",
    "see [our pa": "see our pa",
    "see [our page]": "see our page",
    "see [our page](/en/he": "see our page",
    "take `OT-2": "take OT-2",
    "**a** and **b": "a and b",
}


@pytest.mark.parametrize("markdown", UNFINISHED)
def test_half_markup_is_never_seen_while_a_text_is_written(markdown: str) -> None:
    assert read(markdown, HOME, unfinished=True).text == UNFINISHED[markdown]


def test_what_a_person_writes_is_no_markup_and_its_addresses_are_links() -> None:
    rich = plain("**not bold**, see https://post.example/t?id=1, [x](y)")
    assert rich.text == "**not bold**, see https://post.example/t?id=1, [x](y)"
    assert seen(rich) == (("link", "https://post.example/t?id=1", "https://post.example/t?id=1"),)


def test_a_source_on_our_own_pages_is_a_link_only_where_their_address_is_known() -> None:
    assert link("Delivery", "/en/help/delivery", HOME).spans == (Span(0, 8, "link", f"{HOME}/en/help/delivery"),)
    assert link("Delivery", "/en/help/delivery") == Rich("Delivery")
    assert link("Delivery", "file:///etc/passwd", HOME) == Rich("Delivery")


def test_entities_are_counted_in_utf16_units() -> None:
    rich = read("😀 **三** and **😀b** [x](/a)", HOME)
    units = rich.text.encode("utf-16-le")
    cut = [units[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le") for one in as_entities(rich)]
    assert cut == ["三", "😀b", "x"]
    assert utf16("a😀三") == 4


DISCORD = {
    "2 * 3 _a_ ~~b~~ `c` ||d||": r"2 \* 3 \_a\_ \~\~b\~\~ **c**".replace("**c**", "`c`") + r" \|\|d\|\|",
    "it is **3_4**": r"it is **3\_4**",
    "[x](/a)": f"[x](<{HOME}/a>)",
    f"{HOME}/a_b": f"<{HOME}/a_b>",
    "https://evil.example/a_b": "`https://evil.example/a_b`",
    "> quoted\n- one": "\\> quoted\n• one",
    "@everyone <@123> <#5> <t:1>": r"@everyone \<@123> \<#5> \<t:1>",
    "a # b - c > d": "a # b - c > d",
    "-# small": r"\-# small",
    r"C:\temp": r"C:\\temp",
    "**a [x](/b) c**": f"**a [x](<{HOME}/b>) c**",
    "**a**# b": "**a**# b",
}


@pytest.mark.parametrize("markdown", DISCORD)
def test_discord_shows_every_character_as_itself(markdown: str) -> None:
    assert as_discord(read(markdown, HOME)) == DISCORD[markdown]


def test_whatever_a_person_writes_is_no_markup_on_discord() -> None:
    dice = random.Random(6)
    for _ in range(300):
        text = "".join(dice.choice("*_~`|<>[]()#-+\\ \nab1.") for _ in range(dice.randrange(1, 40)))
        written = as_discord(plain(text))
        assert re.sub(r"\\(.)", r"\1", written) == text
        assert not re.search(r"(?<!\\)(?:\\\\)*(?=[*_~`|\[<])[*_~`|\[<]", written)
        assert not re.search(r"^\s*(?:[>#+]|-)", written, re.MULTILINE)


MARK = re.compile(
    r"\\(?P<self>.)|(?P<bold>\*\*)|`(?P<code>[^`]+)`|(?P<open>\[)|\]\(<(?P<to>[^<>]+)>\)|<(?P<bare>[^<>]+)>", re.DOTALL
)


def shown_by_discord(written: str) -> tuple[str, set[tuple[str, int, int, str]]]:
    """What a client would show: the text, and what is bold, code or a link in it."""
    text, spans, bold_from, label_from, end = "", set[tuple[str, int, int, str]](), -1, -1, 0
    for mark in MARK.finditer(written):
        text += written[end : mark.start()]
        end = mark.end()
        if mark["self"]:
            text += mark["self"]
        elif mark["bold"] and bold_from < 0:
            bold_from = len(text)
        elif mark["bold"]:
            spans.add(("bold", bold_from, len(text), ""))
            bold_from = -1
        elif mark["code"]:
            spans.add(("code", len(text), len(text) + len(mark["code"]), ""))
            text += mark["code"]
        elif mark["open"]:
            label_from = len(text)
        elif mark["to"]:
            spans.add(("link", label_from, len(text), mark["to"]))
        else:
            spans.add(("link", len(text), len(text) + len(mark["bare"]), mark["bare"]))
            text += mark["bare"]
    assert bold_from < 0
    return text + written[end:], spans


def test_discord_shows_the_very_spans_that_were_meant() -> None:
    dice = random.Random(7)
    words = [
        "a_b",
        " ",
        "*",
        "**x**",
        "**[y](/z)**",
        "[l_1](/p_q)",
        f"{HOME}/a_b",
        " `c*d` ",
        "**e `f` g**",
        "<@1>",
        "三。",
        "\n- ",
        "]",
        "\\",
    ]
    for _ in range(500):
        rich = read("".join(dice.choice(words) for _ in range(dice.randrange(1, 12))), HOME)
        text, spans = shown_by_discord(as_discord(rich))
        assert text == rich.text
        assert letters(spans) == letters({(one.kind, one.start, one.end, one.url) for one in rich.spans})
        assert "****" not in as_discord(rich)


def letters(spans: set[tuple[str, int, int, str]]) -> set[tuple[str, int, str]]:
    """Two that are bold side by side look as one."""
    return {(kind, place, url) for kind, start, end, url in spans for place in range(start, end)}


SPLIT = {
    "short": ("abc", 10, ["abc"]),
    "nothing": (" \n ", 10, []),
    "at a blank line": ("aaaa aaaa\n\nbbb. bbb", 14, ["aaaa aaaa", "bbb. bbb"]),
    "at a line": ("aaaa aa\nbbb. bbb", 12, ["aaaa aa", "bbb. bbb"]),
    "at a sentence": ("Aaaa a. Bbb bbb bbb", 14, ["Aaaa a.", "Bbb bbb bbb"]),
    "not in a price": ("It costs $3.50 here now", 16, ["It costs $3.50", "here now"]),
    "at a Chinese sentence": ("三至五个工作日。您好，谢谢。", 10, ["三至五个工作日。", "您好，谢谢。"]),
    "at a space": ("aaaa bbbb cccc", 10, ["aaaa bbbb", "cccc"]),
    "a word as long as it fits": ("aaaa bbbb", 4, ["aaaa", "bbbb"]),
    "one long word": ("a" * 25, 10, ["a" * 10, "a" * 10, "a" * 5]),
    "a pause too early is not taken": ("A. " + "b" * 20, 10, ["A. bbbbbbb", "b" * 10, "bbb"]),
    "a family stays together": (f"aaaaa{FAMILY}b", 12, ["aaaaa", f"{FAMILY}b"]),
    "a flag stays together": (f"aaaaaa{FLAG}{FLAG}", 11, [f"aaaaaa{FLAG}", FLAG]),
    "a skin stays on its hand": (f"aaaa{THUMB}b", 6, ["aaaa", f"{THUMB}b"]),
}


@pytest.mark.parametrize("name", SPLIT)
def test_a_long_text_is_cut_where_a_reader_would_pause(name: str) -> None:
    text, at_most, pieces = SPLIT[name]
    assert [piece.text for piece in split(Rich(text), at_most, lambda one: utf16(one.text))] == pieces


def test_bold_and_links_go_on_over_a_cut() -> None:
    pieces = split(read("**aaaa bbbb** [cccc dddd](/x)", HOME), 12, lambda one: utf16(one.text))
    assert [seen(piece) for piece in pieces] == [
        (("bold", "aaaa bbbb", ""),),
        (("link", "cccc dddd", f"{HOME}/x"),),
    ]
    assert [as_discord(one) for one in split(read("**aaaa bbbb**"), 8, lambda one: len(as_discord(one)))] == [
        "**aaaa**",
        "**bbbb**",
    ]


@pytest.mark.parametrize("at_most", [1, 7, 50, 4096])
def test_however_it_is_cut_nothing_is_lost_and_nothing_is_too_long(at_most: int) -> None:
    dice = random.Random(at_most)
    for _ in range(40):
        alphabet = ["a", "B", "三", "。", ". ", " ", "\n", "\n\n", "😀", FAMILY, FLAG, "e\u0301", "**b** ", "_"]
        rich = read("".join(dice.choice(alphabet) for _ in range(dice.randrange(1, 200))))
        sizes: tuple[Callable[[Rich], int], ...] = (lambda one: utf16(one.text), lambda one: utf16(as_discord(one)))
        for size in sizes:
            pieces = split(rich, at_most, size)
            assert "".join("".join(one.text.split()) for one in pieces) == "".join(rich.text.split())
            assert all(size(one) <= at_most or len(one.text) == 1 for one in pieces)
            assert all(one.text == one.text.strip() for one in pieces)


def test_a_very_long_text_is_cut_quickly() -> None:
    rich = read("**Word** and so on, 三至五个工作日。" * 4000)
    pieces = split(rich, 2000, lambda one: utf16(as_discord(one)))
    assert sum(len(one.text) for one in pieces) > 0.99 * len(rich.text)
    assert all(utf16(as_discord(one)) > 1500 for one in pieces[:-1])


def test_pieces_are_joined_with_what_is_between_them_and_empty_ones_left_out() -> None:
    rich = joined([bold("Order"), Rich(""), plain("a: b")], "\n")
    assert (rich.text, seen(rich)) == ("Order\na: b", (("bold", "Order", ""),))
