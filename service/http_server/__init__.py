"""The waitress side of the API: who comes in, for how long, and how the last one leaves."""
