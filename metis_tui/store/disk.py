"""The few calls on files that the store makes, in one object that tests replace. Knows nothing of records."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_IN_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your quota is used up",
    errno.EROFS: "the folder is read-only",
    errno.EACCES: "the folder is read-only for you",
    errno.EPERM: "the folder is read-only for you",
    errno.EFBIG: "a limit on the size of files is reached",
    errno.EIO: "the disk reports an error",
    errno.ESTALE: "the file server lost the file",
    errno.ENOENT: "the folder is gone",
    errno.ENOTDIR: "a file is where the folder should be",
    errno.EEXIST: "a file is where the folder should be",
    errno.ELOOP: "a link is where the file should be",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ENAMETOOLONG: "the folder's path is too long",
    errno.ETIMEDOUT: "the file server does not answer",
}
# Not every file system can sync a folder; the file itself is synced all the same.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM}

_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV, errno.EMLINK}


class ShortWrite(OSError):
    """The system took only a part of a record."""

    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, "short write")


def in_words(error: OSError) -> str:
    """Why the disk refused, for a person; never a bare number."""
    known = _IN_WORDS.get(error.errno or 0)
    if known:
        return known
    reason = os.strerror(error.errno).lower() if error.errno else type(error).__name__
    return f"the disk does not take it ({reason})"


class Disk:
    """Files are 0600 and folders 0700 whatever the umask; links are never followed to a file.

    Every method raises OSError when the system refuses.
    """

    def open_append(self, path: Path, *, is_new: bool = False) -> int:
        """A descriptor that appends. `is_new`: FileExistsError if there is such a file already."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(path, flags | (os.O_EXCL if is_new else 0), 0o600)
        try:
            facts = os.fstat(fd)
            if facts.st_size == 0 and facts.st_mode & 0o777 != 0o600:
                os.fchmod(fd, 0o600)
        except OSError:
            os.close(fd)
            raise
        return fd

    def append(self, fd: int, record: bytes) -> None:
        """One write for one record.

        Raises:
            ShortWrite: a part of it was written; the system's own reason, when it tells one, comes instead.
        """
        written = self.write(fd, record)
        if written != len(record):
            self.write(fd, record[written:])  # only to hear why: somebody else's record may be between the parts
            raise ShortWrite()

    def write(self, fd: int, data: bytes) -> int:
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        sync = getattr(os, "fdatasync", os.fsync)
        sync(fd)

    def close(self, fd: int) -> None:
        os.close(fd)

    def truncate(self, fd: int) -> None:
        os.ftruncate(fd, 0)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def link_count(self, fd: int) -> int:
        return os.fstat(fd).st_nlink

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def move(self, path: Path, to: Path) -> None:
        """Gives a file another name; FileExistsError when that is taken. Who has it open writes on to it."""
        try:
            os.link(path, to, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            if os.path.lexists(to):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(to)) from error
            os.rename(path, to)
        else:
            os.unlink(path)

    def make_folder(self, folder: Path) -> None:
        """Makes the folder and its missing parents."""
        if folder.is_dir():
            return
        if not folder.parent.exists():
            self.make_folder(folder.parent)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            if not folder.is_dir():
                raise
        else:
            folder.chmod(0o700)
            self.sync_folder(folder.parent)

    def check(self, folder: Path) -> None:
        """Raises OSError when nothing could be written to the folder, or it could not be made."""
        there = folder
        while not os.path.lexists(there) and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
        if not os.access(there, os.W_OK | os.X_OK):
            is_read_only = os.statvfs(there).f_flag & os.ST_RDONLY
            code = errno.EROFS if is_read_only else errno.EACCES
            raise OSError(code, os.strerror(code), str(there))

    def sync_folder(self, folder: Path) -> None:
        """Makes the names in a folder durable, where the file system can."""
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise

    def publish(self, path: Path, content: bytes, *, is_new: bool = False) -> None:
        """Puts a small file in place whole or not at all. `is_new`: leaves one that is there already."""
        self.make_folder(path.parent)
        draft = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
        try:
            fd = self.open_append(draft, is_new=True)
            try:
                self.append(fd, content)
                self.sync(fd)
            finally:
                self.close(fd)
            if not is_new:
                os.replace(draft, path)
            else:
                self._link(draft, path)
        finally:
            self.unlink(draft)

    @staticmethod
    def _link(draft: Path, path: Path) -> None:
        try:
            os.link(draft, path, follow_symlinks=False)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                os.replace(draft, path)
