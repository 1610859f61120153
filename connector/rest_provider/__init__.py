"""A provider behind the REST contract that Work 365 published for providers."""
