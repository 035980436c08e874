#include <csignal>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "cli/broker.h"
#include "cli/commands.h"
#include "cli/dev_mode.h"
#include "cli/exit_code.h"
#include "cli/hardening.h"
#include "cli/output.h"
#include "cli/reload_inbox.h"
#include "cli/reload_report.h"
#include "cli/reloader.h"
#include "cli/version.h"
#include "cli/write_file.h"
#include "config/watched_config.h"
#include "observe/log.h"

namespace credential_broker::cli {
namespace {

struct ServeOptions {
  std::string config_file;
  bool dev = false;
  std::string sandbox_ca_file;
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
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Takes signals until one of them ends the broker; returns that.
int AwaitEnd(const sigset_t& signals, const std::function<void()>& on_hangup) {
  for (;;) {
    int number = 0;
    sigwait(&signals, &number);
    if (number != SIGHUP) {
      return number;
    }
    on_hangup();
  }
}

// A second Ctrl-C is from a person who does not want to wait. A second SIGTERM is left to lie:
// supervisors and wrappers send it twice without meaning it, and they have SIGKILL.
void LetInterruptEndTheProcess() {
  signal(SIGINT, SIG_DFL);
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
}

observe::LogOptions LogOptionsOf(const config::LogConfig& config) {
  return {.level = observe::ParseLogLevel(config.level).value_or(observe::LogLevel::kInfo),
          .format = observe::ParseLogFormat(config.format).value_or(observe::LogFormat::kJson)};
}

// Prints the error after the lines that led to it.
int FailAfterLog(observe::Logger& log, const absl::Status& status) {
  log.Close();
  return FailLocally(status);
}

absl::StatusOr<std::unique_ptr<Broker>> StartBroker(const config::BrokerConfig& config,
                                                    observe::Logger& log) {
  log.Info("starting", {{"version", Version()}, {"credentials", config.credentials.size()}});
  return Broker::Start(config, log);
}

// `more`: fields beside the addresses that were bound.
void LogServing(const Broker& broker, std::initializer_list<observe::Field> more,
                observe::Logger& log) {
  std::vector<observe::Field> fields = {{"grpc", broker.address()}};
  if (!broker.http_address().empty()) {
    fields.emplace_back("http", broker.http_address());
  }
  const std::string admin = broker.admin_address();  // fields do not hold their texts
  if (!admin.empty()) {
    fields.emplace_back("admin", admin);
  }
  fields.insert(fields.end(), more);
  log.Log(observe::LogLevel::kInfo, "serving", fields);
}

void Drain(Broker& broker, int signal_number, observe::Logger& log) {
  log.Info("draining", {{"signal", signal_number}, {"drain_delay_seconds", broker.drain_delay()}});
  LetInterruptEndTheProcess();
  broker.Drain();
}

absl::Status WriteSandboxCa(const std::string& path, const DevMode& dev) {
  absl::Status status = path.empty() ? absl::OkStatus() : WriteFile(path, dev.ca_pem());
  return status.ok()
             ? status
             : absl::Status(status.code(), StrCat("--sandbox-ca-out: ", ToStd(status.message())));
}

int ServeDev(const ServeOptions& options, const sigset_t& signals) {
  const std::string listen = options.overrides.listen.value_or(DevMode::kDefaultListen);
  absl::StatusOr<std::unique_ptr<DevMode>> dev =
      DevMode::Start(listen, options.overrides.http_listen);
  if (!dev.ok()) {
    return FailLocally(dev.status());
  }
  config::LogConfig log_config = (*dev)->config().log;
  log_config.level = options.overrides.log_level.value_or(log_config.level);
  log_config.format = options.overrides.log_format.value_or(log_config.format);
  absl::StatusOr<std::unique_ptr<observe::Logger>> logger =
      observe::Logger::ToStandardError(LogOptionsOf(log_config), SystemClock());
  if (!logger.ok()) {
    return FailLocally(logger.status());
  }
  observe::Logger& log = **logger;
  absl::StatusOr<std::unique_ptr<Broker>> broker = StartBroker((*dev)->config(), log);
  if (!broker.ok()) {
    return FailAfterLog(log, broker.status());
  }
  if (absl::Status status = WriteSandboxCa(options.sandbox_ca_file, **dev); !status.ok()) {
    return FailAfterLog(log, status);
  }
  LogServing(**broker, {{"sandbox", (*dev)->sandbox_url()}}, log);
  const int number = AwaitEnd(signals, [&log] {
    log.Info("config_unchanged", {{"reason", "--dev has no file"}});
  });
  Drain(**broker, number, log);
  broker->reset();
  log.Info("stopped");
  return kExitOk;
}

int ServeFile(const ServeOptions& options, const sigset_t& signals) {
  ReloadInbox inbox(SystemClock());
  absl::StatusOr<std::unique_ptr<config::WatchedConfig>> watched = config::WatchedConfig::Start(
      options.config_file, options.overrides, config::ProcessEnvironment(),
      [&inbox](const std::vector<std::string>& changed) { inbox.FilesChanged(changed); });
  if (!watched.ok()) {
    return FailLocally(watched.status());
  }
  const absl::StatusOr<config::BrokerConfig> config = (*watched)->Load();
  if (!config.ok()) {
    return FailLocally(config.status());
  }
  absl::StatusOr<std::unique_ptr<observe::Logger>> logger =
      observe::Logger::ToStandardError(LogOptionsOf(config->log), SystemClock());
  if (!logger.ok()) {
    return FailLocally(logger.status());
  }
  observe::Logger& log = **logger;
  absl::StatusOr<std::unique_ptr<Broker>> broker = StartBroker(*config, log);
  if (!broker.ok()) {
    return FailAfterLog(log, broker.status());
  }
  ReloadReport report(log, config->log.level, &(*broker)->reload_observer());
  Reloader reloader(inbox, **watched, **broker, report, *config);
  if (absl::Status status = reloader.Start(); !status.ok()) {
    return FailAfterLog(log, status);
  }
  LogServing(**broker, {{"tls", config->server.has_tls}}, log);
  const int number = AwaitEnd(signals, [&inbox] { inbox.Ask(); });
  reloader.Stop();
  Drain(**broker, number, log);
  broker->reset();
  log.Info("stopped");
  return kExitOk;
}

int RunServe(const ServeOptions& options) {
  if (absl::Status status = GuardSecrets(); !status.ok()) {
    return FailLocally(status);
  }
  if (options.dev != options.config_file.empty()) {
    return FailLocally(absl::InvalidArgumentError(
        "serve needs either --config FILE, or --dev, which needs no file"));
  }
  if (!options.dev && !options.sandbox_ca_file.empty()) {
    return FailLocally(absl::InvalidArgumentError("--sandbox-ca-out needs --dev"));
  }
  RaiseDescriptorLimit();
  SilenceProtobuf();
  const sigset_t signals = HoldSignals();
  return options.dev ? ServeDev(options, signals) : ServeFile(options, signals);
}

}  // namespace

void AddServe(Command& root) {
  auto options = std::make_shared<ServeOptions>();
  Command& command = root.Add("serve", "Runs the broker");
  command.details =
      "Logs in to InvestSuite once for each credential of the configuration, keeps the sessions "
      "alive\n"
      "and gives their tokens to callers over gRPC, until SIGTERM or Ctrl-C. Then it reports\n"
      "NOT_SERVING, serves for another server.drain_delay (1s by default), lets calls in flight\n"
      "finish, and exits with 0 within 10 s of the delay's end; a second Ctrl-C ends it at once.\n"
      "A change of the configuration, or of a file that it names, is picked up by itself and on\n"
      "SIGHUP; a wrong one is refused whole. The log goes to standard error.\n"
      "A flag wins over its CREDENTIAL_BROKER_ variable, and that over the file.";
  command.examples = {"credential-broker serve --config /etc/credential-broker/config.yaml"};
  if (kHasSandbox) {
    command.examples.insert(
        command.examples.end(),
        {"", "# No files needed: a sandbox stands in for InvestSuite, on loopback only",
         "credential-broker serve --dev"});
  }
  const std::string availability = kHasSandbox ? "" : "; not in this build";
  command.options = {
      {.names = "--config",
       .value_name = "FILE",
       .help = "the configuration, in YAML; check-config checks it",
       .is_file = true,
       .assign = Into(options->config_file)},
      {.names = "--dev",
       .help = "plaintext on 127.0.0.1:8443 for everybody on this machine, with a sandbox as "
               "upstream and "
               "/statusz on 127.0.0.1:9090" +
               availability,
       .assign = Into(options->dev)},
      {.names = "--sandbox-ca-out",
       .value_name = "FILE",
       .help = "with --dev: writes the CA of the sandbox's certificate there, for curl --cacert" +
               availability,
       .is_file = true,
       .assign = Into(options->sandbox_ca_file)},
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
