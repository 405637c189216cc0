"""Makes the allocator of this process return freed memory at once, so that its resident memory is what it uses.

By default, glibc keeps memory that it may need again, in several arenas. Then a leak of some megabytes does not show.
"""

import ctypes

# Parameters of mallopt(3).
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
LARGE_BYTES = 64 * 1024  # larger blocks are mapped, and given back when they are freed


def make_memory_visible() -> None:
    """Call it before the process starts threads."""
    libc = ctypes.CDLL(None)
    for parameter, value in ((ARENA_MAX, 1), (MMAP_THRESHOLD, LARGE_BYTES), (TRIM_THRESHOLD, LARGE_BYTES)):
        libc.mallopt(parameter, value)
