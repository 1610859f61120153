"""What Seatkeeper costs, measured against its own sandbox: `python -m bench`."""
