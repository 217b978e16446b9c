#include "handlers/shared/gzip.hpp"

#include <zlib.h>

namespace limen::handlers {

std::optional<std::string> gzip(std::string_view text, int level, size_t most) {
  constexpr int kLargestWindow = 15;
  constexpr int kGzipHeader = 16;
  constexpr int kDefaultMemory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, kLargestWindow + kGzipHeader, kDefaultMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return std::nullopt;
  }
  std::string out(most, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace limen::handlers
