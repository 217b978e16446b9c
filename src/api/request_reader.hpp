// Reads an API request's body into a described struct, with Janus's validation and error texts.
//
//   struct Configure { std::optional<bool> audio; std::optional<uint64_t> bitrate; };
//   template <typename V> void describe(V& v, Configure& r) { v.field("audio", r.audio, "Relay audio"); ... }
//   auto request = read_request<Configure>(body);   // error: {missing|type, "Invalid element type (audio should be a
//   boolean)"}
//
// Plain fields are mandatory, std::optional ones are not; fields are checked in the order described.
// Unsigned integers must be >= 0 ("a positive integer"), signed ones any integer.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "api/json.hpp"
#include "config/describe.hpp"

namespace limen {

// A property that is taken if it is of the right type, and passed over if it is not. A number of the right type that
// does not fit is wrong all the same.
template <typename T>
struct Lenient : std::optional<T> {
  using std::optional<T>::operator=;
};

template <typename T>
struct is_lenient : std::false_type {};
template <typename T>
struct is_lenient<Lenient<T>> : std::true_type {};

// Configuration files have no types to be lenient about.
template <typename T>
struct config::is_optional<Lenient<T>> : std::true_type {};

// An entry of an array; one that is no object has none of the mandatory properties.
inline const JsonObject& entry_object(const Json& entry) {
  static const JsonObject kNothing;
  return entry.is_object() ? entry.get_object() : kNothing;
}

struct RequestError {
  bool missing = false;  // else: wrong type
  std::string text;
};

class RequestReader {
 public:
  struct Rule {  // ranges and choices are the plugin's own texts, so they are not applied here
    Rule& range(int64_t, int64_t) { return *this; }
    Rule& legacy(std::string_view) { return *this; }
    Rule& one_of(std::initializer_list<std::string_view>) { return *this; }
  };

  explicit RequestReader(const JsonObject& body) : body_(body) {}

  template <typename T>
  Rule field(std::string_view key, T& target, std::string_view /*help*/) {
    if (error_) return {};
    const Json* value = body_.if_contains(key);
    if constexpr (is_lenient<T>::value) {
      typename T::value_type inner{};
      if (value != nullptr && has_type<typename T::value_type>(*value) && read(key, *value, inner)) {
        target.emplace(std::move(inner));
      }
    } else if constexpr (config::is_optional<T>::value) {
      if (value == nullptr) return {};
      typename T::value_type inner{};
      if (read(key, *value, inner)) target = std::move(inner);
    } else {
      if (value == nullptr) error_ = RequestError{true, fmt::format("Missing mandatory element ({})", key)};
      else read(key, *value, target);
    }
    return {};
  }
  void ignore(std::string_view) {}

  const std::optional<RequestError>& error() const { return error_; }

 private:
  template <typename T>
  static bool has_type(const Json& value) {
    if constexpr (std::is_same_v<T, bool>) return value.is_bool();
    else if constexpr (std::is_integral_v<T>) return value.is_int64() || value.is_uint64();
    else if constexpr (std::is_same_v<T, std::string>) return value.is_string();
    else if constexpr (std::is_same_v<T, JsonObject>) return value.is_object();
    else return value.is_array();
  }
  template <typename T>
  bool read(std::string_view key, const Json& value, T& target) {
    if constexpr (std::is_same_v<T, bool>) {
      if (!value.is_bool()) return wrong(key, "a boolean");
      target = value.get_bool();
    } else if constexpr (std::is_integral_v<T>) {
      if constexpr (std::is_unsigned_v<T>) {
        if (value.is_int64() && value.get_int64() < 0) return wrong(key, "a positive integer");
        if (!value.is_int64() && !value.is_uint64()) return wrong(key, "a positive integer");
      } else if (!value.is_int64() && !value.is_uint64()) {
        return wrong(key, "an integer");
      }
      boost::json::error_code failure;
      target = value.to_number<T>(failure);
      if (failure) return wrong(key, std::is_unsigned_v<T> ? "a positive integer" : "an integer");
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!value.is_string()) return wrong(key, "a string");
      target = std::string(value.get_string());
    } else if constexpr (std::is_same_v<T, JsonObject>) {
      if (!value.is_object()) return wrong(key, "an object");
      target = value.get_object();
    } else if constexpr (std::is_same_v<T, JsonArray>) {
      if (!value.is_array()) return wrong(key, "an array");
      target = value.get_array();
    } else {
      target = value;  // Json: anything
    }
    return true;
  }
  bool wrong(std::string_view key, std::string_view type) {
    error_ = RequestError{false, fmt::format("Invalid element type ({} should be {})", key, type)};
    return false;
  }

  const JsonObject& body_;
  std::optional<RequestError> error_;
};

template <typename S>
std::expected<S, RequestError> read_request(const JsonObject& body) {
  S request;
  RequestReader reader(body);
  describe(reader, request);
  if (reader.error()) return std::unexpected(*reader.error());
  return request;
}

}  // namespace limen
