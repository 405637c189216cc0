"""The resources of the API: each class answers the methods of one path."""
