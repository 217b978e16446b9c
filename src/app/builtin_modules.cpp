#include "app/builtin_modules.hpp"

#include "handlers/sample/sample_handler.hpp"
#include "handlers/websocket/websocket_handler.hpp"
#include "loggers/json_file/json_file_logger.hpp"
#include "plugins/audiobridge/audiobridge_plugin.hpp"
#include "plugins/echotest/echotest_plugin.hpp"
#include "plugins/nosip/nosip_plugin.hpp"
#include "plugins/recordplay/recordplay_plugin.hpp"
#include "plugins/streaming/streaming_plugin.hpp"
#include "plugins/textroom/textroom_plugin.hpp"
#include "plugins/videocall/videocall_plugin.hpp"
#include "plugins/videoroom/videoroom_plugin.hpp"
#include "plugins/voicemail/voicemail_plugin.hpp"
#include "transports/http/http_transport.hpp"
#include "transports/unix_socket/unix_socket_transport.hpp"
#include "transports/websockets/websockets_transport.hpp"
#include "transports/whip/whip_endpoints.hpp"

#include "transports/nanomsg/nanomsg_transport.hpp"

#include "handlers/nanomsg/nanomsg_handler.hpp"

#include "transports/mqtt/mqtt_transport.hpp"

#include "handlers/mqtt/mqtt_handler.hpp"

#include "transports/rabbitmq/rabbitmq_transport.hpp"

#include "handlers/rabbitmq/rabbitmq_handler.hpp"

#include "handlers/gelf/gelf_handler.hpp"

namespace limen::app {

std::vector<std::unique_ptr<Plugin>> builtin_plugins() {
  std::vector<std::unique_ptr<Plugin>> plugins;
  plugins.push_back(make_echotest_plugin());
  plugins.push_back(make_videoroom_plugin());
  plugins.push_back(make_audiobridge_plugin());
  plugins.push_back(make_streaming_plugin());
  plugins.push_back(make_videocall_plugin());
  plugins.push_back(make_textroom_plugin());
  plugins.push_back(make_recordplay_plugin());
  plugins.push_back(make_nosip_plugin());
  plugins.push_back(make_voicemail_plugin());
  return plugins;
}

std::vector<std::unique_ptr<Transport>> builtin_transports() {
  std::vector<std::unique_ptr<Transport>> transports;
  transports.push_back(make_http_transport(make_whip_endpoints()));
  transports.push_back(make_websockets_transport());
  transports.push_back(make_unix_socket_transport());
  transports.push_back(make_nanomsg_transport());
  transports.push_back(make_mqtt_transport());
  transports.push_back(make_rabbitmq_transport());
  return transports;
}

std::vector<std::unique_ptr<EventHandler>> builtin_event_handlers() {
  std::vector<std::unique_ptr<EventHandler>> handlers;
  handlers.push_back(make_sample_handler());
  handlers.push_back(make_websocket_handler());
  handlers.push_back(make_nanomsg_handler());
  handlers.push_back(make_mqtt_handler());
  handlers.push_back(make_rabbitmq_handler());
  handlers.push_back(make_gelf_handler());
  return handlers;
}

std::vector<std::unique_ptr<LogSink>> builtin_loggers() {
  std::vector<std::unique_ptr<LogSink>> loggers;
  loggers.push_back(make_json_file_logger());
  return loggers;
}

std::vector<std::string> packages_not_built_in() {
  return {
      "janus.plugin.duktape",
      "janus.plugin.lua",
      "janus.plugin.sip",
  };
}

}  // namespace limen::app
