"""What a test needs of the system and may not find."""

import os
from typing import NoReturn

import pytest


def skip_for_want_of(package: str, what: str) -> NoReturn:
    """Skip in one line that names the package; where everything must run, fail."""
    sentence = f"{what} is not installed: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
