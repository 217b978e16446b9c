// --doctor: looks for what would keep browsers from connecting, says what to do, and exits.
#pragma once
#include "app/settings_loading.hpp"

namespace limen::app {

// Prints findings; the exit code: 0 all is well, 1 there are problems, 2 there are only warnings.
int run_doctor(const Result<LoadedSettings>& loaded);

}  // namespace limen::app
