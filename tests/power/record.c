/* Records what a process does to files below one folder, in the order in which it happens, for `power.disk`.

   Loaded before the C library (LD_PRELOAD), it stands around the calls by which SQLite and Python change files and folders. Each record is
   appended to RECORD_TO while the call itself is made under one lock, so that the order is the true one. A sync is recorded when it is over,
   with the number of records that there were when it began: these it has made durable, and no others.

   A record: kind (1 byte), number (8), offset (8), length of name, second name and data (4 each), then those. Numbers are the machine's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int out = -1;
static uint64_t count;
static char root[PATH_MAX];
static size_t root_length;

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("RECORD_BELOW"), *to = getenv("RECORD_TO");
  if (folder == NULL || to == NULL) return;
  strncpy(root, folder, sizeof root - 1);
  root_length = strlen(root);
  out = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The path below the folder; NULL where it is elsewhere. */
static const char *below(const char *path) {
  if (out < 0 || path == NULL || strncmp(path, root, root_length) != 0) return NULL;
  if (path[root_length] == '\0') return "";
  return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static const char *at(int folder, const char *path, char *whole) {
  if (path == NULL) return NULL;
  if (path[0] == '/') return below(path);
  char link[64];
  ssize_t length;
  if (folder == AT_FDCWD) {
    if (getcwd(whole, PATH_MAX) == NULL) return NULL;
    length = (ssize_t)strlen(whole);
  } else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    length = readlink(link, whole, PATH_MAX - 1);
    if (length < 0) return NULL;
  }
  snprintf(whole + length, PATH_MAX - (size_t)length, "/%s", path);
  return below(whole);
}

static const char *of(int file, char *whole) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, whole, PATH_MAX - 1);
  if (length < 0) return NULL;
  whole[length] = '\0';
  char *gone = strstr(whole, " (deleted)");
  if (gone != NULL) return NULL;
  return below(whole);
}

static void note(char kind, const char *name, const char *other, uint64_t offset, const void *data, size_t length) {
  if (other == NULL) other = "";
  uint64_t number = ++count;
  uint32_t lengths[3] = {(uint32_t)strlen(name), (uint32_t)strlen(other), (uint32_t)length};
  struct iovec parts[] = {{&kind, 1},        {&number, 8},         {&offset, 8},           {lengths, 12}, {(void *)name, lengths[0]},
                          {(void *)other, lengths[1]}, {(void *)data, length}};
  if (syscall(SYS_writev, out, parts, 7) < 0) abort();
}

#define LOCKED(statement)          \
  pthread_mutex_lock(&order);      \
  int kept;                        \
  statement;                       \
  kept = errno;                    \
  pthread_mutex_unlock(&order);    \
  errno = kept

/* Writing ---------------------------------------------------------------------------------------------------------------------------- */

static ssize_t written(int file, const void *data, size_t length, off64_t offset, int here) {
  char whole[PATH_MAX];
  const char *name = of(file, whole);
  if (name == NULL) return here ? syscall(SYS_write, file, data, length) : syscall(SYS_pwrite64, file, data, length, offset);
  ssize_t done;
  LOCKED({
    if (here) {
      int append = fcntl(file, F_GETFL) & O_APPEND;
      struct stat64 found;
      offset = append && fstat64(file, &found) == 0 ? found.st_size : lseek64(file, 0, SEEK_CUR);
      done = syscall(SYS_write, file, data, length);
    } else {
      done = syscall(SYS_pwrite64, file, data, length, offset);
    }
    if (done > 0) note('w', name, NULL, (uint64_t)offset, data, (size_t)done);
  });
  return done;
}

ssize_t write(int file, const void *data, size_t length) { return written(file, data, length, 0, 1); }
ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return written(file, data, length, offset, 0); }
ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) { return written(file, data, length, offset, 0); }

static int cut(int file, off64_t length) {
  char whole[PATH_MAX];
  const char *name = of(file, whole);
  int done;
  if (name == NULL) return (int)syscall(SYS_ftruncate, file, length);
  LOCKED({
    done = (int)syscall(SYS_ftruncate, file, length);
    if (done == 0) note('t', name, NULL, (uint64_t)length, NULL, 0);
  });
  return done;
}

int ftruncate(int file, off_t length) { return cut(file, length); }
int ftruncate64(int file, off64_t length) { return cut(file, length); }

/* Syncing ---------------------------------------------------------------------------------------------------------------------------- */

static int synced(int file, long call) {
  char whole[PATH_MAX];
  const char *name = of(file, whole);
  if (name == NULL) return (int)syscall(call, file);
  pthread_mutex_lock(&order);
  uint64_t until = count;
  pthread_mutex_unlock(&order);
  /* What is not for the record's sake takes its time; the disk of this machine has no part in it. */
  usleep(2000);
  pthread_mutex_lock(&order);
  note('s', name, NULL, until, NULL, 0);
  pthread_mutex_unlock(&order);
  return 0;
}

int fsync(int file) { return synced(file, SYS_fsync); }
int fdatasync(int file) { return synced(file, SYS_fdatasync); }

/* Names ------------------------------------------------------------------------------------------------------------------------------ */

static int opened(int folder, const char *path, int flags, mode_t mode) {
  char whole[PATH_MAX];
  const char *name = (flags & (O_CREAT | O_TRUNC)) ? at(folder, path, whole) : NULL;
  if (name == NULL) return (int)syscall(SYS_openat, folder, path, flags, mode);
  int file;
  LOCKED({
    struct stat64 found;
    int there = fstatat64(folder, path, &found, 0) == 0;
    file = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (file >= 0 && !there) note('c', name, NULL, 0, NULL, 0);
    if (file >= 0 && there && (flags & O_TRUNC) && found.st_size > 0) note('t', name, NULL, 0, NULL, 0);
  });
  return file;
}

#define MODE                      \
  mode_t mode = 0;                \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list more;                 \
    va_start(more, flags);        \
    mode = va_arg(more, mode_t);  \
    va_end(more);                 \
  }

int open(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE return opened(folder, path, flags, mode); }

static int renamed(int from_folder, const char *from, int to_folder, const char *to) {
  char whole[PATH_MAX], other[PATH_MAX];
  const char *name = at(from_folder, from, whole), *next = at(to_folder, to, other);
  int done;
  LOCKED({
    done = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
    if (done == 0 && name != NULL && next != NULL) note('r', name, next, 0, NULL, 0);
  });
  return done;
}

int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_folder, const char *from, int to_folder, const char *to) { return renamed(from_folder, from, to_folder, to); }

static int unlinked(int folder, const char *path, int flags) {
  char whole[PATH_MAX];
  const char *name = at(folder, path, whole);
  int done;
  LOCKED({
    done = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (done == 0 && name != NULL) note('u', name, NULL, 0, NULL, 0);
  });
  return done;
}

int unlink(const char *path) { return unlinked(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return unlinked(folder, path, flags); }

static int made(int folder, const char *path, mode_t mode) {
  char whole[PATH_MAX];
  const char *name = at(folder, path, whole);
  int done;
  LOCKED({
    done = (int)syscall(SYS_mkdirat, folder, path, mode);
    if (done == 0 && name != NULL) note('d', name, NULL, 0, NULL, 0);
  });
  return done;
}

int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }
