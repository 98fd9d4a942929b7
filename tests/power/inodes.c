/* The old bytes of each block that was written since the last sync of its file. */
#define _GNU_SOURCE
#include "disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUCKETS 1024

/* A block as it was before its first change in a layer: `length` bytes, fewer than a block at the end of the
 * file, none beyond it. */
struct block {
    struct block *next;
    off_t number;
    size_t length;
    /* Whether the disk has a later state of the block. */
    bool is_kept;
    unsigned char bytes[];
};

/* The changes between the beginnings of two syncs. */
struct layer {
    struct layer *older;
    struct block *blocks[BUCKETS];
    /* The size of the file before the first change. */
    off_t size;
    /* Whether the file was cut off. Then all changes of the layer are kept or lost together: a block that was
     * freed and written again has no old bytes in its place. */
    bool is_cut;
    /* The number of the sync that makes these changes last; 0 while none has begun. */
    uint64_t sync;
};

struct inode {
    struct inode *next;
    dev_t device;
    ino_t number;
    struct layer *newest;
    unsigned held;
    bool is_linked;
};

static struct inode *inodes[BUCKETS];
static uint64_t syncs;

static struct inode *inode_with(const struct stat *stat)
{
    struct inode **bucket = &inodes[stat->st_ino % BUCKETS];
    for (struct inode *inode = *bucket; inode; inode = inode->next)
        if (inode->number == stat->st_ino && inode->device == stat->st_dev)
            return inode;
    struct inode *inode = calloc(1, sizeof *inode);
    if (!inode)
        disk_fail("no memory");
    inode->device = stat->st_dev;
    inode->number = stat->st_ino;
    inode->next = *bucket;
    return *bucket = inode;
}

/* SQLite makes the index of its log anew after a crash and never syncs it. */
static bool is_rebuilt(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, "-shm") == 0;
}

struct inode *inode_of(int fd)
{
    struct stat stat;
    char path[PATH_MAX];
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode) || !disk_path(fd, path) || is_rebuilt(path))
        return NULL;
    return inode_with(&stat);
}

struct inode *inode_at(const char *path)
{
    struct stat stat;
    if (is_rebuilt(path) || lstat(path, &stat) != 0 || !S_ISREG(stat.st_mode))
        return NULL;
    return inode_with(&stat);
}

static void forget(struct inode *inode, uint64_t sync)
{
    struct layer **place = &inode->newest;
    while (*place && (!(*place)->sync || (*place)->sync > sync))
        place = &(*place)->older;
    struct layer *layer = *place;
    *place = NULL;
    while (layer) {
        for (size_t bucket = 0; bucket < BUCKETS; bucket++)
            for (struct block *block = layer->blocks[bucket], *next; block; block = next) {
                next = block->next;
                free(block);
            }
        struct layer *older = layer->older;
        free(layer);
        layer = older;
    }
}

void inode_path(const struct inode *inode, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%ju", disk_attic(), (uintmax_t)inode->number);
}

