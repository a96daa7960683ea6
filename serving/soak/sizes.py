"""How large a soak is, as its environment says."""

from collections.abc import Mapping

import msgspec


class Sizes(msgspec.Struct, frozen=True):
    messages: int
    conversations: int
    kills: int
    seed: int
    at_once: int  # conversations that are open at the same time
    patience: float = 120.0  # seconds that a customer waits for an answer before they go

    def __post_init__(self) -> None:
        if self.messages < self.conversations:
            raise ValueError("SOAK_MESSAGES must be at least SOAK_CONVERSATIONS: every conversation has a message.")


def read_sizes(environ: Mapping[str, str]) -> tuple[Sizes, Sizes]:
    """The soak of our desk, and that of the naive one before it. Raises ValueError naming the setting that is wrong."""
    seed, at_once = _number(environ, "SOAK_SEED", 1), _number(environ, "SOAK_AT_ONCE", 64)
    ours = Sizes(
        messages=_number(environ, "SOAK_MESSAGES", 50_000),
        conversations=_number(environ, "SOAK_CONVERSATIONS", 1_000),
        kills=_number(environ, "SOAK_KILLS", 100, least=0),
        seed=seed,
        at_once=at_once,
    )
    messages = _number(environ, "SOAK_CONTROL_MESSAGES", 600, least=200)
    naive = Sizes(messages, conversations=messages // 10, kills=4, seed=seed, at_once=60, patience=3.0)
    return ours, naive


def _number(environ: Mapping[str, str], name: str, default: int, least: int = 1) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise ValueError(f"{name} must be a whole number, at least {least}, not {text!r}.")
    return int(text)
