#include "app/version.hpp"

namespace limen::app {

std::string_view version_string() {
  return LIMEN_VERSION;
}
std::string_view commit() {
  return LIMEN_COMMIT;
}
std::string_view compile_time() {
  return __DATE__ " " __TIME__;
}
int version_number() {
  return LIMEN_VERSION_MAJOR * 1000 + LIMEN_VERSION_MINOR * 100 + LIMEN_VERSION_PATCH;
}

}  // namespace limen::app
