"""What a clip must be, judged from the boxes of its MP4 file, without a decoder."""
