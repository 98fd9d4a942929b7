/* The calls of libc that open, change and sync files. Each makes the system call itself, so that it meets no
 * replacement. */
#define _GNU_SOURCE
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static bool is_ours(int fd)
{
    struct stat stat;
    char path[PATH_MAX];
    return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && disk_path(fd, path);
}

static off_t size_of(int fd)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        disk_fail("fstat");
    return stat.st_size;
}

static long cut_off(int fd, off_t length)
{
    off_t size = size_of(fd);
    struct inode *inode = inode_of(fd);
    size_t grown = length > size ? (size_t)(length - size) : 0;
    if (budget_fits(size, size, grown) < grown) {
        errno = ENOSPC;
        return -1;
    }
    if (inode)
        inode_will_change(inode, fd, length, CUT_OFF);
    return syscall(SYS_ftruncate, fd, length);
}

static bool has_mode(int flags)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

int openat(int at, const char *name, int flags, ...)
{
    mode_t mode = 0;
    char path[PATH_MAX];
    struct stat stat;
    if (has_mode(flags)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if (!(flags & (O_CREAT | O_TRUNC)) || !disk_resolve(at, name, path))
        return (int)syscall(SYS_openat, at, name, flags, mode);
    disk_enter();
    bool is_new = lstat(path, &stat) != 0;
    /* What an open would cut off has to be seen first. */
    long fd = syscall(SYS_openat, at, name, flags & ~(is_new ? 0 : O_TRUNC), mode);
    int error = errno;
    if (fd >= 0 && is_new) {
        name_made(path);
        inode_is_new((int)fd);
    } else if (fd >= 0 && flags & O_TRUNC) {
        cut_off((int)fd, 0);
    }
    return (int)disk_leave(fd, error);
}

int open(const char *name, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = has_mode(flags) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return openat(AT_FDCWD, name, flags, mode);
}

int creat(const char *name, mode_t mode)
{
    return openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

ALSO(int, open64, (const char *, int, ...), open);
ALSO(int, openat64, (int, const char *, int, ...), openat);
ALSO(int, creat64, (const char *, mode_t), creat);

/* Where a write without an offset goes. */
static off_t position(int fd)
{
    return fcntl(fd, F_GETFL) & O_APPEND ? size_of(fd) : syscall(SYS_lseek, fd, 0, SEEK_CUR);
}

/* Notes a write and returns how much of it there is room for. */
static size_t prepare(int fd, off_t offset, size_t length)
{
    struct inode *inode = inode_of(fd);
    size_t fitting = budget_fits(size_of(fd), offset, length);
    if (inode && fitting)
        inode_will_change(inode, fd, offset, (off_t)fitting);
    return fitting;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset)
{
    disk_enter();
    bool has_offset = offset >= 0;
    size_t fitting = prepare(fd, has_offset ? offset : position(fd), length);
    long written = -1;
    errno = ENOSPC;
    if (fitting || !length)
        written = has_offset ? syscall(SYS_pwrite64, fd, bytes, fitting, offset) : syscall(SYS_write, fd, bytes, fitting);
    return disk_leave(written, errno);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    if (is_ours(fd))
        return write_at(fd, bytes, length, -1);
    disk_answers();
    return syscall(SYS_write, fd, bytes, length);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
    disk_answers();
    return syscall(SYS_sendto, fd, bytes, length, flags, to, size);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    return sendto(fd, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    disk_answers();
    return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return is_ours(fd) ? write_at(fd, bytes, length, offset) : syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ALSO(ssize_t, pwrite64, (int, const void *, size_t, off64_t), pwrite);

/* A short write is allowed: the first part only. */
static ssize_t write_first(int fd, const struct iovec *parts, int count, off_t offset)
{
    for (int part = 0; part < count; part++)
        if (parts[part].iov_len)
            return write_at(fd, parts[part].iov_base, parts[part].iov_len, offset);
    return 0;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (is_ours(fd))
        return write_first(fd, parts, count, -1);
    disk_answers();
    return syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return is_ours(fd) ? write_first(fd, parts, count, offset) : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

ALSO(ssize_t, pwritev64, (int, const struct iovec *, int, off64_t), pwritev);

/* The callers of these fall back to `write`. */
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags)
{
    if (!is_ours(out))
        return syscall(SYS_copy_file_range, in, from, out, to, length, flags);
    errno = EXDEV;
    return -1;
}

ssize_t sendfile(int out, int in, off_t *from, size_t length)
{
    if (!is_ours(out))
        return syscall(SYS_sendfile, out, in, from, length);
    errno = EINVAL;
    return -1;
}

ALSO(ssize_t, sendfile64, (int, int, off64_t *, size_t), sendfile);

/* Writes to a map cannot be seen. SQLite maps the index of its log, which needs no record. */
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    bool is_write = fd >= 0 && flags & MAP_SHARED && protection & PROT_WRITE && is_ours(fd);
    if (is_write) {
        disk_enter();
        if (inode_of(fd))
            disk_fail("a file is mapped to be written");
        disk_leave(0, 0);
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

ALSO(void *, mmap64, (void *, size_t, int, int, int, off64_t), mmap);

int ftruncate(int fd, off_t length)
{
    if (!is_ours(fd))
        return (int)syscall(SYS_ftruncate, fd, length);
    disk_enter();
    long result = cut_off(fd, length);
    return (int)disk_leave(result, errno);
}

ALSO(int, ftruncate64, (int, off64_t), ftruncate);

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (!is_ours(fd))
        return (int)syscall(SYS_fallocate, fd, mode, offset, length);
    disk_enter();
    long result = -1;
    errno = ENOSPC;
    if (prepare(fd, offset, (size_t)length) == (size_t)length)
        result = syscall(SYS_fallocate, fd, mode, offset, length);
    return (int)disk_leave(result, errno);
}

ALSO(int, fallocate64, (int, int, off64_t, off64_t), fallocate);

int posix_fallocate(int fd, off_t offset, off_t length)
{
    return fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}

ALSO(int, posix_fallocate64, (int, off64_t, off64_t), posix_fallocate);

/* A sync takes a while, and what is written meanwhile does not belong to it. The real disk is left alone: its
 * power is not cut. */
static int sync_file(int fd)
{
    char path[PATH_MAX];
    struct stat stat;
    const char *delay = getenv("HOOKSTEP_DISK_SYNC_MICROSECONDS");
    struct timespec pause = {0, delay ? atol(delay) * 1000 : 0};
    if (!disk_path(fd, path) || fstat(fd, &stat) != 0)
        return (int)syscall(SYS_fsync, fd);
    disk_enter();
    struct inode *inode = inode_of(fd);
    uint64_t sync = S_ISDIR(stat.st_mode) ? names_syncing() : inode ? inode_syncing(inode) : 0;
    disk_leave(0, 0);
    nanosleep(&pause, NULL);
    disk_enter();
    if (S_ISDIR(stat.st_mode))
        names_synced(path, sync);
    else if (inode)
        inode_synced(inode, sync);
    return (int)disk_leave(0, 0);
}

int fsync(int fd)
{
    return sync_file(fd);
}

int fdatasync(int fd)
{
    return sync_file(fd);
}
