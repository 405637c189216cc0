"""``python -m benchmarks.worker``: the worker beside Celery, dramatiq and a plain boto3 consumer."""
