"""The engine: the order of steps and the guarantees. Knows ports, not HTTP or SQL."""
