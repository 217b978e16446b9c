// ApiCall: one request on its way through the core, and the promise to answer it exactly once.
//
// Control thread. Moved from the transport to the verb that answers; a verb may keep it and answer
// later. Spec section 3.1.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/api_error.hpp"
#include "api/json.hpp"
#include "api/request_reader.hpp"
#include "api/transport.hpp"
#include "base/strong_id.hpp"
#include "base/trace_id.hpp"
#include "core/jwt/jwt_verifier.hpp"
#include "core/monitoring/api_figures.hpp"

namespace limen::core {

class ApiCall {
 public:
  // `figures` count what is refused; may be null.
  explicit ApiCall(Request request, std::shared_ptr<ApiFigures> figures = nullptr);
  ApiCall(ApiCall&&) noexcept = default;
  ApiCall& operator=(ApiCall&&) noexcept = default;
  ~ApiCall();

  // Reads transaction, verb and ids; false if it was answered with an error already.
  bool read_envelope();

  const std::shared_ptr<Client>& client() const { return request_.client; }
  const JsonObject& message() const { return message_; }
  const std::string& verb() const { return verb_; }  // lower case
  const std::string& verb_as_sent() const { return verb_as_sent_; }
  const std::string& transaction() const { return transaction_; }
  SessionId session_id() const { return session_id_; }
  HandleId handle_id() const { return handle_id_; }
  const TraceId& trace() const { return trace_; }      // of its traceparent
  bool names_handle() const { return handle_given_; }  // maybe with an id that cannot be one
  void set_session_id(SessionId id) { session_id_ = id; }
  // What the request's token grants, where that limits it (JWT); else null.
  const std::shared_ptr<const JwtClaims>& claims() const { return claims_; }
  void set_claims(std::shared_ptr<const JwtClaims> claims) { claims_ = std::move(claims); }

  // A text member, "" if absent or not a text.
  std::string_view text(std::string_view key) const;
  // Reads a described struct from the message; an error is answered and nullopt returned.
  template <typename S>
  std::optional<S> read() {
    auto request = read_request<S>(message_);
    if (request) return std::move(*request);
    fail({request.error().missing ? ApiErrorCode::missing_mandatory_element : ApiErrorCode::invalid_element_type,
          request.error().text});
    return std::nullopt;
  }

  // {"janus": kind, "session_id"?, "transaction"}
  JsonObject envelope(std::string_view kind, bool with_session = true) const;
  void succeed(bool with_session = true) { answer(envelope("success", with_session)); }
  void answer(JsonObject reply);
  void fail(ApiError error);
  void wrong_path();  // 457

 private:
  void fail_without_transaction(ApiErrorCode code, std::string reason);

  Request request_;
  std::shared_ptr<ApiFigures> figures_;
  JsonObject message_;
  std::string verb_, verb_as_sent_, transaction_;
  bool has_transaction_ = false;
  SessionId session_id_;
  HandleId handle_id_;
  bool handle_given_ = false;
  std::shared_ptr<const JwtClaims> claims_;
  TraceId trace_;
};

}  // namespace limen::core
