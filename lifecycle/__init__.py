"""What a status change means. Pure: values in, values out; no I/O, no clock, no log."""
