"""Reads CloudFormation templates. References are resolved if the template and the variables give their values."""
