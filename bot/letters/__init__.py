"""Letters by e-mail: written down before they are due, sent once, tried again."""
