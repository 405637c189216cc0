"""``python -m benchmarks.api``: the API beside FastAPI and Flask, and its pages in a large contest."""
