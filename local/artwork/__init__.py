"""The showcase's own bumpers and watermark, drawn from shapes: nobody else holds rights on them."""
