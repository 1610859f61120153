"""The edge: HTTP, tokens, wire <-> model. Takes no decisions."""
