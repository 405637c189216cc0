"""``make demo``: one clip from upload to ranking, and the metrics of the run."""
