"""What happened on the desk: what was told to whom, what was asked in vain, and what staff make of both."""
