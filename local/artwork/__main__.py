"""``python -m local.artwork [--out DIR]``: draw the bumpers and the watermark."""

from local.artwork.render import main

if __name__ == "__main__":
    main()
