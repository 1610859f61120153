"""`python -m seatkeeper`."""

from seatkeeper.cli import main

if __name__ == "__main__":
    main()
