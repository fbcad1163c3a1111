/* Kills the process before a chosen one of its calls that change files. Preloaded by kills.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

static long left = -1;

/* From now on the process is killed before the call of this number, from 0; -1: never. */
void kills_arm(long number) { left = number; }

/* How many calls are left until then. */
long kills_left(void) { return left; }

static void count(void) {
    if (left < 0) return;
    if (left == 0) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    left--;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define CALL(type, name, parameters, arguments) \
    type name parameters { \
        REAL(name); \
        count(); \
        return real arguments; \
    }

CALL(ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
CALL(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at))
CALL(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at))
CALL(int, fsync, (int file), (file))
CALL(int, fdatasync, (int file), (file))
CALL(int, ftruncate, (int file, off_t size), (file, size))
CALL(int, ftruncate64, (int file, off64_t size), (file, size))
CALL(int, unlink, (const char *path), (path))
CALL(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
CALL(int, rmdir, (const char *path), (path))
CALL(int, rename, (const char *from, const char *to), (from, to))
CALL(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode))
CALL(int, symlink, (const char *to, const char *path), (to, path))
CALL(int, symlinkat, (const char *to, int folder, const char *path), (to, folder, path))
CALL(int, link, (const char *from, const char *to), (from, to))

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        if (flags & (O_CREAT | O_TRUNC)) count(); \
        return real(path, flags, mode); \
    }

OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        if (flags & (O_CREAT | O_TRUNC)) count(); \
        return real(folder, path, flags, mode); \
    }

OPENAT(openat)
OPENAT(openat64)
