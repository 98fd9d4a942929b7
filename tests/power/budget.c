/* How far the files may grow. */
#define _GNU_SOURCE
#include "disk.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *directory;

/* The file that says how many bytes the files may have together; the test may change it at any time. */
static const char *budget_file;

/* The blocks that the files have, while they are counted. Holes count, and a removed file does not, even while it
 * is open. */
static off_t used_blocks;

static off_t blocks(off_t size)
{
    return (size + BLOCK - 1) / BLOCK;
}

static int count_one(const char *path, const struct stat *stat, int flag, struct FTW *place)
{
    (void)path, (void)flag, (void)place;
    if (S_ISREG(stat->st_mode))
        used_blocks += blocks(stat->st_size);
    return 0;
}

void budget_start(const char *path, const char *file)
{
    directory = path;
    budget_file = file;
}

bool budget_left(uint64_t *bytes)
{
    char text[32] = {0};
    if (!budget_file)
        return false;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, budget_file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 || syscall(SYS_pread64, fd, text, sizeof text - 1, 0) <= 0)
        disk_fail("the budget cannot be read");
    syscall(SYS_close, fd);
    /* Counted anew each time: there are few files, and other processes may have changed them. */
    used_blocks = 0;
    nftw(directory, count_one, 16, FTW_PHYS);
    uint64_t budget = strtoull(text, NULL, 10), used = (uint64_t)used_blocks * BLOCK;
    *bytes = budget > used ? budget - used : 0;
    return true;
}

size_t budget_fits(off_t size, off_t offset, size_t length)
{
    uint64_t left;
    off_t grown = blocks(offset + (off_t)length) - blocks(size);
    if (grown <= 0 || !budget_left(&left) || grown <= (off_t)(left / BLOCK))
        return length;
    off_t end = (blocks(size) + (off_t)(left / BLOCK)) * BLOCK;
    return end > offset ? (size_t)(end - offset) : 0;
}
