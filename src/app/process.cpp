#include "app/process.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace limen::app {

PidFile::PidFile(PidFile&& other) noexcept : file_(std::exchange(other.file_, -1)), path_(std::move(other.path_)) {}

PidFile& PidFile::operator=(PidFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  return *this;
}

PidFile::~PidFile() {
  if (file_ < 0) return;
  unlink(path_.c_str());
  close(file_);
}

Result<PidFile> PidFile::acquire(const std::string& path) {
  PidFile pid_file;
  pid_file.file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (pid_file.file_ < 0) return fail("PID file {}: {}", path, std::strerror(errno));
  if (flock(pid_file.file_, LOCK_EX | LOCK_NB) != 0) {
    int reason = errno;
    close(std::exchange(pid_file.file_, -1));
    return fail(
        "PID file {}: {}", path,
        reason == EWOULDBLOCK ? "another process holds it (is the server running already?)" : std::strerror(reason));
  }
  pid_file.path_ = path;
  std::string text = fmt::format("{}\n", getpid());
  if (ftruncate(pid_file.file_, 0) != 0 ||
      write(pid_file.file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail("PID file {}: {}", path, std::strerror(errno));
  }
  return pid_file;
}

Result<int> become_daemon(const std::string& working_folder, bool keep_stdout) {
  int channel[2];
  if (pipe(channel) != 0) return fail("Cannot run in the background: {}", std::strerror(errno));
  pid_t child = fork();
  if (child < 0) return fail("Cannot run in the background: {}", std::strerror(errno));
  if (child > 0) {
    close(channel[1]);
    int result = 1;
    ssize_t got;
    do {
      got = read(channel[0], &result, sizeof result);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof result)) result = 1;  // it died before it could say
    if (result != 0)
      std::fprintf(stderr, "Starting in the background failed (error code %d); the log says why.\n", result);
    std::fflush(nullptr);
    _exit(result);
  }
  close(channel[0]);
  umask(0);
  if (setsid() < 0) return fail("Cannot run in the background: {}", std::strerror(errno));
  const std::string folder = working_folder.empty() ? "/" : working_folder;
  if (chdir(folder.c_str()) != 0) return fail("Cannot change to the folder {}: {}", folder, std::strerror(errno));
  int null = open("/dev/null", O_RDWR);
  if (null < 0) return fail("/dev/null: {}", std::strerror(errno));
  dup2(null, STDIN_FILENO);
  if (!keep_stdout) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  if (null > STDERR_FILENO) close(null);
  return channel[1];
}

void report_started(int channel, int result) {
  if (channel < 0) return;
  // Nobody to tell if the parent has gone; the server runs on.
  [[maybe_unused]] ssize_t written = write(channel, &result, sizeof result);
  close(channel);
}

Result<> set_process_limits(int64_t least_open_files) {
  rlimit core{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_CORE, &core) != 0 && getrlimit(RLIMIT_CORE, &core) == 0) {
    core.rlim_cur = core.rlim_max;  // not privileged: as far as allowed
    setrlimit(RLIMIT_CORE, &core);
  }
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return fail("Open files: {}", std::strerror(errno));
  if (least_open_files > 0 && files.rlim_cur < static_cast<rlim_t>(least_open_files)) {
    return fail(
        "Only {} open files are allowed, {} are wanted: raise the limit (ulimit -n, LimitNOFILE=) or lower "
        "check_openfiles_limit",
        files.rlim_cur, least_open_files);
  }
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  return {};
}

}  // namespace limen::app
