"""A text without what names a person: it may be kept, counted and shown to staff as an example."""

import re

EMAIL, NUMBER, PHONE, NAME, ADDRESS, SECRET = "[e-mail]", "[number]", "[phone]", "[name]", "[address]", "[secret]"
MARKS = (EMAIL, NUMBER, PHONE, NAME, ADDRESS, SECRET)
LONGEST = 3000  # characters: some patterns take the square of it
# what a terminal would obey, or show in another order than it is written
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_HAN = "\u4e00-\u9fff"
_CAPITAL = r"[A-Z\u00c0-\u00de][\w'’-]*"
_DATE = r"(?:19|20)\d\d[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}"
_STREET = r"(?:street|st\.|road|rd\.?|avenue|ave\.?|lane|drive|boulevard|blvd\.?|square|court|way)"
_NOT_NAMES = (
    r"(?!(?:there|all|team|customer|sir|madam|everyone|again|you|no|yes|not|very|so|just|still|a|an|the|in|on)\b)"
)

_NAMED = rf"{_NOT_NAMES}{_CAPITAL}(?: {_CAPITAL}){{0,2}}"
_GREETS = r"(?:hi|hello|dear|hey)"
_TELLS_A_SECRET = r"(?:password|passcode|pin|code|密码|验证码)\s*(?:is|:|=|是|：)"
_SAYS_NAME = r"my (?:full |first |last )?name(?:'s|’s| is)|(?:this|it) is(?= [A-Z][\w'’-]* (?:here|speaking))"
_SAYS_NAME_ZH = r"我叫|我的名字(?:是|叫)|本人叫|名叫|姓名[:：是]?|收件人[:：是]?"

_ALONE, _ENDS = r"(?<![A-Za-z0-9.])", r"(?![A-Za-z0-9])"
_AT_HOME = r"(?:address is|(?:live|living) (?:at|on))\s+(?=[^\n?!]{0,60}\d)"
_POSTCODE = r"(?:zip(?: ?code)?|post ?code|postal code|邮编|邮政编码)\s*(?:is|:|：|是)?\s*(?=[A-Z]{0,2}\d)"

# in this order: what stands further down would cut what stands above it into pieces
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[^\s@<>\"'(（，。、：；]{1,64}@[^\s@<>\"')），。、：；]{1,99}\.[A-Za-z]{2,}"), EMAIL),
    (re.compile(r"(\w{1,20}://[^\s?#'\"]{0,300})[?#][^\s'\"]*"), r"\1"),
    (re.compile(rf"(?i)({_POSTCODE})[A-Z0-9]{{3,6}}(?: \d[A-Z]{{2}})?"), rf"\1{ADDRESS}"),
    (re.compile(rf"(?i)({_TELLS_A_SECRET}\s*)(?=[^\s,;，。；]*\d)[^\s,;，。；]{{4,}}"), rf"\1{SECRET}"),
    (re.compile(rf"(?i)\b\d{{1,5}}[a-z]?,?\s+(?:[\w'’.]+\s+){{1,3}}{_STREET}(?!\w)"), ADDRESS),
    (re.compile(rf"(?i)(\b{_AT_HOME})[^\n?!]{{5,90}}?(?=[.,]\s+[a-z]|[.?!\n]|$)"), rf"\1{ADDRESS}"),
    (re.compile(rf"[{_HAN}]{{2,8}}(?:路|街|大道|巷|弄)\s?\d+\s?(?:号|弄)(?:\s?\d+\s?(?:室|楼|栋|单元))*"), ADDRESS),
    (re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"), ADDRESS),  # a British postcode
    (re.compile(rf"(?<![A-Za-z0-9-])(?!{_DATE})(?:\+|00)\d[\d ()./-]{{6,}}\d"), PHONE),
    (re.compile(rf"(?<![A-Za-z0-9-])(?!{_DATE})\(?0\d{{1,4}}\)?[\d ()/-]{{5,}}\d"), PHONE),
    (re.compile(r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"), PHONE),  # a Chinese mobile
    (re.compile(rf"{_ALONE}(?!{_DATE})[#＃]?[A-Za-z]{{0,4}}-?\d(?:[ -]?\d){{5,}}[A-Za-z]{{0,4}}{_ENDS}"), NUMBER),
    (re.compile(rf"{_ALONE}(?!{_DATE}|\d+[x×]\d)[#＃]?[A-Za-z\d]{{0,20}}-?(?:\d[A-Za-z]{{0,3}}){{6,}}{_ENDS}"), NUMBER),
    (re.compile(rf"(?i:\b({_SAYS_NAME})) ({_NOT_NAMES}[\w'’-]+(?: {_CAPITAL}){{0,2}})"), rf"\1 {NAME}"),
    (re.compile(rf"\b((?i:i am|i['’]m|call me)) ({_NAMED})"), rf"\1 {NAME}"),
    (re.compile(rf"\b((?i:mr|mrs|ms|miss|dr|herr|frau)\.?) ({_CAPITAL}(?: {_CAPITAL})?)"), rf"\1 {NAME}"),
    (re.compile(rf"(?m)^(\s*(?i:{_GREETS})) ({_NAMED})(?=\s*[,!.:–-]|\s*$)"), rf"\1 {NAME}"),
    (re.compile(rf"({_SAYS_NAME_ZH})\s?([{_HAN}]{{2,4}}|{_CAPITAL}(?: {_CAPITAL})?)"), rf"\1{NAME}"),
    (re.compile(rf"(我姓)([{_HAN}])"), rf"\1{NAME}"),
    (re.compile(rf"(?<![{_HAN}])([{_HAN}]{{1,3}})(先生|女士|小姐)(?=[,，您你!！:：])"), rf"{NAME}\2"),
)  # fmt: skip


def masked(text: str, order_number: str = "", at_most: int = LONGEST) -> str:
    """So many characters of it. `order_number`: the regular expression of the shop's own."""
    text = UNSEEN.sub("", text[:at_most])
    if order_number:
        text = re.sub(rf"(?<![A-Za-z0-9-])(?:{order_number})(?![A-Za-z0-9-])", NUMBER, text)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def marks_in(text: str) -> list[str]:
    """Each kind of mark that stands there for something that was taken out."""
    return [mark for mark in MARKS if mark in text]
