"""What is measured, and how it gets out without ever hurting the work."""
