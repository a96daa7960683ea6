"""The web as a channel: reads its settings, says what it found, and serves until it is cancelled."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from adapters.web.app import build_app
from adapters.web.running import desk_runs_at
from adapters.web.server import bind, serve
from adapters.web.settings import read_settings
from bot.channels import Finding, Handles

DEMO_PASSWORD = "desk-password.txt"


class WebChannel:
    name = "web"

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Raises ValueError naming the setting that is wrong."""
        self._settings = read_settings(environ)

    def enabled(self) -> bool:
        return True

    async def check(self) -> list[Finding]:
        return [await self._check_port(), self._check_secret(), self._check_origins()]

    async def serve(self, handles: Handles) -> None:
        """Raises OSError with a sentence that says what to do if the port cannot be opened."""
        closing = asyncio.Event()
        listening = bind(self._settings.host, self._settings.port)
        app = build_app(self._settings, handles, closing)

        def opened() -> None:
            handles.announce(f"Shop and chat: {self._settings.public_url}")
            handles.announce(f"Desk for staff: {self._settings.public_url}/desk{_who_signs_in(handles.data)}")

        await serve(app, listening, opened, closing, handles.grace_seconds, self._settings.proxies)

    async def _check_port(self) -> Finding:
        place = f"{self._settings.host}:{self._settings.port}"
        try:
            bind(self._settings.host, self._settings.port).close()
        except OSError as problem:
            if await desk_runs_at(self._settings.host, self._settings.port):
                return Finding("web address", True, f"{place}: a desk is running there")
            return Finding("web address", False, f"{place} cannot be opened", str(problem))
        return Finding("web address", True, f"{place} is free; customers reach it at {self._settings.public_url}")

    def _check_secret(self) -> Finding:
        if self._settings.widget_secret:
            return Finding("widget secret", True, "set: the shop can sign in its visitors")
        advice = "Set SHOPDESK_WIDGET_SECRET (32 characters or more) to let the shop sign in its visitors."
        return Finding("widget secret", True, "not set: every visitor is a guest, except in the demo shop", advice)

    def _check_origins(self) -> Finding:
        others = [
            origin for origin in self._settings.origins[1:] if "127.0.0.1" not in origin and "localhost" not in origin
        ]
        found = ", ".join(others) if others else "no other site may embed the widget"
        return Finding("widget sites", True, found, "" if others else "List the shop's sites in SHOPDESK_ORIGINS.")


def _who_signs_in(data: Path) -> str:
    """Where the demo shop has made people to try the desk with."""
    password = data / DEMO_PASSWORD
    return f" (sign in as otto, password in {password})" if password.exists() else ""
