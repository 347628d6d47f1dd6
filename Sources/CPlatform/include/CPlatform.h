// Calls of the operating system that Swift's Glibc overlay does not show.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// syncfs(2): writes back all dirty data and metadata of the file system that holds `descriptor`. Where the call does
/// not exist, sync(2).
int cplatform_sync_file_system(int descriptor);

/// Starts writing back a range of a file without waiting for it. A hint: does nothing where it is not supported.
void cplatform_start_writeback(int descriptor, off_t offset, off_t length);

/// Exchanges two paths atomically (RENAME_EXCHANGE, RENAME_SWAP). -1 and errno EINVAL or ENOSYS where the file system
/// cannot.
int cplatform_exchange(const char *a, const char *b);

/// Renames without replacing (RENAME_NOREPLACE, RENAME_EXCL). -1 and errno EEXIST where the new name is taken.
int cplatform_rename_exclusive(const char *from, const char *to);

/// Makes data and metadata of a file durable: F_FULLFSYNC on macOS, fsync(2) elsewhere.
int cplatform_full_sync(int descriptor);

/// lseek(2) with SEEK_DATA: the first offset at or after `offset` that holds data. -1 and errno ENXIO where none follows.
off_t cplatform_next_data(int descriptor, off_t offset);

/// Bytes that an unprivileged process may still write to the file system that holds `path` (statvfs(3)). -1 and errno on
/// failure.
int64_t cplatform_free_bytes(const char *path);

/// The extended attribute calls that do not follow a symbolic link: llistxattr(2), lgetxattr(2), lsetxattr(2).
ssize_t cplatform_list_attributes(const char *path, char *names, size_t size);
ssize_t cplatform_get_attribute(const char *path, const char *name, void *value, size_t size);
int cplatform_set_attribute(const char *path, const char *name, const void *value, size_t size);
