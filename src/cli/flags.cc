#include "cli/flags.h"

#include <algorithm>
#include <cstddef>
#include <list>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

// The one place that knows CLI11, which is slow to compile.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "config/spelling.h"

namespace credential_broker::cli {
namespace {

// CLI11's objects for the options of a command.
struct Bound {
  const Option* option;
  CLI::Option* flag;
  std::string text;
};

absl::Status UnknownFlag(const Command& command, std::string_view word) {
  const std::string name(word.substr(0, word.find('=')));
  std::set<std::string> known = {"--help"};
  for (const Option& option : command.options) {
    for (absl::string_view one : absl::StrSplit(option.names, ',')) {
      known.emplace(one);
    }
  }
  const std::optional<std::string> nearest = config::NearestWord(name, known);
  return absl::InvalidArgumentError(
      StrCat("unknown flag ", name, nearest ? StrCat("; did you mean ", *nearest, "?") : ""));
}

absl::Status Unexpected(const Command& command, const std::string& word) {
  if (word.size() > 1 && word.front() == '-') {
    return UnknownFlag(command, word);
  }
  if (command.rest) {
    return absl::InvalidArgumentError(
        StrCat("unexpected argument \"", word, "\"; ", command.rest->name, " stands after --"));
  }
  return absl::InvalidArgumentError(StrCat("unexpected argument \"", word, "\""));
}

void Bind(Bound& bound, CLI::App& app) {
  if (bound.option->value_name.empty()) {
    bound.flag = app.add_flag(bound.option->names);
  } else {
    bound.flag =
        app.add_option(bound.option->names, bound.text)->type_name(bound.option->value_name);
  }
}

}  // namespace

absl::StatusOr<ParsedFlags> ParseFlags(const Command& command, std::vector<std::string> words) try {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  const CLI::Option* help = app.add_flag("-h,--help");
  std::list<Bound> bound;
  for (const Option& option : command.options) {
    bound.push_back({&option, nullptr, ""});
    Bind(bound.back(), app);
  }
  std::list<std::string> positionals;
  for (const Positional& positional : command.positionals) {
    app.add_option(positional.name, positionals.emplace_back());
  }

  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  app.parse(std::move(words));

  ParsedFlags parsed;
  parsed.help = help->count() > 0;
  for (const std::string& extra : app.remaining()) {
    // The mark behind which no word is a flag is left over too.
    if (!parsed.help && extra != "--") {
      return Unexpected(command, extra);
    }
  }
  for (const Bound& one : bound) {
    if (one.flag->count() > 0) {
      parsed.options.push_back(
          {one.option, one.option->value_name.empty() ? one.flag->as<std::string>() : one.text});
    }
  }
  for (std::string& positional : positionals) {
    if (!positional.empty()) {
      parsed.positionals.push_back(std::move(positional));
    }
  }
  return parsed;
} catch (const CLI::Error& error) {
  return absl::InvalidArgumentError(error.what());
}

}  // namespace credential_broker::cli
