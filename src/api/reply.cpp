#include "api/plugin.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"

namespace limen {

Reply::~Reply() {
  if (!resolve_) return;
  log::error("", "Bug: a request was dropped without an answer");
  resolve_({.kind = Outcome::Kind::error, .data = {}, .text = "The plugin gave no answer", .code = 462, .jsep = {}});
}

void Reply::success(Json data, std::optional<LocalJsep> jsep) {
  if (!LIMEN_ASSERT(resolve_)) return;
  std::exchange(resolve_, nullptr)(
      {.kind = Outcome::Kind::success, .data = std::move(data), .text = {}, .code = 0, .jsep = std::move(jsep)});
}

void Reply::ack(std::string hint) {
  if (!LIMEN_ASSERT(resolve_)) return;
  std::exchange(resolve_,
                nullptr)({.kind = Outcome::Kind::ack, .data = {}, .text = std::move(hint), .code = 0, .jsep = {}});
}

void Reply::error(int code, std::string reason) {
  if (!LIMEN_ASSERT(resolve_)) return;
  std::exchange(resolve_, nullptr)(
      {.kind = Outcome::Kind::error, .data = {}, .text = std::move(reason), .code = code, .jsep = {}});
}

}  // namespace limen
