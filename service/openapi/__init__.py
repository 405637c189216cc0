"""What the API promises, as an OpenAPI 3.1 document: the tests hold it and the running app against each other."""
