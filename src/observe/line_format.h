#ifndef CREDENTIAL_BROKER_OBSERVE_LINE_FORMAT_H_
#define CREDENTIAL_BROKER_OBSERVE_LINE_FORMAT_H_

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "observe/field.h"
#include "observe/log_level.h"

namespace credential_broker::observe {

// What a log line says, before it has a form.
struct LogRecord {
  absl::Time time;
  LogLevel level;
  std::string_view event;
  absl::Span<const Field> fields;
};

// One line without its end. Whatever a value holds, the result is one line of valid UTF-8: control
// characters are escaped, bytes that are no UTF-8 replaced, and texts longer than 2 KiB cut. Pure.
//
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","event":"token_obtained","credential":"default"}
//   03:04:05.678 INFO  token_obtained credential=default
std::string FormatJson(const LogRecord& record);
std::string FormatText(const LogRecord& record);

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_LINE_FORMAT_H_
