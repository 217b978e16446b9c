// Monitoring: what a transport serves to those who watch the server: metrics, liveness, readiness.
//
// Control thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace limen {

struct Health {
  bool good = false;
  std::string text;  // one line: what is the matter, or "ok"
};

class Monitoring {
 public:
  virtual ~Monitoring() = default;
  // Prometheus' text format. Called back later, always, unless the server ends first.
  virtual void collect_metrics(std::move_only_function<void(std::string)> done) = 0;
  // All loops turn: the process is worth keeping.
  virtual Health health() const = 0;
  // New sessions are welcome here.
  virtual Health readiness() const = 0;
  // Is there an admin secret, and is this it? (Compared in constant time.)
  virtual bool has_admin_secret() const = 0;
  virtual bool is_admin_secret(std::string_view text) const = 0;
};

}  // namespace limen
