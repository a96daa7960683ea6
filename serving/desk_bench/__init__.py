"""What a full line costs the pages of staff."""
