"""Numbers that are written in words, as digits: "ninety days" and 九十天 state the same as "90 days"."""

import re

ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS = (
    {word: number for number, word in enumerate([*ONES.split(), "eighteen", "nineteen"], 1)}
    | {word: number for number, word in zip(range(20, 100, 10), TENS.split(), strict=True)}
    | {"dozen": 12}
)
SCALES = {"hundred": 100, "thousand": 1000}
DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10000}

WORD = re.compile("[a-z]+")
NUMBERS = {*WORDS, *SCALES}

_ANY = "|".join([*WORDS, *SCALES])
_UNIT = r"(?:(?:working|business|full|calendar) )?(?:day|week|month|year|hour|minute|dollar|percent)"
ENGLISH = re.compile(
    rf"\b(?!one\b(?! (?:hundred|thousand)|[ -]{_UNIT}))(?:{_ANY})(?:(?:[ -]|(?<=hundred) and )(?:{_ANY}))*\b"
    rf"(?! (?:of|options|ways|things|questions|steps|choices|possibilities)\b)"  # a reply may count its own words
)
_NUMERAL = "[零〇一二两三四五六七八九十百千万]"
_MEASURE = (
    "天|日|号|点|月|个?(?:工作日|工作天|自然日|小时|钟头|星期|礼拜|月)|分钟|秒|年|周(?![一二三四五六日天])|[美欧日港]?元|美金|英镑|刀|块|折|成|倍|岁"
    "|公?[斤克]|公[里分]|千[克米]|[厘毫]?米|毫?升|寸|瓦|度|%"
    "|[件次台份张只条双瓶盒包套本支盏顶位名颗片根卷袋箱副枚款笔单码把星]|[个种](?!问题|选|办法|方|地方|方式|步骤|途径|情况|可能)"
)
_ARTICLE = (  # 一件, 一个: an article more than a number; 两种都: both
    "两[个种款件][^,;。]{0,6}都|一(?:[件次台份张只条双瓶盒包套本支盏顶位名颗片根卷袋箱副枚款种笔单把点直]|个(?!工作|自然|小时|钟|星期|礼拜|月))"
)
CHINESE = re.compile(
    rf"(?<!{_NUMERAL})(?<![周期拜第])(?!{_ARTICLE}|百分之){_NUMERAL}{{1,9}}(?=\s?(?:[-至到或]\s?{_NUMERAL}{{1,9}})?\s?(?:{_MEASURE}))"
    rf"|(?<=百分之){_NUMERAL}{{1,9}}"
)
DECIMAL = re.compile(rf"({_NUMERAL}{{1,5}})点({_NUMERAL}{{1,3}})(?=\s?(?:[美欧日港]?元|块|折|公|厘|升|米|克|斤|度|倍))")
DISCOUNT = re.compile("([一二三四五六七八九])([一二三四五六七八九])(?=折)")  # 八五折: 85折
PHRASES = (
    (re.compile(r"half[- ](?:the )?(?:price|off)|(?:半价|对折)"), "50%"),
    (re.compile(r"half an? (?=hour|day|year)|半(?=天|年|个?小时|个钟头|个月)"), "0.5 "),
    (
        re.compile(
            rf"\b(within|in|for|takes?|taken|have|about|after|lasts|under|over|than|is|another) an? (?={_UNIT})"
        ),
        r"\1 1 ",
    ),
)


def in_digits(text: str) -> str:
    """Of lower-case text. "One" and 一 count only before a unit."""
    for phrase, figure in PHRASES:
        text = phrase.sub(figure, text)
    if not NUMBERS.isdisjoint(WORD.findall(text)):
        text = ENGLISH.sub(lambda found: str(_english(found.group())), text)
    if text.isascii():
        return text
    text = DISCOUNT.sub(lambda found: f"{DIGITS[found[1]]}{DIGITS[found[2]]}", text)
    text = DECIMAL.sub(lambda found: f"{_chinese(found[1])}.{_one_by_one(found[2])}", text)
    return CHINESE.sub(lambda found: _chinese(found.group()), text)


def _english(words: str) -> int:
    total = 0
    for word in WORD.findall(words.replace(" and ", " ")):
        total = max(total, 1) * SCALES[word] if word in SCALES else total + WORDS[word]
    return total


def _one_by_one(numerals: str) -> str:
    return "".join(str(DIGITS.get(numeral, 0)) for numeral in numerals)


def _chinese(numerals: str) -> str:
    if not any(numeral in POWERS for numeral in numerals):
        digits = [str(DIGITS[numeral]) for numeral in numerals]
        return ("-" if len(digits) == 2 else "").join(digits)  # 两三: two or three; 二〇二六: 2026
    total = section = digit = 0
    for numeral in numerals:
        if numeral == "万":
            total, section, digit = (total + section + digit or 1) * 10000, 0, 0
        elif numeral in POWERS:
            section, digit = section + (digit or 1) * POWERS[numeral], 0
        else:
            digit = DIGITS[numeral]
    return str(total + section + digit)
