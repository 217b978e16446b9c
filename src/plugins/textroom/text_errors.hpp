// What TextRoom refuses a request with (spec plugin-textroom, section 2.3). Plain values.
#pragma once
#include <expected>
#include <string>

#include "api/json.hpp"
#include "api/request_reader.hpp"

namespace limen::textroom {

enum class TextErrorCode : int {
  no_message = 411,
  invalid_json = 412,
  missing_element = 413,
  invalid_element = 414,
  invalid_request = 415,
  already_setup = 416,
  no_such_room = 417,
  room_exists = 418,
  unauthorized = 419,
  username_exists = 420,
  already_in_room = 421,
  not_in_room = 422,
  no_such_user = 423,
  unknown = 499,
};

struct TextError {
  TextErrorCode code = TextErrorCode::unknown;
  std::string text;
};

template <typename T = void>
using TextResult = std::expected<T, TextError>;

inline std::unexpected<TextError> refuse(TextErrorCode code, std::string text) {
  return std::unexpected(TextError{code, std::move(text)});
}

// What a request's parser says, with this plugin's codes.
template <typename T>
TextResult<T> checked(std::expected<T, RequestError> parsed) {
  if (parsed) return std::move(*parsed);
  TextErrorCode code = parsed.error().missing ? TextErrorCode::missing_element : TextErrorCode::invalid_element;
  return refuse(code, std::move(parsed.error().text));
}

// `kind`: "error", or "event" for what is found before a request is looked at.
inline JsonObject error_object(const TextError& error, std::string_view kind = "error") {
  return JsonObject{{"textroom", kind}, {"error_code", static_cast<int>(error.code)}, {"error", error.text}};
}

}  // namespace limen::textroom
