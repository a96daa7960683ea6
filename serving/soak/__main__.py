"""The soak, after the same on a naive desk, where the checker has to find something.

python -m serving.soak           SOAK_MESSAGES, SOAK_CONVERSATIONS, SOAK_KILLS and SOAK_SEED size it
"""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from tempfile import mkdtemp

from serving.soak.report import details, is_caught, is_clean, is_uneventful, last_line
from serving.soak.shop import orders_of
from serving.soak.sizes import Sizes, read_sizes
from serving.soak.soaking import changes_each, signed_in_customers, soak
from serving.soak.worlds import NaiveDesk, OurDesk


def tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201


async def run(ours: Sizes, naive: Sizes, folder: Path) -> bool:
    """Whether nothing was lost, doubled or out of order. What nobody need look into is deleted from the folder."""
    tell(f"First a naive desk: {naive.messages:,} messages, {naive.kills} kills. The checker has to find its faults.")
    control = await soak(NaiveDesk(folder / "naive"), naive, _orders(naive), tell)
    if not is_caught(control):
        tell(f"The checker is blind: of the naive desk it says “{last_line(control)}”. Nothing else was tried.")
        return False
    shutil.rmtree(folder / "naive")
    tell(f"The naive desk: {last_line(control)}")
    tell(f"Our desk: {ours.messages:,} messages, {ours.conversations:,} conversations, {ours.kills} kills.")
    orders = _orders(ours)
    soaked = await soak(OurDesk(folder / "ours", orders), ours, orders, tell)
    if is_uneventful(soaked):
        shutil.rmtree(folder / "ours")
    for line in details(soaked):
        tell(line)
    tell(f"For comparison, the naive desk with {naive.messages:,} messages: {last_line(control)}")
    tell(last_line(soaked))
    return is_clean(soaked)


def _orders(sizes: Sizes) -> dict[str, list[str]]:
    return orders_of(signed_in_customers(sizes), changes_each(sizes))


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # by itself asyncio makes of it the cancellation of one task, which that task may lose
    signal.signal(signal.SIGINT, _interrupted)
    try:
        ours, naive = read_sizes(os.environ)
    except ValueError as problem:
        sys.exit(str(problem))
    folder = Path(mkdtemp(prefix="shopdesk-soak-"))
    try:
        clean = asyncio.run(run(ours, naive, folder))
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        sys.exit(130)
    finally:
        _say_what_is_left(folder)
    sys.exit(0 if clean else 1)


def _say_what_is_left(folder: Path) -> None:
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    elif folder.exists():
        print(f"What the processes logged is in {folder}.", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
