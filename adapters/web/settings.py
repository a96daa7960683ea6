"""The web channel's own settings, read from the mapping it is given."""

from collections.abc import Mapping
from ipaddress import ip_network
from urllib.parse import urlsplit

import msgspec


class WebSettings(msgspec.Struct, frozen=True):
    host: str
    port: int
    public_url: str  # without a slash at the end
    own_origins: tuple[str, ...]  # where staff have their desk: ours, and no other site's
    origins: tuple[str, ...]  # our own first, then the sites that may embed the widget
    widget_secret: str
    messages_per_minute: int
    customer_messages_per_hour: int
    conversations_per_minute: int
    sockets_per_address: int
    most_open: int  # sockets, streams and replies waited for, in this process
    token_hours: int
    proxies: tuple[str, ...]  # networks whose X-Forwarded-For says who calls
    sockets_per_conversation: int = 5
    replies_per_conversation: int = 20  # waited for at the same time
    turn_seconds: float = 60
    first_frame_seconds: float = 10
    slow_reader_seconds: float = 10
    body_seconds: float = 10
    frames_per_minute: int = 600  # of one socket, whether they hold a message or not
    desk_signed_seconds: float = 15  # after so many an open page of staff is asked again whether it is signed in
    desk_pages_per_member: int = 20  # open at the same time, in this process
    desk_writes_per_minute: int = 240  # of one member
    desk_questions_per_minute: int = 120  # the same for what a model or a search works for


def read_settings(environ: Mapping[str, str]) -> WebSettings:
    """Raises ValueError naming the setting that is wrong."""
    host = environ.get("SHOPDESK_HOST") or "127.0.0.1"
    port = _number(environ, "SHOPDESK_PORT", 8000, 1, 65535)
    public_url = (environ.get("SHOPDESK_PUBLIC_URL") or f"http://{_in_url(host)}:{port}").rstrip("/")
    secret = environ.get("SHOPDESK_WIDGET_SECRET", "")
    if secret and len(secret.encode()) < 32:
        raise ValueError("SHOPDESK_WIDGET_SECRET must be at least 32 characters long: a short secret can be guessed.")
    own = [
        _origin("SHOPDESK_PUBLIC_URL", public_url),
        *(f"http://{name}:{port}" for name in ("127.0.0.1", "localhost")),
    ]
    others = [site.strip() for site in environ.get("SHOPDESK_ORIGINS", "").split(",") if site.strip()]
    return WebSettings(
        host=host,
        port=port,
        public_url=public_url,
        own_origins=tuple(dict.fromkeys(own)),
        origins=tuple(dict.fromkeys([*own, *(_origin("SHOPDESK_ORIGINS", site) for site in others)])),
        widget_secret=secret,
        messages_per_minute=_number(environ, "SHOPDESK_MESSAGES_PER_MINUTE", 60, 1, 1_000_000),
        customer_messages_per_hour=_number(environ, "SHOPDESK_CUSTOMER_MESSAGES_PER_HOUR", 600, 1, 1_000_000),
        conversations_per_minute=_number(environ, "SHOPDESK_CONVERSATIONS_PER_MINUTE", 300, 1, 1_000_000),
        sockets_per_address=_number(environ, "SHOPDESK_SOCKETS_PER_ADDRESS", 50, 1, 1_000_000),
        most_open=_number(environ, "SHOPDESK_MOST_OPEN", 20_000, 1, 1_000_000),
        token_hours=_number(environ, "SHOPDESK_TOKEN_HOURS", 24, 1, 24 * 365),
        proxies=_networks("SHOPDESK_PROXIES", environ.get("SHOPDESK_PROXIES") or "127.0.0.1"),
    )


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
    return int(text)


def _networks(name: str, text: str) -> tuple[str, ...]:
    """An address is a network of one."""
    networks = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ip_network(part)
        except ValueError:
            raise ValueError(f"{name} takes addresses or networks such as 10.0.0.0/8, not {part!r}.") from None
        if network.prefixlen == 0:
            raise ValueError(f"{name} must not be every address ({part!r}): then any customer could pose as another.")
        networks.append(str(network))
    return tuple(networks)


def _origin(name: str, url: str) -> str:
    """What a browser sends as Origin: scheme and host, lower case, the port only where it is not the usual one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{name} has an address that cannot be read: {url!r}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "*" in parts.hostname:
        raise ValueError(f"{name} must name whole addresses such as https://shop.example, not {url!r}.")
    if name == "SHOPDESK_ORIGINS" and (parts.path.strip("/") or parts.query or parts.fragment):
        raise ValueError(f"{name} takes sites without a path, such as https://shop.example, not {url!r}.")
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{_in_url(parts.hostname)}" + (f":{port}" if port and port != usual else "")


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
