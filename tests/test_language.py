"""The language follows the customer; what says nothing of it changes nothing."""

import pytest

from bot.language import LanguageDetector

detector = LanguageDetector(("en", "zh"))


@pytest.mark.parametrize(
    ("text", "before", "locale", "language"),
    [
        ("where is my order", "", "", "en"),
        ("我的订单到哪了", "", "", "zh"),
        ("我的订单到哪了", "en", "en-US", "zh"),
        ("how long does delivery take", "zh", "zh-CN", "en"),
        ("ok", "zh", "", "zh"),
        ("OK!", "en", "", "en"),
        ("👍", "zh", "", "zh"),
        ("OT-20481931", "zh", "", "zh"),
        ("ada@example.com", "zh", "", "zh"),
        ("Moss Lantern", "zh", "", "zh"),
        ("Moss Lantern 有货吗", "en", "", "zh"),
        ("What does 苔绿 mean?", "zh", "", "en"),
        ("取消订单OT-21153083", "en", "", "zh"),
        ("邮箱ada@example.com，订单OT-20481931", "en", "", "zh"),
        ("", "", "zh-CN", "zh"),
        ("", "", "zh_TW", "zh"),
        ("", "", "de-DE", "en"),
        ("12345", "", "", "en"),
    ],
)
def test_language(text: str, before: str, locale: str, language: str) -> None:
    assert detector.detect(text, before, locale) == language
