/* The calls of libc that make, move and remove names, and the one that tells how much room there is. */
#define _GNU_SOURCE
#include "disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    char before[PATH_MAX], after[PATH_MAX];
    bool is_from = disk_resolve(from_at, from, before), is_to = disk_resolve(to_at, to, after);
    if (!is_from && !is_to)
        return (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (is_from != is_to)
        disk_fail("a file moves into or out of the directory");
    disk_enter();
    name_will_move(before, after);
    long result = syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    int error = errno;
    if (result != 0)
        name_stays();
    return (int)disk_leave(result, error);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    return renameat2(from_at, from, to_at, to, 0);
}

int unlinkat(int at, const char *name, int flags)
{
    char path[PATH_MAX];
    if (!disk_resolve(at, name, path))
        return (int)syscall(SYS_unlinkat, at, name, flags);
    disk_enter();
    if (flags & AT_REMOVEDIR)
        name_of_directory_removed(path);
    else
        name_will_go(path);
    long result = syscall(SYS_unlinkat, at, name, flags);
    int error = errno;
    if (result != 0)
        name_stays();
    return (int)disk_leave(result, error);
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
    return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    char path[PATH_MAX];
    if (!disk_resolve(to_at, to, path))
        return (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
    disk_enter();
    long result = syscall(SYS_linkat, from_at, from, to_at, to, flags);
    int error = errno;
    if (result == 0)
        name_made(path);
    return (int)disk_leave(result, error);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdirat(int at, const char *name, mode_t mode)
{
    char path[PATH_MAX];
    if (!disk_resolve(at, name, path))
        return (int)syscall(SYS_mkdirat, at, name, mode);
    disk_enter();
    long result = syscall(SYS_mkdirat, at, name, mode);
    int error = errno;
    if (result == 0)
        name_of_directory_made(path);
    return (int)disk_leave(result, error);
}

int mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}

static void limit(struct statvfs *answer)
{
    uint64_t left;
    if (!budget_left(&left))
        return;
    fsblkcnt_t blocks = left / answer->f_frsize;
    answer->f_bfree = answer->f_bfree < blocks ? answer->f_bfree : blocks;
    answer->f_bavail = answer->f_bavail < blocks ? answer->f_bavail : blocks;
}

/* A full disk says that it is full. */
int statvfs(const char *name, struct statvfs *answer)
{
    char path[PATH_MAX];
    int (*original)(const char *, struct statvfs *) = dlsym(RTLD_NEXT, "statvfs");
    int result = original(name, answer);
    if (result == 0 && disk_resolve(AT_FDCWD, name, path)) {
        disk_enter();
        limit(answer);
        disk_leave(0, 0);
    }
    return result;
}

int fstatvfs(int fd, struct statvfs *answer)
{
    char path[PATH_MAX];
    int (*original)(int, struct statvfs *) = dlsym(RTLD_NEXT, "fstatvfs");
    int result = original(fd, answer);
    if (result == 0 && disk_path(fd, path)) {
        disk_enter();
        limit(answer);
        disk_leave(0, 0);
    }
    return result;
}

ALSO(int, statvfs64, (const char *, struct statvfs64 *), statvfs);
ALSO(int, fstatvfs64, (int, struct statvfs64 *), fstatvfs);
