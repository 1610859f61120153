"""The wiring: command line, configuration, bootstrap, daemon. Nobody imports it."""
