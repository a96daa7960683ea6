"""What holds in every chat app alike: the commands of the menu, and how much a customer may send."""

MENU = ("help", "orders", "human", "language", "account", "forget")  # commands, each the press of the same name
MESSAGES_PER_MINUTE = 20  # of one conversation
FILES_PER_MINUTE = 20  # of one conversation that are fetched
