// The program `limen`: see command_line.hpp for its options and server.hpp for what it is made of.
#include <unistd.h>

#include <cstdio>

#include "app/check_config.hpp"
#include "app/command_line.hpp"
#include "app/doctor/doctor.hpp"
#include "app/server.hpp"
#include "app/settings_loading.hpp"
#include "app/version.hpp"

int main(int argc, char** argv) {
  using namespace limen::app;
  std::fputs(fmt::format("Limen version: {} ({})\nLimen commit: {}\nCompiled on:  {}\n\n", version_number(),
                         version_string(), commit(), compile_time())
                 .c_str(),
             stdout);
  CommandLineOutcome outcome = parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
  if (outcome.stop) {
    std::fputs(outcome.text.c_str(), outcome.exit_code == 0 ? stdout : stderr);
    return outcome.exit_code;
  }
  if (outcome.options.show_version) return 0;

  limen::Result<LoadedSettings> loaded = load_settings(outcome.options);
  if (outcome.options.check_config) return check_config(loaded, outcome.options);
  if (outcome.options.doctor) return run_doctor(loaded);
  if (!loaded) {
    std::fputs(fmt::format("{}\n", loaded.error().text).c_str(), stderr);
    return 1;
  }
  return run_server(outcome.options, std::move(*loaded));
}
