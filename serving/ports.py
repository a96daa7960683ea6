"""Free ports of this machine for servers of our own, which may be stopped and started again on the same one."""

import random
import socket
from pathlib import Path

LOWEST = 1024
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")

_given: set[int] = set()


def free_port(beside: int = 0) -> int:
    """Below those that the system hands out by itself, to outgoing connections too: such a port may be anybody's by the
    time a server binds it, or is started again. Never the same twice in a process. `beside`: the port so many above it
    is free too. Raises OSError when none is left."""
    low = (int(RANGE.read_text().split()[0]) if RANGE.exists() else 32768) - beside
    for port in random.SystemRandom().sample(range(LOWEST, low), low - LOWEST):
        if port not in _given and _binds(port) and _binds(port + beside):
            _given.add(port)
            return port
    raise OSError("No free ports were found on this machine.")


def _binds(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
