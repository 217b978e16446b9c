// EchoTest's recordings (spec plugin-echotest, section 7): which files a call is recorded to.
//
// Control thread. The files' writing ends are then owned by the media half.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "media/recording/recording_file.hpp"
#include "plugins/echotest/echo_answer.hpp"

namespace limen::echotest {

struct EchoRecordingFile {
  uint8_t mline = 0;
  std::shared_ptr<media::RecordingFile> file;
};

// One file per track: "<filename>-audio.mjr" ... What cannot be opened is logged and left out.
std::vector<EchoRecordingFile> open_recordings(PluginContext& plugin, const HandleContext& handle,
                                               const std::vector<EchoTrack>& tracks, const std::string& filename,
                                               bool encrypted);
// {"audio": file name, ...}
JsonObject describe_recordings(const std::vector<EchoRecordingFile>& files);

}  // namespace limen::echotest
