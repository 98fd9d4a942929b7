/* The power cut, and what all parts share. */
#define _GNU_SOURCE
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;

static char directory[PATH_MAX], attic[PATH_MAX];

/* With a seed, each unsynced thing is lost or not; without one, all are. */
static bool has_seed;
static uint64_t state;

void disk_fail(const char *what)
{
    dprintf(STDERR_FILENO, "the simulated disk: %s: %s\n", what, strerror(errno));
    _exit(70);
}

void disk_enter(void)
{
    pthread_mutex_lock(&disk_lock);
}

long disk_leave(long result, int error)
{
    pthread_mutex_unlock(&disk_lock);
    errno = error;
    return result;
}

bool disk_is_below(const char *path)
{
    size_t length = strlen(directory);
    return length && strncmp(path, directory, length) == 0 && (path[length] == '/' || !path[length]);
}

const char *disk_attic(void)
{
    return attic;
}

bool disk_path(int fd, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = directory[0] ? readlink(link, path, PATH_MAX - 1) : -1;
    if (length < 0)
        return false;
    path[length] = 0;
    return disk_is_below(path);
}

bool disk_resolve(int at, const char *name, char path[PATH_MAX])
{
    char parent[PATH_MAX], whole[2 * PATH_MAX];
    if (!directory[0] || !name)
        return false;
    whole[0] = 0;
    if (name[0] != '/' && at != AT_FDCWD) {
        snprintf(parent, sizeof parent, "/proc/self/fd/%d", at);
        snprintf(whole, sizeof whole, "%s/%s", parent, name);
    } else {
        snprintf(whole, sizeof whole, "%s%s", name[0] == '/' ? "" : "./", name);
    }
    size_t length = strlen(whole);
    while (length > 1 && whole[length - 1] == '/')
        whole[--length] = 0;
    char *slash = strrchr(whole, '/');
    if (!slash)
        return false;
    *slash = 0;
    if (!realpath(whole[0] ? whole : "/", parent))
        return false;
    if ((size_t)snprintf(path, PATH_MAX, "%s/%s", parent, slash + 1) >= PATH_MAX)
        return false;
    return disk_is_below(path);
}

/* xorshift64*: the same seed takes the same blocks if the host did the same. */
static uint64_t next(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717u;
}

bool coin_loses(void)
{
    return !has_seed || next() >> 63;
}

size_t coin_kept(size_t count)
{
    return has_seed ? (size_t)(next() >> 32) % (count + 1) : 0;
}

static void empty_attic(void)
{
    DIR *open = opendir(attic);
    if (!open)
        disk_fail(attic);
    for (struct dirent *entry; (entry = readdir(open));)
        if (entry->d_name[0] != '.')
            syscall(SYS_unlinkat, dirfd(open), entry->d_name, 0);
    closedir(open);
}

static bool is_cut;

void disk_answers(void)
{
    while (__atomic_load_n(&is_cut, __ATOMIC_ACQUIRE))
        pause();
}

/* Takes the lock for good: no call below the directory begins any more. */
static void *await_cut(void *signals)
{
    int signal;
    while (sigwait(signals, &signal) != 0)
        continue;
    pthread_mutex_lock(&disk_lock);
    __atomic_store_n(&is_cut, true, __ATOMIC_RELEASE);
    inodes_revert();
    names_revert();
    empty_attic();
    _exit(137);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&disk_lock);
}

/* Before the program's `main`, so that every thread leaves the signal to ours. */
__attribute__((constructor)) static void start(void)
{
    static sigset_t signals;
    pthread_t thread;
    const char *path = getenv("HOOKSTEP_DISK_DIRECTORY"), *seed = getenv("HOOKSTEP_DISK_SEED");
    if (!path)
        return;
    char resolved[PATH_MAX];
    if (!realpath(path, resolved))
        disk_fail(path);
    if ((size_t)snprintf(attic, sizeof attic, "%s.attic", resolved) >= sizeof attic)
        disk_fail("the name is too long");
    if (mkdir(attic, 0700) != 0 && errno != EEXIST)
        disk_fail(attic);
    empty_attic();
    has_seed = seed;
    /* Seeds that are close must not begin alike. */
    state = seed ? strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15u | 1 : 1;
    memcpy(directory, resolved, sizeof directory);
    budget_start(directory, getenv("HOOKSTEP_DISK_BUDGET"));
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    pthread_atfork(disk_enter, after_fork, after_fork);
    if (pthread_create(&thread, NULL, await_cut, &signals) != 0)
        disk_fail("no thread");
}
