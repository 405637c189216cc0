"""The domain that the API and the worker share: players, videos, votes, and the jobs that process videos."""
