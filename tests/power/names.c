/* The names that were made, moved or removed since the last sync of their directory. */
#define _GNU_SOURCE
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { FILE_MADE, DIRECTORY_MADE, DIRECTORY_REMOVED, FILE_GONE, MOVED };

struct change {
    enum kind kind;
    uint64_t number;
    char *path;
    /* Where a moved name was before. */
    char *from;
    /* The file that lost this name. */
    struct inode *lost;
};

/* In the order in which they were made. A file system keeps this order across a power cut. */
static struct change *changes;
static size_t count, room;
static uint64_t numbers;

static void note(enum kind kind, const char *path, const char *from, struct inode *lost)
{
    if (count == room) {
        room = room ? 2 * room : 64;
        changes = realloc(changes, room * sizeof *changes);
    }
    struct change change = {kind, ++numbers, strdup(path), from ? strdup(from) : NULL, lost};
    if (!changes || !change.path)
        disk_fail("no memory");
    if (lost)
        inode_hold(lost, path);
    changes[count++] = change;
}

static void drop(struct change *change)
{
    if (change->lost)
        inode_release(change->lost);
    free(change->path);
    free(change->from);
}

void name_made(const char *path)
{
    note(FILE_MADE, path, NULL, NULL);
}

void name_of_directory_made(const char *path)
{
    note(DIRECTORY_MADE, path, NULL, NULL);
}

void name_of_directory_removed(const char *path)
{
    note(DIRECTORY_REMOVED, path, NULL, NULL);
}

void name_will_go(const char *path)
{
    note(FILE_GONE, path, NULL, inode_at(path));
}

void name_will_move(const char *from, const char *to)
{
    note(MOVED, to, from, inode_at(to));
}

void name_stays(void)
{
    drop(&changes[--count]);
}

uint64_t names_syncing(void)
{
    return numbers;
}

static bool is_in(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && path[length] == '/' && !strchr(path + length + 1, '/');
}

void names_synced(const char *directory, uint64_t sync)
{
    size_t kept = 0;
    for (size_t index = 0; index < count; index++)
        if (changes[index].number <= sync && is_in(changes[index].path, directory))
            drop(&changes[index]);
        else
            changes[kept++] = changes[index];
    count = kept;
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *place)
{
    (void)stat, (void)place;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, flag == FTW_DP ? AT_REMOVEDIR : 0);
}

/* A later change may have been synced and kept, so that there is nothing left to take back. */
static void take_back(const struct change *change)
{
    char lost[PATH_MAX];
    switch (change->kind) {
    case FILE_MADE:
        syscall(SYS_unlinkat, AT_FDCWD, change->path, 0);
        return;
    case DIRECTORY_MADE:
        nftw(change->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return;
    case DIRECTORY_REMOVED:
        syscall(SYS_mkdirat, AT_FDCWD, change->path, 0700);
        return;
    case MOVED:
        syscall(SYS_renameat2, AT_FDCWD, change->path, AT_FDCWD, change->from, 0);
        break;
    case FILE_GONE:
        break;
    }
    if (!change->lost)
        return;
    inode_path(change->lost, lost);
    if (syscall(SYS_linkat, AT_FDCWD, lost, AT_FDCWD, change->path, 0) != 0 && errno != EEXIST && errno != ENOENT)
        disk_fail("linkat of a lost name");
}

void names_revert(void)
{
    for (size_t kept = coin_kept(count); count > kept; count--)
        take_back(&changes[count - 1]);
}
