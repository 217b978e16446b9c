// The cryptographic libraries this server runs with, for `info` and the log. Any thread.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace limen::crypto {

// {"crypto", "OpenSSL 3.0.19 ..."}, and {"ipsec-mb", "1.3.0"} where it is used.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace limen::crypto
