"""The desk of the shop's people as a web page: an application of its own beside that of the customers."""
