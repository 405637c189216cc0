"""The numbers of errors that are the fault of the disk or of the machine, and never of a clip.

A job works on files that it has made itself, in its own folder. So if a file is missing or may not be opened, the clip
is not at fault either.
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
# In the worker process, a fault of the machine causes these, too. In ffmpeg, its own limits can cause them.
HOST_ERRNOS = DISK_ERRNOS | {
    errno.EPERM,
    errno.ENODEV,
    errno.ENXIO,
    errno.EFBIG,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
}
