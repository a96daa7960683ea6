"""The commands of `shopdesk`, a file for each group of them. The environment is handed to them by bot.cli."""
