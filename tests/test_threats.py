"""The table of threats names files that are there and tests that are run."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "threats.md"
ROWS = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
OWASP = {f"LLM{number:02}" for number in range(1, 11)}


def test_every_threat_names_a_file_that_stops_it_a_test_that_shows_it_and_a_risk() -> None:
    assert len(ROWS) >= 20
    for row in ROWS:
        threat, stopped, shown, risks = (cell.strip() for cell in row.strip("|").split(" | "))
        assert threat and stopped and shown, row
        assert set(risks.split(", ")) <= OWASP, row


def test_the_files_are_there() -> None:
    folder = PAGE.parent
    for row in ROWS:
        links = re.findall(r"\]\(([^)]+)\)", row)
        for link in links:
            beside = (folder / links[0]).parent / link  # a second file of the same folder is named alone
            assert (folder / link).exists() or beside.exists(), f"{link} in {row}"


def test_the_tests_are_there() -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py")}
    for row in ROWS:
        for name in re.findall(r"`(test_\w+(?:\.py)?)`", row):
            is_there = any(name == file or f"def {name}(" in text for file, text in sources.items())
            assert is_there, f"{name} in {row}"


def test_every_risk_of_the_list_is_spoken_of() -> None:
    assert {risk for row in ROWS for risk in re.findall(r"LLM\d\d", row)} == OWASP
