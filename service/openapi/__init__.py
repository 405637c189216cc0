"""The OpenAPI 3.1 document. Tests hold it and the running API against each other."""
