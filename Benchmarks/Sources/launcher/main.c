// Starts a program from a process that is small itself, and writes down what the program took: Linux counts the memory that
// a parent had at the moment of the start as the child's peak.
//
// usage: launcher RESULT PROGRAM [ARGUMENT ...]     RESULT: wall seconds, CPU seconds, peak bytes, exit code
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static double seconds(struct timeval time) { return time.tv_sec + time.tv_usec * 1e-6; }

int main(int count, char *arguments[]) {
  if (count < 3) return 64;
  double started = now();
  pid_t process = fork();
  if (process < 0) return 1;
  if (process == 0) {
    execvp(arguments[2], arguments + 2);
    fprintf(stderr, "%s: %s\n", arguments[2], strerror(errno));
    _exit(127);
  }
  int status = 0;
  struct rusage usage;
  while (wait4(process, &status, 0, &usage) < 0)
    if (errno != EINTR) return 1;
  double wall = now() - started;
#ifdef __APPLE__
  long long peak = usage.ru_maxrss;
#else
  long long peak = usage.ru_maxrss * 1024LL;
#endif
  FILE *result = fopen(arguments[1], "w");
  if (!result) return 1;
  fprintf(result, "%.6f %.6f %lld %d\n", wall, seconds(usage.ru_utime) + seconds(usage.ru_stime), peak,
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return fclose(result) != 0;
}
