"""The migration from Celery to SQS, and back. Afterwards, remove this folder and the BRIDGE line of the Makefile."""
