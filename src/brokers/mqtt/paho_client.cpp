#include "brokers/mqtt/paho_client.hpp"

#include <MQTTAsync.h>

#include <algorithm>
#include "base/url_text.hpp"

namespace limen::brokers {
namespace {

constexpr int kConnectTimeout = 10;           // seconds
constexpr unsigned kSessionExpiry = 60 * 60;  // seconds that an MQTT 5 broker keeps what arrives meanwhile

void start_library_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    options.do_openssl_init = 0;
    MQTTAsync_global_init(&options);
  });
}

MQTTLenString view_of(const std::string& text) {
  return {static_cast<int>(text.size()), const_cast<char*>(text.data())};
}

std::string text_of(const MQTTLenString& text) {
  return text.data == nullptr ? std::string() : std::string(text.data, static_cast<size_t>(text.len));
}

// MQTTProperties_add copies what it is given.
void add_properties(const MqttMessage& message, MQTTProperties& properties) {
  auto add = [&](MQTTPropertyCodes code, const std::string& value, const std::string& name = {}) {
    MQTTProperty property{};
    property.identifier = code;
    if (code == MQTTPROPERTY_CODE_USER_PROPERTY) {
      property.value.data = view_of(name);
      property.value.value = view_of(value);
    } else {
      property.value.data = view_of(value);
    }
    MQTTProperties_add(&properties, &property);
  };
  if (!message.response_topic.empty()) add(MQTTPROPERTY_CODE_RESPONSE_TOPIC, message.response_topic);
  if (message.correlation_data) add(MQTTPROPERTY_CODE_CORRELATION_DATA, *message.correlation_data);
  for (const auto& [name, value] : message.user_properties) add(MQTTPROPERTY_CODE_USER_PROPERTY, value, name);
}

MqttMessage received(const char* topic, int topic_length, const MQTTAsync_message& from) {
  MqttMessage message;
  message.topic = topic_length > 0 ? std::string(topic, static_cast<size_t>(topic_length)) : std::string(topic);
  message.payload.assign(static_cast<const char*>(from.payload), static_cast<size_t>(from.payloadlen));
  message.qos = from.qos;
  message.retain = from.retained != 0;
  for (int i = 0; i < from.properties.count; ++i) {
    const MQTTProperty& property = from.properties.array[i];
    if (property.identifier == MQTTPROPERTY_CODE_RESPONSE_TOPIC) {
      message.response_topic = text_of(property.value.data);
    } else if (property.identifier == MQTTPROPERTY_CODE_CORRELATION_DATA) {
      message.correlation_data = text_of(property.value.data);
    } else if (property.identifier == MQTTPROPERTY_CODE_USER_PROPERTY) {
      message.user_properties.emplace_back(text_of(property.value.data), text_of(property.value.value));
    }
  }
  return message;
}

const char* or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

void set_tls(const MqttTls& tls, MQTTAsync_SSLOptions& options) {
  options.trustStore = or_null(tls.ca_file);
  options.keyStore = or_null(tls.cert_file);
  options.privateKey = or_null(tls.key_file);
  options.enabledCipherSuites = or_null(tls.ciphers);
  options.enableServerCertAuth = tls.verify_peer ? 1 : 0;
  options.verify = tls.verify_hostname ? 1 : 0;
}

}  // namespace

// Paho's side: plain functions with a context.
struct PahoClient::Callbacks {
  static PahoClient& self(void* context) { return *static_cast<PahoClient*>(context); }

  static void connected(void* context, MQTTAsync_successData*) { self(context).listener_.on_connected(); }
  static void connected5(void* context, MQTTAsync_successData5*) { self(context).listener_.on_connected(); }
  static void connect_failed(void* context, MQTTAsync_failureData* data) {
    self(context).listener_.on_connect_failed(data != nullptr ? data->code : -1,
                                              data != nullptr && data->message != nullptr ? data->message : "");
  }
  static void connect_failed5(void* context, MQTTAsync_failureData5* data) {
    int code = data == nullptr ? -1 : data->code != 0 ? data->code : static_cast<int>(data->reasonCode);
    self(context).listener_.on_connect_failed(code, data != nullptr && data->message != nullptr ? data->message : "");
  }
  static void lost(void* context, char* cause) {
    self(context).listener_.on_lost(cause != nullptr ? cause : "the connection broke");
  }
  static void sent_away(void* context, MQTTProperties*, MQTTReasonCodes reason) {
    self(context).listener_.on_lost(fmt::format("the broker ended it with code {}", static_cast<int>(reason)));
  }
  static int arrived(void* context, char* topic, int topic_length, MQTTAsync_message* message) {
    if (!self(context).listener_.on_message(received(topic, topic_length, *message))) return 0;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
  }
  static void done(void* context, Outcome outcome) {
    auto* call = static_cast<Call*>(context);
    call->client->finish(call, outcome);
  }
  static void succeeded(void* context, MQTTAsync_successData*) { done(context, Outcome::done); }
  static void succeeded5(void* context, MQTTAsync_successData5*) { done(context, Outcome::done); }
  static void failed(void* context, MQTTAsync_failureData*) { done(context, Outcome::failed); }
  static void failed5(void* context, MQTTAsync_failureData5* data) {
    constexpr int kFirstRefusal = 0x80;  // reason codes of MQTT 5, section 2.4
    done(context, data != nullptr && data->reasonCode >= kFirstRefusal ? Outcome::refused : Outcome::failed);
  }

  static void set(MQTTAsync_responseOptions& options, Call* call, bool v5) {
    options.context = call;
    if (v5) {
      options.onSuccess5 = succeeded5;
      options.onFailure5 = failed5;
    } else {
      options.onSuccess = succeeded;
      options.onFailure = failed;
    }
  }
};

