// Calls of the operating system that Swift's Glibc overlay does not show.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// syncfs(2): writes back all dirty data and metadata of the file system that holds `descriptor`. Where the call does
/// not exist, sync(2).
int cplatform_sync_file_system(int descriptor);

/// Starts writing back a range of a file without waiting for it. A hint: does nothing where it is not supported.
void cplatform_start_writeback(int descriptor, off_t offset, off_t length);

/// Lets the system fetch a range of a file that will be read soon (posix_fadvise(2) with WILLNEED, F_RDADVISE). A hint: does
/// nothing where it is not supported. Waits where the disk has enough to do already.
void cplatform_prefetch(int descriptor, off_t offset, off_t length);

/// Lets writes go past the page cache, or through it again (O_DIRECT, F_NOCACHE). -1 and errno where the file system
/// can't, or is another machine's.
int cplatform_bypass_cache(int descriptor, bool bypass);

/// The processor that the calling thread runs on, below 64; -1 where that is not known.
int cplatform_processor(void);

/// Moves the calling thread to a processor that is not in the set `taken`, if it may run on one. It may run where it could
/// before.
void cplatform_leave_processors(uint64_t taken);

/// Exchanges two paths atomically (RENAME_EXCHANGE, RENAME_SWAP). -1 and errno EINVAL or ENOSYS where the file system
/// cannot.
int cplatform_exchange(const char *a, const char *b);

/// Renames without replacing (RENAME_NOREPLACE, RENAME_EXCL). -1 and errno EEXIST where the new name is taken.
int cplatform_rename_exclusive(const char *from, const char *to);

/// Makes data and metadata of a file durable: F_FULLFSYNC on macOS, fsync(2) elsewhere.
int cplatform_full_sync(int descriptor);

/// lseek(2) with SEEK_DATA: the first offset at or after `offset` that holds data. -1 and errno ENXIO where none follows.
off_t cplatform_next_data(int descriptor, off_t offset);

/// The id of the mount that `path` lies in, a symbolic link itself where it is one (statx(2)): bind mounts of one file
/// system differ in it. 0 where the system does not tell.
uint64_t cplatform_mount_id(const char *path);

/// Bytes that an unprivileged process may still write to the file system that holds `path` (statvfs(3)). -1 and errno on
/// failure.
int64_t cplatform_free_bytes(const char *path);

/// The extended attribute calls that do not follow a symbolic link: llistxattr(2), lgetxattr(2), lsetxattr(2),
/// lremovexattr(2).
ssize_t cplatform_list_attributes(const char *path, char *names, size_t size);
ssize_t cplatform_get_attribute(const char *path, const char *name, void *value, size_t size);
int cplatform_set_attribute(const char *path, const char *name, const void *value, size_t size);
int cplatform_remove_attribute(const char *path, const char *name);

/// The same of an open file: flistxattr(2), fgetxattr(2).
ssize_t cplatform_list_attributes_of(int descriptor, char *names, size_t size);
ssize_t cplatform_get_attribute_of(int descriptor, const char *name, void *value, size_t size);

/// Looks for a lock that would keep the open file `descriptor` from writing to a range (F_OFD_GETLK): locks of this
/// very process are found too, unlike with F_GETLK. 0: none. 1: one stands; `holder` is its process (-1: an open file's
/// lock has none), `exclusive` whether it is a write lock. -1 and errno on failure, ENOTSUP where the call does not exist.
int cplatform_find_range_lock(int descriptor, off_t offset, off_t length, int *holder, int *exclusive);

/// Takes a read lock on a range for the open file `descriptor` without waiting (F_OFD_SETLK); closing other descriptors of
/// the file does not lose it. -1 and errno EAGAIN or EACCES where a write lock is in the way.
int cplatform_share_range(int descriptor, off_t offset, off_t length);

/// Gives back a lock that `cplatform_share_range` took.
int cplatform_release_range(int descriptor, off_t offset, off_t length);

/// Starts a program, found through PATH, in a process group of its own: with `input` as its standard input, `output` and
/// `error` as the others, `extra` as descriptor 3, and no other descriptor and no ignored signal of ours.
/// `arguments` and `environment` are strings one behind the other, each ended by a zero. Returns its process id; -1 and
/// errno on failure.
pid_t cplatform_spawn(
    const char *arguments, size_t argument_count, const char *environment, size_t environment_count, int input,
    int output, int error, int extra);

/// Makes the standard streams safe to use: of one that was closed nobody else's file takes the place, and a pipe that nobody
/// reads is an error of the write, not the end of the process (SIGPIPE).
void cplatform_settle_streams(void);

/// A file in memory, or one that has no name: it goes with its last descriptor. -1 and errno on failure.
int cplatform_memory_file(void);

/// The variables of this process's environment, `NAME=value` each, and a null pointer at the end.
char **cplatform_environment(void);
