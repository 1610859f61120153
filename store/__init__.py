"""Durable state behind the engine's `Store` port."""
