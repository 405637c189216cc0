"""From a clip on disk to the broadcast clip on disk, with ffmpeg."""
