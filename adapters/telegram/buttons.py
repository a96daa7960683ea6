"""Buttons under a message on Telegram: what they carry, how they are laid out, and what is left after a press."""

import unicodedata
from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import KeyboardButtonStyle

from adapters.presses import carried, lasts
from bot.messages import Button

_PRESSED = "pressed"
_COLUMNS_OF_ROW = 26  # that a narrow telephone shows, less what each button needs around its label
_COLUMNS_AROUND = 4
_MOST_IN_ROW, _MOST = 5, 100  # Telegram's own for a row is 8


def keyboard(buttons: Sequence[Button], event: str) -> InlineKeyboardMarkup | None:
    """One under the other, short ones side by side; None where there is none."""
    made = [
        InlineKeyboardButton(
            one.label,
            callback_data=carried(event, index, one),
            style=KeyboardButtonStyle.PRIMARY if one.style == "primary" else None,
        )
        for index, one in enumerate(buttons[:_MOST])
    ]
    return InlineKeyboardMarkup(_rows(made)) if made else None


def link_button(label: str, url: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, url=url)]])


def pressed_keyboard(under: InlineKeyboardMarkup | None, data: str, label: str) -> InlineKeyboardMarkup | None:
    """What was chosen stays to be read, and what it was chosen from goes: nothing is answered twice. Links stay, and
    so does what means the same whenever it is pressed: that decides nothing."""
    if under is None:
        return None
    decides = not lasts(data)
    rows = [
        [_after(button, data, label) for button in row if not decides or _stays(button, data)]
        for row in under.inline_keyboard
    ]
    return InlineKeyboardMarkup([row for row in rows if row])


def _stays(button: InlineKeyboardButton, data: str) -> bool:
    own = str(button.callback_data or "")
    return bool(button.url) or own == data or lasts(own)


def _after(button: InlineKeyboardButton, data: str, label: str) -> InlineKeyboardButton:
    if button.callback_data != data:
        return button
    return InlineKeyboardButton(label, callback_data=data if lasts(data) else _PRESSED)


def _rows(buttons: Sequence[InlineKeyboardButton]) -> list[list[InlineKeyboardButton]]:
    rows, columns = list[list[InlineKeyboardButton]](), 0
    for button in buttons:
        wide = _columns(button.text) + _COLUMNS_AROUND
        if rows and columns + wide <= _COLUMNS_OF_ROW and len(rows[-1]) < _MOST_IN_ROW:
            rows[-1].append(button)
            columns += wide
        else:
            rows.append([button])
            columns = wide
    return rows


def _columns(text: str) -> int:
    """A Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
