"""Brings all-MiniLM-L6-v2 into a form that runs on the CPU without torch: `make minilm`."""
