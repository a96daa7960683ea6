"""The core of Shopdesk; it knows no chat platform and no web framework."""
