"""The photos and files that customers send: kept as long as their conversation, and no longer."""
