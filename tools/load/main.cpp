// limen-load: see options.cpp for what it says of itself, docs/load.md for the rest.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "crypto/random.hpp"
#include "runtime/interfaces.hpp"
#include "tools/load/engine.hpp"
#include "tools/load/janus_client.hpp"
#include "tools/load/options.hpp"
#include "tools/load/scenarios.hpp"

namespace limen::load {
namespace {

constexpr Duration kAnswerLimit = std::chrono::seconds(20);

Result<IpAddress> peer_address(const Options& options, const ServerAddress& server) {
  if (!options.bind.empty()) {
    auto address = IpAddress::parse(options.bind);
    if (!address) return fail("--bind: '{}' is not an IP address", options.bind);
    return *address;
  }
  auto remote = IpAddress::parse(server.host);
  // Servers do not offer loopback addresses for media, so this machine's own one is used.
  if (!remote || remote->is_loopback()) return runtime::detect_local_ip();
  auto source = runtime::source_address_towards(*remote);
  return source ? *source : runtime::detect_local_ip();
}

boost::asio::awaitable<void> run(LoadContext context, ServerAddress server, Result<Report>& out) {
  auto connected = co_await context.janus.connect(std::move(server));
  if (connected) out = co_await run_scenario(context);
  else out = std::unexpected(connected.error());
  context.janus.close();
  context.engine.control().stop();
}

int failed(const Error& error) {
  std::fprintf(stderr, "limen-load: %s\n", error.text.c_str());
  return 1;
}

int run_program(const Options& options) {
  auto server = parse_server_url(options.server);
  if (!server) return failed(server.error());
  auto address = peer_address(options, *server);
  if (!address) return failed(address.error());
  crypto::SecureRandom random;
  auto engine = Engine::create(options, sockets_needed(options), sources_of(options), *address, random);
  if (!engine) return failed(engine.error());
  JanusClient janus((*engine)->io(), options.api_secret, kAnswerLimit);
  (*engine)->start();
  Result<Report> report = fail("interrupted");
  const int signals[] = {SIGINT, SIGTERM};
  (*engine)->control().on_signals(signals, [&engine](int) { (*engine)->control().stop(); });
  boost::asio::co_spawn((*engine)->io(), run({options, **engine, janus}, *server, report), boost::asio::detached);
  (*engine)->control().run();
  if (!report) return failed(report.error());
  std::string text =
      options.json ? boost::json::serialize(to_json(options, *report)) + "\n" : to_text(options, *report);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace limen::load

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  limen::load::ParsedOptions parsed = limen::load::read_options(argc, argv);
  return parsed.run ? limen::load::run_program(parsed.options) : parsed.exit_code;
}
