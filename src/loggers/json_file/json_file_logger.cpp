#include "loggers/json_file/json_file_logger.hpp"

#include "base/log.hpp"
#include "base/trace_id.hpp"
#include "config/describe.hpp"
#include "loggers/json_file/line_writer.hpp"

namespace limen {
namespace json_file {
namespace {

constexpr std::string_view kPackage = "janus.logger.jsonlog";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_jsonlog.so",
                       .name = "JANUS JSON logger plugin",
                       .author = "Limen",
                       .description =
                           "This is a trivial sample logger plugin for Janus, which saves log lines to a "
                           "local JSON file.",
                       .version_string = "0.0.1",
                       .version = 1};

struct Config {
  bool enabled = false;
  std::string json = "compact";
  std::string filename;
};
template <typename V>
void describe(V& v, Config& c) {
  v.field("enabled", c.enabled, "Use this logger");
  v.field("json", c.json, "How JSON is written").one_of({"indented", "plain", "compact"});
  v.field("filename", c.filename, "File that lines are appended to");
}

Result<Config> load(const std::string& folder, config::Findings& findings) {
  Config config;
  auto read = config::read_general(folder, kPackage, config, findings);
  if (!read) return std::unexpected(read.error());
  if (config.enabled && config.filename.empty()) {
    return fail("there is no `filename` to write to (group general of {}.jcfg)", kPackage);
  }
  return config;
}

Json error(int code, std::string text) {
  return JsonObject{{"error_code", code}, {"error", std::move(text)}};
}

class JsonFileLogger final : public LogSink {
 public:
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = load(folder, findings);
    if (!config) return std::unexpected(config.error());
    return {};
  }

  Result<> start(const std::string& folder) override {
    config::Findings findings;
    auto config = load(folder, findings);
    findings.log("[jsonlog]");
    if (!config) return std::unexpected(config.error());
    if (!config->enabled) return std::unexpected(Error{});
    auto writer = LineWriter::open(config->filename);
    if (!writer) return std::unexpected(writer.error());
    format_ = json_format_from_name(config->json).value_or(JsonFormat::compact);
    writer_ = std::move(*writer);
    return {};
  }

  void on_line(WallTime when, std::string_view line) override {
    if (!writer_) return;
    JsonObject object{{"timestamp", when.us}, {"line", line}};
    if (log::current_trace) object["trace_id"] = log::current_trace.text();
    writer_->push(write_json(object, format_) + "\n");
  }
  void on_rotate() override {
    if (writer_) writer_->reopen();
  }

  std::optional<Json> on_query(const Json& request) override {
    const JsonObject* body = request.if_object();
    const Json* verb = body == nullptr ? nullptr : body->if_contains("request");
    if (verb == nullptr) return error(412, "Missing mandatory element (request)");
    if (!verb->is_string()) return error(413, "Invalid element type (request should be a string)");
    if (verb->get_string() == "info") return JsonObject{{"result", 200}};
    return error(411, fmt::format("Unknown request '{}'", std::string_view(verb->get_string())));
  }

 private:
  JsonFormat format_ = JsonFormat::compact;
  std::unique_ptr<LineWriter> writer_;  // set before lines come
};

}  // namespace
}  // namespace json_file

std::unique_ptr<LogSink> make_json_file_logger() {
  return std::make_unique<json_file::JsonFileLogger>();
}

}  // namespace limen
