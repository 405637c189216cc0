"""``python -m benchmarks.video``: the clip pipeline beside its alternatives."""
