"""The Partner Center REST API, as the engine's `Provider` port wants it."""
