"""The HTTP API: Falcon speaks HTTP here, the domain in ``showcase`` decides."""
