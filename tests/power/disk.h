/*
 * A disk that loses what was not synced, and a disk that is full, for one process: a library for LD_PRELOAD.
 * tests/it/world/disk.rs compiles and describes it. 64-bit Linux with glibc only.
 *
 * Every call that changes a file below the directory takes `disk_lock`, goes through to the real file, and
 * leaves a record of what the disk would still hold if the power failed now:
 *
 *   inodes.c   the old bytes of each block that was written since the last sync of its file
 *   names.c    the names that were made, moved or removed since the last sync of their directory
 *   budget.c   how far the files may grow
 *   cut.c      the power cut: takes back what the records say, and ends the process
 *   files.c    the calls of libc that open, change and sync files
 *   paths.c    the calls of libc that make, move and remove names
 */
#ifndef DISK_H
#define DISK_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Nothing of this may stand in for a function of the program. */
#pragma GCC visibility push(hidden)

/* What a disk writes at once: a block is kept whole or lost whole. */
#define BLOCK 4096

/* One for all records: calls are few, and a cut must see them all finished. */
extern pthread_mutex_t disk_lock;

/* A replaced call takes the lock, and leaves with its result and its `errno`, which no record may hide. */
void disk_enter(void);
long disk_leave(long result, int error);

/* Returns only before a power cut: nothing is answered after it. A read that fails because its file is being taken back
 * would otherwise be told to somebody. */
void disk_answers(void);

/* Ends the process loudly: a test must not go on with records that are wrong. */
void disk_fail(const char *what) __attribute__((noreturn));

/* Whether a path, without symbolic links, is the directory or below it. */
bool disk_is_below(const char *path);

/* The path of an open file; false if it is not below the directory. */
bool disk_path(int fd, char path[PATH_MAX]);

/* Where files get a second name while their records are needed. */
const char *disk_attic(void);

/* The path that a call names, with every symbolic link in its parent resolved; false if it is not below the
 * directory. */
bool disk_resolve(int at, const char *name, char path[PATH_MAX]);

/* inodes.c */
struct inode;

/* The record of an open regular file below the directory, made at first sight; NULL for all others. */
struct inode *inode_of(int fd);

/* The same for a path, which must be resolved. */
struct inode *inode_at(const char *path);

/* To be called for a file that did not exist before: another one may have had its number. */
void inode_is_new(int fd);

/* A length for `inode_will_change`: the file is cut off at the offset. */
#define CUT_OFF (-1)

/* To be called before `length` bytes at `offset` change. */
void inode_will_change(struct inode *inode, int fd, off_t offset, off_t length);

/* A sync begins: what follows belongs to the next one. Returns a number for `inode_synced`. */
uint64_t inode_syncing(struct inode *inode);

/* The sync has ended: what was written before it began stays. */
void inode_synced(struct inode *inode, uint64_t sync);

/* A pending name needs the file although it may lose its last name. */
void inode_hold(struct inode *inode, const char *path);
void inode_release(struct inode *inode);

/* A path of the file that lasts while it is held or has unsynced blocks. */
void inode_path(const struct inode *inode, char path[PATH_MAX]);

/* Takes unsynced blocks back. */
void inodes_revert(void);

/* names.c */
void name_made(const char *path);
void name_of_directory_made(const char *path);
void name_of_directory_removed(const char *path);
void name_will_go(const char *path);
void name_will_move(const char *from, const char *to);

/* Forgets what the last two calls noted: the change failed. */
void name_stays(void);

/* The names noted so far, for `names_synced`. */
uint64_t names_syncing(void);

/* The directory has been synced: its names up to this one stay. */
void names_synced(const char *directory, uint64_t sync);

void names_revert(void);

/* budget.c */
void budget_start(const char *directory, const char *file);

/* How many of `length` bytes at `offset` there is room for in a file of this size. */
size_t budget_fits(off_t size, off_t offset, size_t length);

/* The room left in bytes; false without a budget. */
bool budget_left(uint64_t *bytes);

/* A second name for a replaced call. */
#define ALSO(result, name, arguments, original) result name arguments __attribute__((alias(#original)))

/* cut.c */
/* Whether the coin says that something unsynced is lost. */
bool coin_loses(void);

/* Of `count` things in a row, how many the disk has; the later ones are lost. */
size_t coin_kept(size_t count);

#pragma GCC visibility pop

#endif
