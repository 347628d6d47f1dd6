#include "CPlatform.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#endif

int cplatform_sync_file_system(int descriptor) {
#ifdef __linux__
  return syncfs(descriptor);
#else
  (void)descriptor;
  sync();
  return 0;
#endif
}

void cplatform_start_writeback(int descriptor, off_t offset, off_t length) {
#ifdef __linux__
  (void)sync_file_range(descriptor, offset, length, SYNC_FILE_RANGE_WRITE);
#else
  (void)descriptor, (void)offset, (void)length;
#endif
}

void cplatform_prefetch(int descriptor, off_t offset, off_t length) {
#ifdef __linux__
  (void)posix_fadvise(descriptor, offset, length, POSIX_FADV_WILLNEED);
#elif defined(F_RDADVISE)
  struct radvisory range = {.ra_offset = offset, .ra_count = (int)length};
  (void)fcntl(descriptor, F_RDADVISE, &range);
#else
  (void)descriptor, (void)offset, (void)length;
#endif
}

#ifdef __linux__
/// Whether a file lies on another machine: each write past the cache would wait for that.
static bool is_remote(int descriptor) {
  struct statfs system;
  if (fstatfs(descriptor, &system) != 0) return true;
  switch ((unsigned long)system.f_type & 0xffffffff) {
    case 0x6969:      // NFS
    case 0xff534d42:  // CIFS
    case 0xfe534d42:  // SMB 2
    case 0x65735546:  // FUSE: SSHFS, virtiofs
    case 0x01021997:  // 9P
    case 0x00c36400:  // Ceph
      return true;
    default: return false;
  }
}
#endif

int cplatform_processor(void) {
#ifdef __linux__
  int processor = sched_getcpu();
  return processor < 64 ? processor : -1;
#else
  return -1;
#endif
}

void cplatform_leave_processors(uint64_t taken) {
#ifdef __linux__
  cpu_set_t allowed, others;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  others = allowed;
  for (int processor = 0; processor < 64; processor++)
    if (taken >> processor & 1) CPU_CLR(processor, &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
  (void)sched_setaffinity(0, sizeof allowed, &allowed);
#else
  (void)taken;
#endif
}

int cplatform_bypass_cache(int descriptor, bool bypass) {
#ifdef __linux__
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -1;
  if (bypass && is_remote(descriptor)) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return fcntl(descriptor, F_SETFL, bypass ? flags | O_DIRECT : flags & ~O_DIRECT);
#elif defined(__APPLE__)
  return fcntl(descriptor, F_NOCACHE, bypass ? 1 : 0);
#else
  (void)descriptor, (void)bypass;
  errno = ENOSYS;
  return -1;
#endif
}

int cplatform_exchange(const char *a, const char *b) {
#ifdef __linux__
  return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2u /* RENAME_EXCHANGE */);
#elif defined(__APPLE__)
  return renamex_np(a, b, RENAME_SWAP);
#else
  errno = ENOSYS;
  return -1;
#endif
}

int cplatform_rename_exclusive(const char *from, const char *to) {
#ifdef __linux__
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1u /* RENAME_NOREPLACE */);
#elif defined(__APPLE__)
  return renamex_np(from, to, RENAME_EXCL);
#else
  errno = ENOSYS;
  return -1;
#endif
}

int cplatform_full_sync(int descriptor) {
#ifdef __APPLE__
  return fcntl(descriptor, F_FULLFSYNC);
#else
  return fsync(descriptor);
#endif
}

off_t cplatform_next_data(int descriptor, off_t offset) { return lseek(descriptor, offset, SEEK_DATA); }

uint64_t cplatform_mount_id(const char *path) {
#ifdef STATX_MNT_ID
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &status) == 0 && (status.stx_mask & STATX_MNT_ID) != 0)
    return status.stx_mnt_id;
#else
  (void)path;
#endif
  return 0;
}

int64_t cplatform_free_bytes(const char *path) {
  struct statvfs status;
  if (statvfs(path, &status) != 0) return -1;
  return (int64_t)status.f_bavail * (int64_t)status.f_frsize;
}

ssize_t cplatform_list_attributes(const char *path, char *names, size_t size) {
#ifdef __APPLE__
  return listxattr(path, names, size, XATTR_NOFOLLOW);
#else
  return llistxattr(path, names, size);
#endif
}

ssize_t cplatform_get_attribute(const char *path, const char *name, void *value, size_t size) {
#ifdef __APPLE__
  return getxattr(path, name, value, size, 0, XATTR_NOFOLLOW);
#else
  return lgetxattr(path, name, value, size);
#endif
}

ssize_t cplatform_list_attributes_of(int descriptor, char *names, size_t size) {
#ifdef __APPLE__
  return flistxattr(descriptor, names, size, 0);
#else
  return flistxattr(descriptor, names, size);
#endif
}

ssize_t cplatform_get_attribute_of(int descriptor, const char *name, void *value, size_t size) {
#ifdef __APPLE__
  return fgetxattr(descriptor, name, value, size, 0, 0);
#else
  return fgetxattr(descriptor, name, value, size);
#endif
}

int cplatform_set_attribute(const char *path, const char *name, const void *value, size_t size) {
#ifdef __APPLE__
  return setxattr(path, name, value, size, 0, XATTR_NOFOLLOW);
#else
  return lsetxattr(path, name, value, size, 0);
#endif
}

int cplatform_remove_attribute(const char *path, const char *name) {
#ifdef __APPLE__
  return removexattr(path, name, XATTR_NOFOLLOW);
#else
  return lremovexattr(path, name);
#endif
}

#ifdef F_OFD_GETLK
static struct flock range_lock(short type, off_t offset, off_t length) {
  // An open file's lock asks for a process number of 0.
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = length, .l_pid = 0};
}
#endif

int cplatform_find_range_lock(int descriptor, off_t offset, off_t length, int *holder, int *exclusive) {
#ifdef F_OFD_GETLK
  struct flock lock = range_lock(F_WRLCK, offset, length);
  if (fcntl(descriptor, F_OFD_GETLK, &lock) != 0) return -1;
  if (lock.l_type == F_UNLCK) return 0;
  *holder = lock.l_pid;
  *exclusive = lock.l_type == F_WRLCK;
  return 1;
#else
  (void)descriptor, (void)offset, (void)length, (void)holder, (void)exclusive;
  errno = ENOTSUP;
  return -1;
#endif
}

int cplatform_share_range(int descriptor, off_t offset, off_t length) {
#ifdef F_OFD_SETLK
  struct flock lock = range_lock(F_RDLCK, offset, length);
  return fcntl(descriptor, F_OFD_SETLK, &lock);
#else
  (void)descriptor, (void)offset, (void)length;
  errno = ENOTSUP;
  return -1;
#endif
}

int cplatform_release_range(int descriptor, off_t offset, off_t length) {
#ifdef F_OFD_SETLK
  struct flock lock = range_lock(F_UNLCK, offset, length);
  return fcntl(descriptor, F_OFD_SETLK, &lock);
#else
  (void)descriptor, (void)offset, (void)length;
  errno = ENOTSUP;
  return -1;
#endif
}
