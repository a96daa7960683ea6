"""What a sentence states, and whether that was read."""
