"""The EC2 instance and the Auto Scaling group under the worker."""
