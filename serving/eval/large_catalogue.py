"""A catalogue of any size, invented by numbers: titles, attributes and descriptions in English and Chinese.

Words are as frequent as in real texts (Zipf's law over 30,000 of them); the same number makes the same product always.
"""

import random
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from bot.knowledge.embedding.embedder import Vectors
from bot.knowledge.passages import Passage

THINGS = {
    "en": "lamp kettle chair desk mug blanket backpack jacket boots tent clock mirror shelf rug pillow knife bowl pan "
    "bottle speaker charger cable keyboard mouse monitor helmet bicycle glove scarf umbrella wallet watch ring candle "
    "vase basket towel broom ladder drill hammer printer router camera tripod guitar drum puzzle doll kite",
    "zh": "台灯 水壶 椅子 书桌 杯子 毛毯 背包 夹克 靴子 帐篷 闹钟 镜子 书架 地毯 枕头 菜刀 饭碗 平底锅 水瓶 音箱 "
    "充电器 数据线 键盘 鼠标 显示器 头盔 自行车 手套 围巾 雨伞 钱包 手表 戒指 蜡烛 花瓶 篮子 毛巾 扫帚 梯子 电钻 锤子 "
    "打印机 路由器 相机 三脚架",
}
TRAITS = {
    "en": "green grey blue red black white walnut oak steel copper linen wool leather bamboo glass ceramic folding "
    "waterproof wireless rechargeable quiet heavy light small large round square soft warm outdoor indoor vintage",
    "zh": "绿色 灰色 蓝色 红色 黑色 白色 胡桃木 橡木 不锈钢 纯铜 亚麻 羊毛 真皮 竹制 玻璃 陶瓷 折叠 防水 无线 充电 "
    "静音 加厚 轻便 小号 大号 圆形 方形 柔软 保暖 户外 室内 复古",
}
QUESTIONS = {
    "en": ("do you have a {}?", "I am looking for a {}", "how much is the {}", "is the {} in stock", "{}"),
    "zh": ("有没有{}？", "我想买{}", "{}多少钱", "{}还有货吗", "{}"),
}
WORDS = 30_000
SYLLABLES = {
    "en": [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "an", "el", "ir", "on", "ust")],
    "zh": list("天地山水风云花木金石光影月星海江河春夏秋冬东西南北高长清明新安康乐美雅思远达通成立宏信德和平文华丽"),
}
DIMENSIONS = 384


@cache
def _vocabulary(language: str) -> list[str]:
    dice = random.Random(f"words {language}")
    return ["".join(dice.choices(SYLLABLES[language], k=2 + (rank > 500))) for rank in range(WORDS)]


@cache
def _frequent(language: str) -> list[str]:
    """Words as often as they come; a product takes a stretch of it."""
    dice = random.Random(f"text {language}")
    return dice.choices(_vocabulary(language), [1 / (rank + 3) for rank in range(WORDS)], k=500_000)


def product(number: int) -> Passage:
    """Every other one is Chinese."""
    language = "zh" if number % 2 else "en"
    dice = random.Random(number)
    gap = "" if language == "zh" else " "
    traits = dice.sample(TRAITS[language].split(), 3)
    brand = dice.choice(_vocabulary(language)[500:5000])
    title = gap.join([brand.title(), *traits[:2], dice.choice(THINGS[language].split())])
    start = dice.randrange(len(_frequent(language)) - 60)
    said = gap.join(_frequent(language)[start : start + dice.randrange(15, 50)])
    sku = f"{brand[:2].upper() if language == 'en' else 'ZH'}{number:07d}"
    text = f"{title}. {traits[2]}; {dice.randrange(5, 900)} USD; SKU {sku}. {said}."
    return Passage(f"product:p{number}:{language}", "product", language, title, text, f"/{language}/p{number}", (sku,))


def products(count: int) -> Iterator[Passage]:
    return map(product, range(count))


def question(number: int, among: int) -> tuple[str, str, str]:
    """What a customer asks of some product, its language, and its id. One in ten names the article."""
    dice = random.Random(f"question {number}")
    asked = product(dice.randrange(among))
    wanted = asked.questions[0] if dice.random() < 0.1 else asked.title
    return dice.choice(QUESTIONS[asked.language]).format(wanted), asked.language, asked.id


class WordVectors:
    """In place of an embedder, at no cost of its own: the sum of fixed vectors of the words, as spread as MiniLM's."""

    name, dimensions = "the vectors of made-up words", DIMENSIONS

    def __init__(self) -> None:
        spread = np.linspace(1.6, 0.2, DIMENSIONS) ** 2
        table = np.random.default_rng(0).standard_normal((65_536, DIMENSIONS)) * spread
        self._table = table.astype(np.float32)
        self._common = (0.8 * np.random.default_rng(1).standard_normal(DIMENSIONS) * spread).astype(np.float32)

    def understands(self, text: str) -> bool:
        return True

    async def of_questions(self, texts: Sequence[str]) -> Vectors:
        return await self.of_passages(texts)

    async def of_passages(self, texts: Sequence[str]) -> Vectors:
        rows = np.stack([self._row(text) for text in texts])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def _row(self, text: str) -> Vectors:
        parts = text.lower().split() if text.isascii() else [text[at : at + 2] for at in range(len(text) - 1)]
        chosen = [int.from_bytes(part.encode()[-6:], "little") * 2654435761 % 65_521 for part in parts or ["?"]]
        found: Vectors = self._table[chosen].mean(axis=0) + self._common / len(chosen) ** 0.5
        return found
