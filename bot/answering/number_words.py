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
MONTHS = {  # "may" and "march" are verbs too
    "january": 1, "february": 2, "april": 4, "june": 6, "july": 7,
    "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip
DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10000}

WORD = re.compile("[a-z]+")
NUMBERS = {*WORDS, *SCALES, *MONTHS}

_ANY = "|".join([*WORDS, *SCALES])
_UNIT = r"(?:(?:working|business|full|calendar) )?(?:day|week|month|year|hour|minute|dollar|percent)"
ENGLISH = re.compile(
    rf"\b(?!one\b(?! (?:hundred|thousand)|[ -]{_UNIT}))(?:{_ANY})(?:(?:[ -]|(?<=hundred) and )(?:{_ANY}))*\b"
    rf"(?! (?:of|options|ways|things|questions|steps|choices|possibilities)\b)"  # a reply may count its own words
)
MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b")
_NUMERAL = "[零〇一二两三四五六七八九十百千万]"
_MEASURE = (
    "天|日|号|个?(?:工作日|小时|星期|礼拜|月)|分钟|年|周|美?元|美金|块|折|成|倍|岁|公斤|克|厘?米|毫?升|%"
    "|(?<!一)(?:件|次|台|份|张|个(?!问题|选|办法|方))"  # 一个, 一次: an article more than a number
)
CHINESE = re.compile(
    rf"(?<!{_NUMERAL}){_NUMERAL}{{1,9}}(?=(?:[-至到或]{_NUMERAL}{{1,9}})?(?:{_MEASURE}))|(?<=百分之){_NUMERAL}{{1,9}}"
)
PHRASES = (
    (re.compile(r"half[- ](?:the )?(?:price|off)|(?:半价|对折)"), "50%"),
    (re.compile(r"half an? (?=hour|day|year)|半(?=天|年|个?小时|个月)"), "0.5 "),
)


def in_digits(text: str) -> str:
    """Of lower-case text. "One" and 一 count only before a unit."""
    for phrase, figure in PHRASES:
        text = phrase.sub(figure, text)
    if not NUMBERS.isdisjoint(WORD.findall(text)):
        text = MONTH.sub(lambda found: str(MONTHS[found.group()]), text)
        text = ENGLISH.sub(lambda found: str(_english(found.group())), text)
    return text if text.isascii() else CHINESE.sub(lambda found: _chinese(found.group()), text)


def _english(words: str) -> int:
    total = 0
    for word in WORD.findall(words.replace(" and ", " ")):
        total = max(total, 1) * SCALES[word] if word in SCALES else total + WORDS[word]
    return total


def _chinese(numerals: str) -> str:
    if not any(numeral in POWERS for numeral in numerals):
        digits = [str(DIGITS[numeral]) for numeral in numerals]
        return (" " if len(digits) == 2 else "").join(digits)  # 两三: two or three; 二〇二六: 2026
    total = section = digit = 0
    for numeral in numerals:
        if numeral == "万":
            total, section, digit = (total + section + digit or 1) * 10000, 0, 0
        elif numeral in POWERS:
            section, digit = section + (digit or 1) * POWERS[numeral], 0
        else:
            digit = DIGITS[numeral]
    return str(total + section + digit)
