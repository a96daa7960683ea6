"""The form for an order number and an e-mail address, which so never stand where others read."""

from typing import Any

from adapters.discord.payloads import Given, Value
from bot.channels import Words

ORDER_FORM = "order_form"
NUMBER, EMAIL = "order", "email"
_LABEL, _TEXT_INPUT, _ONE_LINE = 18, 4, 1  # kinds of components, and a style
_TITLE = 45  # characters; a label has as many
_NUMBER_LENGTH, _EMAIL_LENGTH = 40, 254


def order_form(words: Words, language: str) -> dict[str, Any]:
    """What answers an interaction with a form."""
    return {
        "custom_id": ORDER_FORM,
        "title": words(language, "order_form_title")[:_TITLE],
        "components": [
            _field(NUMBER, words(language, "order_form_number"), _NUMBER_LENGTH),
            _field(EMAIL, words(language, "order_form_email"), _EMAIL_LENGTH),
        ],
    }


def text_of_form(given: Given) -> str:
    """What a customer would write who has filled it in."""
    values = dict(_values(given.components))
    return ", ".join(values[name].strip() for name in (NUMBER, EMAIL) if values.get(name, "").strip())


def _field(name: str, label: str, longest: int) -> dict[str, Any]:
    field = {"type": _TEXT_INPUT, "custom_id": name, "style": _ONE_LINE, "required": True, "max_length": longest}
    return {"type": _LABEL, "label": label[:_TITLE], "component": field}


def _values(things: tuple[Value, ...]) -> list[tuple[str, str]]:
    """Fields stand in a label, or in a row as forms had it before."""
    inside = [
        one for thing in things for one in (thing, *([thing.component] if thing.component else []), *thing.components)
    ]
    return [(one.custom_id, one.value) for one in inside if one.custom_id]
