// One HTTP POST of a JSON text that blocks until the answer is there. Any thread that may block; each keeps its
// connection to the server for the next one.
#pragma once
#include <atomic>
#include <chrono>
#include <string>

namespace limen::runtime {

struct HttpPost {
  std::string url;            // http: or https:; redirects are not followed
  std::string authorization;  // header of this name; "" none
  std::string ca_file;        // PEM, of the server's certificate; "" = the system's
  std::chrono::milliseconds timeout{2000};
};

struct HttpAnswer {
  static constexpr size_t kLargestBody = 64 * 1024;
  int status = 0;  // 0: there was no answer
  std::string body;
  std::string problem;  // why there was none
};

// Ends early, without an answer, within about a second after `stop` has become true.
HttpAnswer http_post(const HttpPost& to, const std::string& body, const std::atomic<bool>& stop);

}  // namespace limen::runtime
