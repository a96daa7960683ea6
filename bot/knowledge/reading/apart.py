"""PDF and Word files are read in a process of its own, which may take so much time and memory and no more: whoever made
the file may have made it to take more."""

import subprocess
import sys
from typing import Literal

import msgspec

SECONDS = 180
MEMORY_BYTES = 3 << 30
READERS = {"pdf": "bot.knowledge.reading.pdf_extract", "docx": "bot.knowledge.reading.docx_extract"}
TOO_MUCH = "reading this file takes too much time or memory: split it, or save it anew from the program that made it"


class Extract(msgspec.Struct, frozen=True):
    """What a file says, or why it cannot be read."""

    text: str = ""
    pages: tuple[int, ...] = ()  # of each line of the text
    refused: str = ""


def read_apart(format: Literal["pdf", "docx"], content: bytes) -> Extract:
    """Blocks until it is read."""
    command = [sys.executable, "-P", "-c", STARTED, READERS[format], str(MEMORY_BYTES), str(SECONDS)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Extract(refused=TOO_MUCH)
    if done.returncode:
        return Extract(refused=TOO_MUCH)
    return msgspec.json.decode(done.stdout, type=Extract)


# the limits come first: what is imported and read then stands under them
STARTED = """
import contextlib, resource, runpy, sys
for limit, most in ((resource.RLIMIT_AS, int(sys.argv[2])), (resource.RLIMIT_CPU, int(sys.argv[3]))):
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(limit, (most, most))
runpy.run_module(sys.argv[1], run_name="__main__")
"""