/* A file has a second name outside the directory while its record is needed: it may lose the first. */
static void link_while_needed(struct inode *inode, const char *name)
{
    char path[PATH_MAX];
    bool is_needed = inode->newest || inode->held;
    if (is_needed == inode->is_linked)
        return;
    inode_path(inode, path);
    if (is_needed && syscall(SYS_linkat, AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0)
        disk_fail("linkat");
    if (!is_needed && syscall(SYS_unlinkat, AT_FDCWD, path, 0) != 0)
        disk_fail("unlinkat");
    inode->is_linked = is_needed;
}

static struct layer *new_layer(struct inode *inode, int fd, off_t size)
{
    char name[64];
    struct layer *layer = calloc(1, sizeof *layer);
    if (!layer)
        disk_fail("no memory");
    layer->older = inode->newest;
    layer->size = size;
    inode->newest = layer;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    link_while_needed(inode, name);
    return layer;
}

void inode_is_new(int fd)
{
    struct inode *inode = inode_of(fd);
    if (!inode)
        return;
    if (inode->newest || inode->held)
        disk_fail("a file in use has the number of a new one");
    new_layer(inode, fd, 0);
}

static void keep_block(struct layer *layer, int fd, off_t number, off_t size)
{
    struct block **bucket = &layer->blocks[number % BUCKETS];
    for (struct block *block = *bucket; block; block = block->next)
        if (block->number == number)
            return;
    off_t start = number * BLOCK, length = size > start ? size - start : 0;
    if (length > BLOCK)
        length = BLOCK;
    struct block *block = calloc(1, sizeof *block + (size_t)length);
    if (!block)
        disk_fail("no memory");
    block->number = number;
    block->length = (size_t)length;
    if (length && syscall(SYS_pread64, fd, block->bytes, (size_t)length, start) != length)
        disk_fail("pread of old bytes");
    block->next = *bucket;
    *bucket = block;
}

void inode_will_change(struct inode *inode, int fd, off_t offset, off_t length)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        disk_fail("fstat");
    struct layer *layer = inode->newest;
    if (!layer || layer->sync)
        layer = new_layer(inode, fd, stat.st_size);
    if (length == CUT_OFF) {
        length = stat.st_size - offset;
        layer->is_cut = layer->is_cut || length > 0;
    }
    if (length <= 0)
        return;
    int reader = fd;
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
        char path[PATH_MAX];
        inode_path(inode, path);
        reader = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        if (reader < 0)
            disk_fail("openat of old bytes");
    }
    /* What lies between the old end and the offset becomes zeros: those blocks change as well. */
    off_t first = offset < stat.st_size ? offset : stat.st_size;
    for (off_t number = first / BLOCK; number <= (offset + length - 1) / BLOCK; number++)
        keep_block(layer, reader, number, stat.st_size);
    if (reader != fd)
        syscall(SYS_close, reader);
}

uint64_t inode_syncing(struct inode *inode)
{
    syncs++;
    if (inode->newest && !inode->newest->sync)
        inode->newest->sync = syncs;
    return syncs;
}

void inode_synced(struct inode *inode, uint64_t sync)
{
    forget(inode, sync);
    link_while_needed(inode, NULL);
}

void inode_hold(struct inode *inode, const char *path)
{
    inode->held++;
    link_while_needed(inode, path);
}

void inode_release(struct inode *inode)
{
    inode->held--;
    link_while_needed(inode, NULL);
}

static void put_back(int fd, const struct block *block, off_t size)
{
    static const unsigned char zeros[BLOCK];
    off_t start = block->number * BLOCK, kept = (off_t)block->length;
    off_t end = start + BLOCK < size ? start + BLOCK : size;
    if (kept && syscall(SYS_pwrite64, fd, block->bytes, block->length, start) != kept)
        disk_fail("pwrite of old bytes");
    off_t rest = end - start - kept;
    if (rest > 0 && syscall(SYS_pwrite64, fd, zeros, (size_t)rest, start + kept) != rest)
        disk_fail("pwrite of zeros");
}

static void keep_in_older_layers(struct layer *layer, off_t number)
{
    for (layer = layer->older; layer; layer = layer->older)
        for (struct block *block = layer->blocks[number % BUCKETS]; block; block = block->next)
            if (block->number == number)
                block->is_kept = true;
}

/* From the newest layer to the oldest: what the disk has of one layer hides the older ones. */
static void revert(const struct inode *inode)
{
    char path[PATH_MAX];
    struct stat stat;
    inode_path(inode, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0 || fstat(fd, &stat) != 0)
        disk_fail("openat of a file to revert");
    off_t size = stat.st_size;
    bool is_size_kept = false;
    for (struct layer *layer = inode->newest; layer; layer = layer->older) {
        bool is_lost = coin_loses();
        for (size_t bucket = 0; bucket < BUCKETS; bucket++)
            for (struct block *block = layer->blocks[bucket]; block; block = block->next)
                if (block->is_kept || (layer->is_cut ? !is_lost : !coin_loses()))
                    keep_in_older_layers(layer, block->number);
                else
                    put_back(fd, block, stat.st_size);
        if (layer->is_cut && !is_lost)
            break;
        is_size_kept = is_size_kept || !is_lost;
        if (!is_size_kept)
            size = layer->size;
    }
    if (syscall(SYS_ftruncate, fd, size) != 0)
        disk_fail("ftruncate of a file to revert");
    syscall(SYS_close, fd);
}

void inodes_revert(void)
{
    for (size_t bucket = 0; bucket < BUCKETS; bucket++)
        for (struct inode *inode = inodes[bucket]; inode; inode = inode->next)
            if (inode->newest)
                revert(inode);
}
