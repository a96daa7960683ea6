"""The shop's own web site as a source: its sitemap read, its pages fetched politely, only what changed read again."""
