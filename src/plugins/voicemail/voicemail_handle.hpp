// VoiceMailHandle: the control half of one VoiceMail attachment, and its one recording.
#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "api/plugin.hpp"
#include "plugins/voicemail/voicemail_media.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::voicemail {

struct VoiceMailSettings {
  std::string path = "./html/recordings/";
  std::string base = "/recordings/";
  bool events = true;
};

enum class ErrorCode : int {
  no_message = 460,
  invalid_json = 461,
  invalid_request = 462,
  missing_element = 463,
  invalid_element = 464,
  already_recording = 465,
  io_error = 466,
  ogg_error = 467,
  invalid_state = 468,
  unknown = 499,
};

class VoiceMailHandle final : public PluginHandle {
 public:
  // `settings` outlive the handle.
  VoiceMailHandle(PluginContext& plugin, HandleContext& context, const VoiceMailSettings& settings);

  void on_message(Message message, Reply reply) override;
  void on_media_up() override;
  void on_hangup(std::string_view reason) override;
  Json query() const override;

 private:
  void refuse(const std::string& transaction, ErrorCode code, std::string text);
  void record(const Message& message);
  void recorded(const std::string& transaction, std::optional<LocalJsep> answer, const Result<>& made,
                std::unique_ptr<OggOpusWriter> writer, std::shared_ptr<VoiceFile> file);
  void update(const Message& message);
  void stop(std::string transaction);
  void stopped(const std::string& transaction);
  // Nothing: it cannot be parsed, and that was said.
  std::optional<std::optional<LocalJsep>> answer_to(const Message& message);
  void notify(std::string_view event);
  std::string name() const { return fmt::format("janus-voicemail-{}.opus", id_); }

  PluginContext& plugin_;
  HandleContext& context_;
  const VoiceMailSettings& settings_;
  uint64_t id_;
  sdp::Origin origin_;
  bool recording_ = false, stopping_ = false;
  int64_t start_time_ = 0;  // microseconds; 0: media are not up
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace limen::voicemail
