// What TextRoom refuses a request with (spec plugin-textroom, section 2.3). Plain values.
#pragma once
#include <expected>

#include "api/check_secret.hpp"
#include "api/plugin_error.hpp"

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

using TextError = PluginError<TextErrorCode>;

template <typename T = void>
using TextResult = std::expected<T, TextError>;

// What a request's parser says, with this plugin's codes.
template <typename T>
TextResult<T> checked(std::expected<T, RequestError> parsed) {
  return with_code<TextErrorCode>(std::move(parsed));
}

// `kind`: "error", or "event" for what is found before a request is looked at.
inline JsonObject error_object(const TextError& error, std::string_view kind = "error") {
  return error_body("textroom", error, kind);
}

}  // namespace limen::textroom
