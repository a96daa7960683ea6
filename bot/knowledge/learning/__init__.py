"""What is learned from the knowledge itself when it is published: the static embedding and the thresholds."""
