"""``make drill``: the production topology on one machine goes through a burst, the loss of a zone, and scaling in."""
