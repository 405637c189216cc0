"""The whole system as processes on loopback: AWS emulator, API, worker, and a stub of EC2."""
