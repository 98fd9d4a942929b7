/*
 * Does the file calls that its arguments say, then waits for the power cut. For the tests of the simulated disk.
 *
 *   write NAME OFFSET LENGTH LETTER   makes the file if it is not there
 *   append NAME LENGTH LETTER         prints how much was written, or the error
 *   cut NAME LENGTH · sync NAME (a file or a directory) · move FROM TO · remove NAME · directory NAME · room NAME
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int opened(const char *name, int flags)
{
    int fd = open(name, flags, 0600);
    if (fd < 0) {
        perror(name);
        exit(1);
    }
    return fd;
}

static ssize_t put(int fd, long offset, long length, char letter)
{
    char *bytes = malloc((size_t)length);
    memset(bytes, letter, (size_t)length);
    ssize_t written = offset < 0 ? write(fd, bytes, (size_t)length) : pwrite(fd, bytes, (size_t)length, offset);
    free(bytes);
    return written;
}

int main(int count, char **arguments)
{
    int at = 1;
#define NEXT (at < count ? arguments[at++] : (fprintf(stderr, "too few arguments\n"), exit(1), ""))
    while (at < count) {
        const char *call = NEXT, *name = NEXT;
        long result = 0;
        int fd = -1;
        if (strcmp(call, "write") == 0) {
            long offset = atol(NEXT), length = atol(NEXT);
            result = put(fd = opened(name, O_CREAT | O_WRONLY), offset, length, *NEXT) < 0;
        } else if (strcmp(call, "append") == 0) {
            long length = atol(NEXT);
            ssize_t written = put(fd = opened(name, O_CREAT | O_APPEND | O_WRONLY), -1, length, *NEXT);
            printf("%s\n", written < 0 ? strerrorname_np(errno) : "");
            printf("%zd written\n", written);
        } else if (strcmp(call, "cut") == 0) {
            result = ftruncate(fd = opened(name, O_RDWR), atol(NEXT));
        } else if (strcmp(call, "sync") == 0) {
            result = fsync(fd = opened(name, O_RDONLY));
        } else if (strcmp(call, "move") == 0) {
            result = rename(name, NEXT);
        } else if (strcmp(call, "remove") == 0) {
            result = unlink(name);
        } else if (strcmp(call, "directory") == 0) {
            result = mkdir(name, 0700);
        } else {
            struct statvfs room;
            result = statvfs(name, &room);
            printf("%lu left\n", (unsigned long)(room.f_bavail * room.f_frsize));
        }
        if (result != 0) {
            perror(call);
            return 1;
        }
        close(fd);
    }
    fflush(stdout);
    kill(getpid(), SIGUSR2);
    for (;;)
        pause();
}
