"""The whole system on one machine: AWS emulator, database, API and worker, and the commands that run them."""
