"""The whole system on one machine: emulator, API, worker, and the demo that shows them."""
