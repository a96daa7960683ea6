"""How the desk behaves in a chat: its commands, places where others read along, what comes instead of words."""
