"""The HTTP server: waitress with admission by headers, deadlines for clients, and a drain before it stops."""
