"""CloudFormation templates: their references are resolved as far as the template and the variables tell."""
