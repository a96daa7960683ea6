"""The web channel: an HTTP API, the chat widget, and a storefront to show them in."""
