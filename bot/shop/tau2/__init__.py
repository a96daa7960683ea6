"""The retail database of tau2-bench: what it looks like, how it becomes a shop of ours, and how it is written again."""

from pathlib import Path

RULES_OF_THE_BENCHMARK = Path(__file__).parent / "shop.toml"
