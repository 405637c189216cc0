"""The bucket with originals and results, and presigned links to it."""
