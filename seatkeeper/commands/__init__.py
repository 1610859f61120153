"""The verbs of the command line. Each is thin; the work is elsewhere. `cli.py` registers them."""
