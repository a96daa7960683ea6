"""`shopdesk knowledge`: what the desk may answer from."""
