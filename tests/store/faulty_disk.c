// A disk that fails: preloaded, it lets the n-th write below a folder fail, as the system would.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { FULL = 1, BROKEN = 2, SHORT = 3 };

static char folder[4096];
static long left, seen;
static int kind, fired;

// Let the at-th write (from 1) below a folder fail; 0 lets all pass. Full and short writes leave a full disk behind.
void disk_arm(const char *below, long at, int how) {
    snprintf(folder, sizeof folder, "%s", below);
    left = at;
    kind = how;
    seen = 0;
    fired = 0;
}

int disk_fired(void) { return fired; }
long disk_seen(void) { return seen; }

static int meant(int fd) {
    char link[64], path[4096];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strstr(path, folder) != NULL;
}

// Return 0 when the write may pass, 1 when it fails with errno set, 2 when it is cut short.
static int fate(int fd) {
    if (!meant(fd)) return 0;
    seen++;
    if (left <= 0) return 0;
    if (fired && kind == BROKEN) return 0;
    if (!fired && --left > 0) return 0;
    int first = !fired;
    left = 1;
    fired = 1;
    errno = kind == BROKEN ? EIO : ENOSPC;
    return kind == SHORT && first ? 2 : 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    int found = fate(fd);
    if (found == 1) return -1;
    return REAL(write)(fd, data, found ? size / 2 : size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    int found = fate(fd);
    if (found == 1) return -1;
    return REAL(pwrite64)(fd, data, found ? size / 2 : size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

int fsync(int fd) { return fate(fd) ? -1 : REAL(fsync)(fd); }

int fdatasync(int fd) { return fate(fd) ? -1 : REAL(fdatasync)(fd); }

int ftruncate64(int fd, off64_t size) { return fate(fd) ? -1 : REAL(ftruncate64)(fd, size); }

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
