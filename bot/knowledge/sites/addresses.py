"""The addresses of a site: one way to write each, and which of them belong to it."""

import fnmatch
import ipaddress
import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

LONGEST = 2000  # characters; browsers and servers take no more for granted
SIGNS = "/%:@!$&'()*+,;=~-._"


def site_address(said: str) -> str:
    """How a person may write it: shop.example, https://shop.example/help/. Raises ValueError."""
    said = said.strip()
    parts = urlsplit(said if "://" in said else f"https://{said}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError(f'"{said}" is no address of a site: write it like https://shop.example')
    address = clean(said if "://" in said else f"https://{said}")
    if not address:
        raise ValueError(f'"{said}" is no address of a site: write it like https://shop.example')
    return address


def clean(url: str, beside: str = "") -> str:
    """Absolute and in one spelling, without what stands behind #; "" for what is no http(s) address."""
    if len(url) > LONGEST:
        return ""
    try:
        parts = urlsplit(urljoin(beside, url.strip()) if beside else url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
        host = host if _is_ip(host) else host.encode("idna").decode() if host else ""
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        return ""
    usual = {"http": 80, "https": 443}[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    where = shown if port in (None, usual) else f"{shown}:{port}"
    path = quote(parts.path or "/", safe=SIGNS)
    return urlunsplit((parts.scheme, where, path, quote(parts.query, safe=SIGNS + "?"), ""))


def same_host(url: str, other: str) -> bool:
    """The same server: going from http to https, each at its usual port, stays there."""
    one, two = urlsplit(url), urlsplit(other)
    if one.hostname != two.hostname:
        return False
    return one.port == two.port or (one.port is None and two.port is None)


def belongs(url: str, address: str, only: str) -> bool:
    """Whether a page stands on the site, below its address, and matches the pattern that was asked for."""
    if not same_host(url, address):
        return False
    path, below = urlsplit(url).path, urlsplit(address).path
    if not is_sitemap(address) and not path.startswith(below) and path != below.rstrip("/"):
        return False
    return not only or fnmatch.fnmatchcase(path, only)


def is_sitemap(address: str) -> bool:
    return bool(re.search(r"\.(?:xml|txt)(?:\.gz)?$", urlsplit(address).path, re.IGNORECASE))


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
