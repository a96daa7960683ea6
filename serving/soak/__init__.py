"""The soak: many customers, processes killed at random, and a checker of what was lost, doubled or out of order."""
