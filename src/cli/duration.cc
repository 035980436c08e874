#include "cli/duration.h"

#include <algorithm>
#include <cstdint>

#include "base/strings.h"

namespace credential_broker::cli {

std::string ShortDuration(absl::Duration duration) {
  const std::int64_t seconds = std::max<std::int64_t>(0, absl::ToInt64Seconds(duration));
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  if (minutes == 0) {
    return StrCat(seconds, "s");
  }
  if (hours == 0) {
    return StrCat(minutes, "m", seconds % 60, "s");
  }
  if (hours < 24) {
    return StrCat(hours, "h", minutes % 60, "m");
  }
  return StrCat(hours / 24, "d", hours % 24, "h");
}

}  // namespace credential_broker::cli
