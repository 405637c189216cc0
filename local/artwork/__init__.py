"""The bumpers and the watermark of the showcase, drawn from shapes, so that nobody else holds rights on them."""
