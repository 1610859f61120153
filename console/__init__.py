"""The operator's pages: what the daemon does, and what waits for a person."""
