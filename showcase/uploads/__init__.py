"""Direct uploads: the client sends the clip to the storage, and the API completes the upload."""
