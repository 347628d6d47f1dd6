#include "CPlatform.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef __APPLE__
#include <crt_externs.h>
#else
extern char **environ;
#endif

static char **pointers(const char *strings, size_t count) {
  char **list = calloc(count + 1, sizeof *list);
  if (list == NULL) return NULL;
  for (size_t i = 0; i < count; i++, strings += strlen(strings) + 1) list[i] = (char *)strings;
  return list;
}

static int prepare(posix_spawn_file_actions_t *actions, int input, int output, int error, int extra) {
  int failure = posix_spawn_file_actions_adddup2(actions, input, 0);
  if (failure == 0) failure = posix_spawn_file_actions_adddup2(actions, output, 1);
  if (failure == 0) failure = posix_spawn_file_actions_adddup2(actions, error, 2);
  if (failure == 0) failure = posix_spawn_file_actions_adddup2(actions, extra, 3);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  // All of ours are close-on-exec; this is for those of libraries.
  if (failure == 0) failure = posix_spawn_file_actions_addclosefrom_np(actions, 4);
#endif
  return failure;
}

static int describe(posix_spawnattr_t *attributes) {
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(&usual, signals[i]);
  int failure = posix_spawnattr_setsigmask(attributes, &none);
  if (failure == 0) failure = posix_spawnattr_setsigdefault(attributes, &usual);
  if (failure == 0) failure = posix_spawnattr_setpgroup(attributes, 0);
  if (failure == 0)
    failure = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  return failure;
}

pid_t cplatform_spawn(
    const char *arguments, size_t argument_count, const char *environment, size_t environment_count, int input,
    int output, int error, int extra) {
  char **list = pointers(arguments, argument_count);
  char **variables = pointers(environment, environment_count);
  int failure = list == NULL || variables == NULL ? ENOMEM : 0;
  pid_t process = -1;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (failure == 0) failure = posix_spawn_file_actions_init(&actions);
  if (failure == 0) {
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
      failure = prepare(&actions, input, output, error, extra);
      if (failure == 0) failure = describe(&attributes);
      if (failure == 0) failure = posix_spawnp(&process, list[0], &actions, &attributes, list, variables);
      posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  free(list);
  free(variables);
  if (failure != 0) {
    errno = failure;
    return -1;
  }
  return process;
}

void cplatform_settle_streams(void) {
  signal(SIGPIPE, SIG_IGN);
  // Each opens the lowest free one. Of standard output it stays an error to write to it: data would be lost unseen.
  const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
  for (int stream = 0; stream < 3; stream++)
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF) open("/dev/null", modes[stream]);
}

int cplatform_memory_file(void) {
#ifdef __linux__
  int file = memfd_create("chromasnap", MFD_CLOEXEC);
#else
  char name[] = "/tmp/chromasnap-XXXXXX";
  int file = mkstemp(name);
  if (file >= 0) unlink(name);
#endif
  if (file < 0 || file > 3) return file;
  // The places of the standard streams, and of descriptor 3 in a child, may be free in a process that was started so.
  int moved = fcntl(file, F_DUPFD_CLOEXEC, 4);
  close(file);
  return moved;
}

char **cplatform_environment(void) {
#ifdef __APPLE__
  return *_NSGetEnviron();
#else
  return environ;
#endif
}
