#include "app/doctor/doctor.hpp"

#include <cstdio>

#include "app/doctor/checks.hpp"

namespace limen::app {
namespace {

std::string_view mark(Severity severity) {
  switch (severity) {
    case Severity::fine:
      return "ok     ";
    case Severity::warning:
      return "warning";
    case Severity::problem:
      return "PROBLEM";
  }
  return "";
}

void print(const FindingList& findings) {
  for (const Finding& finding : findings.all()) {
    fmt::print("{}  {}: {}\n", mark(finding.severity), finding.area, finding.text);
    if (!finding.advice.empty()) fmt::print("         -> {}\n", finding.advice);
  }
}

}  // namespace

int run_doctor(const Result<LoadedSettings>& loaded) {
  if (!loaded) {
    fmt::print("PROBLEM  configuration: {}\n         -> correct the file, or name another one with -F or -C\n",
               loaded.error().text);
    return 1;
  }
  fmt::print("Folder {}\nMain file {}\n\n", loaded->configs_folder,
             loaded->main_file.empty() ? "none: defaults" : loaded->main_file);
  FindingList findings;
  for (auto* check : {check_configuration, check_certificates, check_listening_ports, check_media_ports,
                      check_addresses, check_stun, check_turn, check_limits}) {
    check(*loaded, findings);
  }
  print(findings);
  size_t problems = findings.count(Severity::problem);
  size_t warnings = findings.count(Severity::warning);
  if (problems == 0 && warnings == 0) fmt::print("\nNothing is wrong.\n");
  else fmt::print("\n{} problems, {} warnings.\n", problems, warnings);
  if (problems > 0) return 1;
  return warnings > 0 ? 2 : 0;
}

}  // namespace limen::app
