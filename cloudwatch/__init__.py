"""CloudWatch's rules, offline. Imports nothing of this project; usable on its own."""
