"""The HTTP API, built with Falcon: routes, requests and answers. The rules of the contest are in ``showcase``."""
