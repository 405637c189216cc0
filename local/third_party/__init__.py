"""``python -m local.third_party``: the packages that a release ships, and their licences."""
