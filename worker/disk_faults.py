"""The errors by which a disk, or the machine around it, is at fault: full, gone, read-only, broken, or closed to us.

A job works on files that it has made itself, in its own folder. So a missing file, or a file that may not be opened, is
no fault of a clip either.
"""

import errno

# Those that ffmpeg also reports when its own file cannot be read or written. No clip can cause them.
DISK_ERRNOS = frozenset(
    {
        errno.ENOSPC,  # full
        errno.EDQUOT,
        errno.EROFS,  # read-only
        errno.EIO,  # broken
        errno.ENOENT,  # gone
        errno.ENOTDIR,
        errno.ESTALE,
        errno.EACCES,  # closed to us
    }
)
# In this process these are the machine's fault, too. In ffmpeg they can be an effect of its limits.
HOST_ERRNOS = DISK_ERRNOS | {
    errno.EPERM,
    errno.ENODEV,
    errno.ENXIO,
    errno.EFBIG,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
}
