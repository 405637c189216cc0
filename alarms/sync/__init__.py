"""``python -m alarms.sync``: makes the objects of the AWS account match the definitions."""
