"""Webhooks as accelerators: a call only makes us look sooner; nothing in it is believed."""