Result<std::unique_ptr<PahoClient>> PahoClient::make(const MqttSettings& settings, Listener& listener) {
  start_library_once();
  std::unique_ptr<PahoClient> client(new PahoClient(settings, listener));
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
  options.MQTTVersion = settings.version;
  options.maxBufferedMessages = std::max(1, settings.max_buffered);
  int code = MQTTAsync_createWithOptions(&client->handle_, settings.url.c_str(), settings.client_id.c_str(),
                                         MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
  if (code != MQTTASYNC_SUCCESS) {
    client->handle_ = nullptr;
    const char* why = MQTTAsync_strerror(code);
    return fail("'{}' cannot be used: {} ({})", without_credentials(settings.url), why != nullptr ? why : "error",
                code);
  }
  MQTTAsync_setCallbacks(client->handle_, client.get(), Callbacks::lost, Callbacks::arrived, nullptr);
  if (client->v5()) MQTTAsync_setDisconnected(client->handle_, client.get(), Callbacks::sent_away);
  return client;
}

PahoClient::~PahoClient() {
  if (handle_ != nullptr) MQTTAsync_destroy(&handle_);
}

bool PahoClient::connect() {
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;
  if (v5()) options = options5;
  MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
  MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
  MQTTProperties properties = MQTTProperties_initializer;
  options.keepAliveInterval = settings_.keep_alive;
  options.maxInflight = settings_.max_inflight;
  options.connectTimeout = kConnectTimeout;
  options.username = or_null(settings_.username);
  options.password = or_null(settings_.password);
  options.MQTTVersion = settings_.version;
  options.context = this;
  if (settings_.tls.enabled) {
    set_tls(settings_.tls, tls);
    options.ssl = &tls;
  }
  if (settings_.will) {
    will.topicName = settings_.will->topic.c_str();
    will.payload = {static_cast<int>(settings_.will->payload.size()), settings_.will->payload.data()};
    will.qos = settings_.will->qos;
    will.retained = settings_.will->retain ? 1 : 0;
    options.will = &will;
  }
  if (v5()) {
    options.cleanstart = settings_.clean_session ? 1 : 0;
    options.onSuccess5 = Callbacks::connected5;
    options.onFailure5 = Callbacks::connect_failed5;
    if (!settings_.clean_session) {
      MQTTProperty expiry{};
      expiry.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL;
      expiry.value.integer4 = kSessionExpiry;
      MQTTProperties_add(&properties, &expiry);
      options.connectProperties = &properties;
    }
  } else {
    options.cleansession = settings_.clean_session ? 1 : 0;
    options.onSuccess = Callbacks::connected;
    options.onFailure = Callbacks::connect_failed;
  }
  int code = MQTTAsync_connect(handle_, &options);
  MQTTProperties_free(&properties);
  if (code == MQTTASYNC_SUCCESS) return true;
  const char* why = MQTTAsync_strerror(code);
  listener_.on_connect_failed(code, why != nullptr ? why : "");
  return false;
}

bool PahoClient::subscribe(const MqttSubscription& subscription, uint64_t tag) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  Call* call = remember(tag);
  Callbacks::set(options, call, v5());
  if (MQTTAsync_subscribe(handle_, subscription.topic.c_str(), subscription.qos, &options) == MQTTASYNC_SUCCESS)
    return true;
  finish(call, Outcome::failed);
  return false;
}

bool PahoClient::publish(const MqttMessage& message, uint64_t tag) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  MQTTAsync_message out = MQTTAsync_message_initializer;
  out.payload = const_cast<char*>(message.payload.data());
  out.payloadlen = static_cast<int>(message.payload.size());
  out.qos = message.qos;
  out.retained = message.retain ? 1 : 0;
  Call* call = remember(tag);
  Callbacks::set(options, call, v5());
  if (v5()) add_properties(message, out.properties);
  int code = MQTTAsync_sendMessage(handle_, message.topic.c_str(), &out, &options);
  MQTTProperties_free(&out.properties);
  if (code == MQTTASYNC_SUCCESS) return true;
  bool may_succeed = code == MQTTASYNC_DISCONNECTED || code == MQTTASYNC_MAX_BUFFERED_MESSAGES ||
                     code == MQTTASYNC_NO_MORE_MSGIDS || code == MQTTASYNC_MAX_MESSAGES_INFLIGHT;
  finish(call, may_succeed ? Outcome::failed : Outcome::refused);
  return false;
}

bool PahoClient::disconnect(uint64_t tag) {
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;
  if (v5()) options = options5;
  Call* call = remember(tag);
  options.timeout = settings_.disconnect_timeout;
  options.context = call;
  if (v5()) {
    options.onSuccess5 = Callbacks::succeeded5;
    options.onFailure5 = Callbacks::failed5;
  } else {
    options.onSuccess = Callbacks::succeeded;
    options.onFailure = Callbacks::failed;
  }
  if (MQTTAsync_disconnect(handle_, &options) == MQTTASYNC_SUCCESS) return true;
  finish(call, Outcome::failed);
  return false;
}

PahoClient::Call* PahoClient::remember(uint64_t tag) {
  std::scoped_lock lock(mutex_);
  calls_.push_back({this, tag});
  return &calls_.back();
}

void PahoClient::finish(Call* call, Outcome outcome) {
  uint64_t tag = call->tag;
  {
    std::scoped_lock lock(mutex_);
    std::erase_if(calls_, [&](const Call& c) { return &c == call; });
  }
  listener_.on_done(tag, outcome);
}

}  // namespace limen::brokers
