"""The operations of the CloudWatch API. Each takes the console and the parameters of a call, and returns the answer."""
