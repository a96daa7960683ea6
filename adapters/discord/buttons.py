"""Buttons as Discord draws them: five in a row, and many choices as a list; and which one was pressed."""

from collections.abc import Sequence
from typing import Any

from adapters.chat_apps import MENU
from adapters.presses import carried, lasts
from adapters.text import utf16
from bot.messages import Button

Component = dict[str, Any]  # as Discord's API has it

_ROWS, _IN_A_ROW, _IN_A_LIST = 5, 5, 25
_ROW, _BUTTON, _LIST = 1, 2, 3  # the kinds of a component
_PRIMARY, _SECONDARY, _SUCCESS, _LINK = 1, 2, 3, 5  # the styles of a button
_LABEL, _OPTION, _PLACEHOLDER = 80, 100, 150  # most characters


def rows(buttons: Sequence[Button], event: str, choose: str = "") -> list[Component]:
    """The buttons of an event, up to five rows. Of more than five choices a list is made, over which stands `choose`;
    what a card proposes, and the commands of the menu, stay buttons below it."""
    numbered = [(carried(event, index, one), one) for index, one in enumerate(buttons)]
    choices = [each for each in numbered if _is_choice(each[1])]
    options = [_option(one, value) for value, one in choices] if len(choices) > _IN_A_ROW else []
    drawn = [_button(one, data) for data, one in numbered if not options or not _is_choice(one)]
    below = [_row(drawn[start : start + _IN_A_ROW]) for start in range(0, len(drawn), _IN_A_ROW)][:_ROWS]
    starts = range(0, len(options), _IN_A_LIST)[: _ROWS - len(below)]
    lists = [_row([_list(options[start : start + _IN_A_LIST], f"{event}:*{start}", choose)]) for start in starts]
    return [*lists, *below]


def link_row(label: str, url: str) -> list[Component]:
    """One button that leads to an address."""
    return [_row([{"type": _BUTTON, "style": _LINK, "label": _cut(label, _LABEL), "url": url}])]


def desk_row(buttons: Sequence[tuple[str, str, bool]]) -> list[Component]:
    """Those of staff, five at most: label, what it carries, whether it is the one that is proposed."""
    drawn = [
        {"type": _BUTTON, "style": _PRIMARY if main else _SECONDARY, "label": _cut(label, _LABEL), "custom_id": data}
        for label, data, main in buttons
    ]
    return [_row(drawn)] if drawn else []


def chosen(custom_id: str, values: Sequence[str] = ()) -> str:
    """What carries the press of an interaction: of a list it is the value."""
    return values[0] if values else custom_id


def after_press(components: Sequence[Component], custom_id: str, values: Sequence[str] = ()) -> list[Component]:
    """What stands under a message after a press: the pressed one is marked, and those that were a choice are over.

    A press on what can be pressed at any time decides nothing.
    """
    pressed = chosen(custom_id, values)
    return [
        _row([_after(one, pressed) for one in row["components"]]) if row.get("type") == _ROW else row
        for row in components
    ]


def _after(component: Component, pressed: str) -> Component:
    if lasts(pressed):
        return component
    if component.get("type") == _LIST:
        options = [one | {"default": one["value"] == pressed} for one in component["options"]]
        over = not any(lasts(one["value"]) for one in options)
        return component | {"options": options} | ({"disabled": True} if over else {})
    own = component.get("custom_id", "")
    if own == pressed:
        label = _cut(f"✓ {component.get('label', '').removeprefix('✓ ')}", _LABEL)
        return component | {"style": _SUCCESS, "label": label, "disabled": True}
    return component if not own or lasts(own) else component | {"disabled": True}


def _is_choice(button: Button) -> bool:
    return button.style == "plain" and button.id not in MENU


def _button(button: Button, custom_id: str) -> Component:
    style = _PRIMARY if button.style == "primary" else _SECONDARY
    return {"type": _BUTTON, "style": style, "label": _cut(button.label, _LABEL), "custom_id": custom_id}


def _option(button: Button, value: str) -> Component:
    return {"label": _cut(button.label, _OPTION), "value": value}


def _list(options: Sequence[Component], custom_id: str, choose: str) -> Component:
    drawn: Component = {"type": _LIST, "custom_id": custom_id, "options": list(options)}
    return drawn | ({"placeholder": _cut(choose, _PLACEHOLDER)} if choose else {})


def _row(components: Sequence[Component]) -> Component:
    return {"type": _ROW, "components": list(components)}


def _cut(label: str, at_most: int) -> str:
    """A label that is not empty, and no longer than Discord takes by either way of counting."""
    label = label.strip() or "…"
    if utf16(label) <= at_most:
        return label
    while utf16(label) > at_most - 1:
        label = label[:-1]
    return f"{label.rstrip()}…"
