"""Metric alarms: their parameters, the datapoints that they evaluate, and their changes of state.

An alarm is *played* if its states are computed offline by CloudWatch's rules. Some alarms are valid, but not played,
because only CloudWatch can compute them.
"""
