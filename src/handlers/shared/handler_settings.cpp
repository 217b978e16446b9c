#include "handlers/shared/handler_settings.hpp"

namespace limen::handlers {

std::unexpected<Error> not_enabled() {
  return std::unexpected(Error{});
}

Json query_error(const QueryError& error) {
  return JsonObject{{"error_code", error.code}, {"error", error.text}};
}

}  // namespace limen::handlers
