#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/broker.h"
#include "cli/commands.h"
#include "cli/dev_mode.h"
#include "cli/exit_code.h"
#include "cli/hardening.h"
#include "cli/output.h"
#include "cli/version.h"
#include "config/load_config.h"
#include "core/strings.h"
#include "observe/log.h"

namespace credential_broker::cli {
namespace {

// Of the 10 s in which the process must have ended, the rest is for joining threads.
constexpr absl::Duration kDrainGrace = absl::Seconds(8);

struct ServeOptions {
  std::string config_file;
  bool dev = false;
  config::Overrides overrides;
};

Assign IntoOptional(std::optional<std::string>& target) {
  return [&target](std::string_view text, Origin) {
    target = std::string(text);
    return absl::OkStatus();
  };
}

// From here on, in every thread, these signals wait to be taken; a peer or a reader of the log that
// is gone is an error of the write, not of the process.
sigset_t HoldSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

observe::LogOptions LogOptionsOf(const config::LogConfig& config) {
  return {.level = observe::ParseLogLevel(config.level).value_or(observe::LogLevel::kInfo),
          .format = observe::ParseLogFormat(config.format).value_or(observe::LogFormat::kJson)};
}

// Serves until SIGTERM or SIGINT. `dev` is null but for --dev.
int ServeUntilSignal(const config::BrokerConfig& config, const DevMode* dev, observe::Logger& log,
                     const sigset_t& signals) {
  log.Info("starting", {{"version", Version()}, {"credentials", config.credentials.size()}});
  absl::StatusOr<std::unique_ptr<Broker>> broker = Broker::Start(config, log);
  if (!broker.ok()) {
    return FailLocally(broker.status());
  }
  if (dev != nullptr) {
    log.Info("serving", {{"grpc", (*broker)->address()},
                         {"sandbox", dev->sandbox_url()},
                         {"sandbox_ca_file", dev->ca_file()}});
  } else {
    log.Info("serving", {{"grpc", (*broker)->address()},
                         {"tls", config.server.has_tls},
                         {"admin", (*broker)->admin_address()}});
  }
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  log.Info("draining", {{"signal", signal_number}});
  (*broker)->Drain(kDrainGrace);
  broker->reset();
  log.Info("stopped");
  return kExitOk;
}

int ServeDev(const ServeOptions& options, const sigset_t& signals) {
  const std::string listen = options.overrides.listen.value_or(DevMode::kDefaultListen);
  absl::StatusOr<std::unique_ptr<DevMode>> dev = DevMode::Start(listen);
  if (!dev.ok()) {
    return FailLocally(dev.status());
  }
  config::LogConfig log_config = (*dev)->config().log;
  log_config.level = options.overrides.log_level.value_or(log_config.level);
  log_config.format = options.overrides.log_format.value_or(log_config.format);
  observe::Logger log(LogOptionsOf(log_config), SystemClock());
  return ServeUntilSignal((*dev)->config(), dev->get(), log, signals);
}

int RunServe(const ServeOptions& options) {
  if (absl::Status status = GuardSecrets(); !status.ok()) {
    return FailLocally(status);
  }
  if (options.dev != options.config_file.empty()) {
    return FailLocally(absl::InvalidArgumentError(
        "serve needs either --config FILE, or --dev, which needs no file"));
  }
  const sigset_t signals = HoldSignals();
  if (options.dev) {
    return ServeDev(options, signals);
  }
  const absl::StatusOr<config::BrokerConfig> config =
      config::LoadConfig(options.config_file, options.overrides, config::ProcessEnvironment());
  if (!config.ok()) {
    return FailLocally(config.status());
  }
  observe::Logger log(LogOptionsOf(config->log), SystemClock());
  return ServeUntilSignal(*config, nullptr, log, signals);
}

}  // namespace

void AddServe(Command& root) {
  auto options = std::make_shared<ServeOptions>();
  Command& command = root.Add("serve", "Runs the broker");
  command.details =
      "Logs in to InvestSuite once for each credential of the configuration, keeps the sessions "
      "alive\n"
      "and gives their tokens to callers over gRPC, until SIGTERM or Ctrl-C; then calls in flight\n"
      "finish, and it exits with 0 within 10 s. The log goes to standard error.\n"
      "A flag wins over its CREDENTIAL_BROKER_ variable, and that over the file.";
  command.examples = {"credential-broker serve --config /etc/credential-broker/config.yaml", "",
                      "# No files needed: a sandbox stands in for InvestSuite, on loopback only",
                      "credential-broker serve --dev"};
  command.options = {
      {.names = "--config",
       .value_name = "FILE",
       .help = "the configuration, in YAML; check-config checks it",
       .is_file = true,
       .assign = Into(options->config_file)},
      {.names = "--dev",
       .help =
           "plaintext on 127.0.0.1:8443 for everybody on this machine, with a sandbox as upstream",
       .assign = Into(options->dev)},
      {.names = "--listen",
       .value_name = "ADDRESS",
       .help = "host:port, [v6]:port or unix:/path, in place of server.listen",
       .assign = IntoOptional(options->overrides.listen)},
      {.names = "--http-listen",
       .value_name = "ADDRESS",
       .help = "in place of http.listen",
       .assign = IntoOptional(options->overrides.http_listen)},
      {.names = "--log-level",
       .value_name = "LEVEL",
       .help = "in place of log.level",
       .choices = {"debug", "info", "warn", "error"},
       .assign = IntoOptional(options->overrides.log_level)},
  };
  command.run = [options] { return RunServe(*options); };
}

}  // namespace credential_broker::cli
