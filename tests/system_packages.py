"""Install what the tests need of the system (browser, font, PostgreSQL, Redis 7) where this user may; else name it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def has_chromium() -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


def fonts() -> str:
    """What fontconfig lists, in lower case; nothing where it is not installed."""
    if not shutil.which("fc-list"):
        return ""
    return subprocess.run(["fc-list", ":", "family", "lang"], capture_output=True, text=True).stdout.lower()


def has_chinese_font() -> bool:
    return "zh-cn" in fonts()


def has_pictures() -> bool:
    """The products' emoji, for the screenshots."""
    return "emoji" in fonts()


def has_postgresql() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or bool(shutil.which("initdb"))


def has_redis() -> bool:
    """A newer one than our wheel carries, and one that can be a cluster."""
    return bool(shutil.which("redis-server"))


NEEDED = {
    "chromium": has_chromium,
    "fonts-noto-cjk": has_chinese_font,
    "fonts-noto-color-emoji": has_pictures,
    "postgresql": has_postgresql,
    "redis-server": has_redis,
}


def install(packages: Sequence[str]) -> bool:
    """By apt, as root or with a sudo that does not ask."""
    apt = shutil.which("apt-get")
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if apt is None or (root and not shutil.which("sudo")):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = [[*root, apt, "-q", "update"], [*root, apt, "-q", "install", "-y", "--no-install-recommends", *packages]]
    return all(subprocess.run(step, env=quiet, stdout=subprocess.DEVNULL).returncode == 0 for step in steps)


def main() -> None:
    missing = [package for package, is_there in NEEDED.items() if not is_there()]
    if not missing:
        return
    sys.stderr.write(f"Installing {', '.join(missing)} for the tests ...\n")
    if not install(missing):
        sys.stderr.write(f"Not installed: {', '.join(missing)}. The tests that need them will be skipped.\n")


if __name__ == "__main__":
    main()
