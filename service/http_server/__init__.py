"""The server: waitress with admission by headers, deadlines for clients, and a drain at the end."""
