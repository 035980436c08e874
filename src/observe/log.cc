#include "observe/log.h"

#include <unistd.h>

#include <mutex>
#include <string>
#include <utility>

#include "observe/line_format.h"
#include "observe/log_writer.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/base_sink.h"

namespace credential_broker::observe {
namespace {

std::string FormatLine(LogFormat format, const LogRecord& record) {
  std::string line = format == LogFormat::kJson ? FormatJson(record) : FormatText(record);
  line += '\n';
  return line;
}

// Hands finished lines on: base_sink holds the lock.
class LineSinkAdapter : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSinkAdapter(LineSink line_sink) : sink_(std::move(line_sink)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    try {
      sink_(std::string_view(message.payload.data(), message.payload.size()));
    } catch (...) {  // NOLINT(bugprone-empty-catch): the line is lost; spdlog would pass on what is
                     // no std::exception
    }
  }
  void flush_() override {}

 private:
  const LineSink sink_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Logger>> Logger::ToStandardError(LogOptions options,
                                                                const Clock& clock) {
  auto dropped_line = [format = options.format, &clock](std::uint64_t dropped) {
    const Field fields[] = {{"lines", dropped}};
    return FormatLine(format, {clock.WallNow(), LogLevel::kWarn, "log_lines_dropped", fields});
  };
  absl::StatusOr<std::unique_ptr<LogWriter>> started =
      LogWriter::Start(STDERR_FILENO, std::move(dropped_line), clock);
  if (!started.ok()) {
    return started.status();
  }
  const std::shared_ptr<LogWriter> writer = *std::move(started);
  auto logger = std::make_unique<Logger>(options, clock,
                                         [writer](std::string_view line) { writer->Write(line); });
  logger->writer_ = writer;
  return logger;
}

Logger::Logger(LogOptions options, const Clock& clock, LineSink sink)
    : level_(options.level),
      format_(options.format),
      clock_(clock),
      out_(std::make_unique<spdlog::logger>("",
                                            std::make_shared<LineSinkAdapter>(std::move(sink)))) {
  out_->set_level(spdlog::level::trace);               // ours is asked before
  out_->set_error_handler([](const std::string&) {});  // spdlog's own writes to stderr by itself
}

Logger::~Logger() { Close(); }

void Logger::Close() {
  if (writer_ != nullptr) {
    writer_->Close();
  }
}

std::uint64_t Logger::lines_dropped() const { return writer_ == nullptr ? 0 : writer_->dropped(); }

void Logger::Write(LogLevel level, std::string_view event, absl::Span<const Field> fields) {
  const std::string line = FormatLine(format_, {clock_.WallNow(), level, event, fields});
  out_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace credential_broker::observe
