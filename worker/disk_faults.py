"""The numbers of errors that are the fault of the disk or of the machine, and never of a clip.

A job works on files that it has made itself, in its own folder. So a missing file, or a file that may not be opened, is
no fault of a clip either.
"""

import errno

# Errors of the disk. ffmpeg reports them too, when it cannot read or write a file. No clip can cause them.
DISK_ERRNOS = frozenset(
    {
        errno.ENOSPC,  # disk full
        errno.EDQUOT,
        errno.EROFS,  # read-only disk
        errno.EIO,  # broken disk
        errno.ENOENT,  # file or folder gone
        errno.ENOTDIR,
        errno.ESTALE,
        errno.EACCES,  # no permission
    }
)
# The worker process meets these by a fault of the machine, too. ffmpeg can also meet them by its own limits.
HOST_ERRNOS = DISK_ERRNOS | {
    errno.EPERM,
    errno.ENODEV,
    errno.ENXIO,
    errno.EFBIG,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
}
