"""The migration from Celery to SQS and back. Remove this folder and its line in the Makefile once it is over."""
