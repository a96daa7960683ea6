"""What a turn costs: our desk beside the bare model calls and beside stock LangChain, in one table."""
