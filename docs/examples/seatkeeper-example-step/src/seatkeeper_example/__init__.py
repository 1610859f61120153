"""An example for Seatkeeper: two steps and a provider."""
