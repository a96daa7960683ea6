"""Five thousand products that nobody sells, with article numbers, and three hundred look-ups of one of them."""

import random

from serving.eval.files import Row, SearchSet

PRODUCTS, LOOKUPS = 5_000, 300
ADJECTIVES = ("quiet", "light", "folding", "classic", "compact", "sturdy", "slim", "warm", "bright", "soft")
MATERIALS = ("oak", "steel", "linen", "glass", "cork", "wool", "bamboo", "brass", "felt", "stoneware")
THINGS = ("lamp", "kettle", "chair", "blanket", "shelf", "bowl", "rug", "mirror", "basket", "clock")
USES = ("for the kitchen", "for small rooms", "for the garden", "for the desk", "as a present", "for guests")
CHINESE = (
    ("静音", "轻便", "折叠", "经典", "小巧", "结实", "超薄", "保暖", "明亮", "柔软"),
    ("橡木", "不锈钢", "亚麻", "玻璃", "软木", "羊毛", "竹制", "黄铜", "毛毡", "陶瓷"),
    ("台灯", "水壶", "椅子", "毯子", "书架", "碗", "地毯", "镜子", "篮子", "挂钟"),
    ("适合厨房", "适合小房间", "适合花园", "适合书桌", "适合送礼", "适合客人"),
)
ASKED = {
    "en": (
        "Do you have {} in stock?",
        "when will {} be delivered",
        "What is the price of {} please, and can I return it?",
        "is {} available in another colour?",
        "{}",
        "hello, I bought {} last week and it is broken, what can I do",
    ),
    "zh": (
        "{}什么时候发货？",
        "请问{}有货吗",
        "我上周买的{}坏了，怎么办呢",
        "{} 这个多少钱，可以退货吗？",
        "想问一下{}有没有别的颜色",
    ),
}


def identifiers() -> SearchSet:
    """The same every time: its own generator with a fixed seed."""
    drawn = random.Random(20)
    numbers = _numbers(drawn)
    knowledge = [_product(number, at, drawn) for at, number in enumerate(numbers)]
    asked: list[Row] = []
    for at, number in enumerate(drawn.sample(numbers, LOOKUPS)):
        sentences = ASKED[("en", "zh")[at % 2]]
        asked.append({"query": drawn.choice(sentences).format(_as_typed(number, drawn)), "relevant": [number]})
    return SearchSet("identifiers", knowledge, asked, [])


def _numbers(drawn: random.Random) -> list[str]:
    """Of two kinds, "ML-4821-GRN" and "100482193"; many differ in one sign only."""
    letters, colours = "ABCDEFGHKLMNPRSTVWXZ", ("GRN", "BLU", "OAK", "STL", "BLK")
    found: dict[str, None] = {}
    while len(found) < PRODUCTS:
        if drawn.random() < 0.7:
            front = drawn.choice(letters) + drawn.choice(letters)
            found[f"{front}-{drawn.randrange(1000, 9999)}-{drawn.choice(colours)}"] = None
        else:
            found[f"100{drawn.randrange(100_000, 999_999)}"] = None
    return list(found)


def _product(number: str, at: int, drawn: random.Random) -> Row:
    words = (ADJECTIVES, MATERIALS, THINGS, USES) if at % 2 else CHINESE
    kind, stuff, thing, use = (drawn.choice(choice) for choice in words)
    if at % 2:
        title = f"{kind} {stuff} {thing} {number}".capitalize().replace(number.lower(), number)
        text = f"A {kind} {thing} of {stuff}, {use}. Article number {number}. Two years of warranty."
    else:
        title, text = f"{kind}{stuff}{thing} {number}", f"{kind}的{stuff}{thing}，{use}。货号：{number}。保修两年。"
    return {"id": number, "title": title, "text": text}


def _as_typed(number: str, drawn: random.Random) -> str:
    """As it is printed, in small letters, or without its dashes."""
    return drawn.choice((number, number, number.lower(), number.replace("-", "")))
