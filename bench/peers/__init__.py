"""Clients by others, measured beside ours."""
