#include "broker_front/calls.h"

#include "base/strings.h"
#include "broker_front/fuzz_store.h"
#include "service/fakes.h"

namespace credential_broker::service {
namespace {

std::string Text(std::string_view text) {
  std::string coded;
  std::size_t rest = text.size();
  if (rest < 127) {
    return coded.append(1, static_cast<char>(rest)).append(text);
  }
  coded += '\x7f';
  for (rest -= 127; rest >= 128; rest /= 128) {
    coded += static_cast<char>(rest % 128 + 128);
  }
  return coded.append(1, static_cast<char>(rest)).append(text);
}
std::string Field(std::string_view name, std::string_view value) {
  return '\0' + Text(name) + Text(value);
}

}  // namespace

AccessPolicy PolicyOf(std::uint8_t number) {
  const std::string a(FuzzTokens::kAccountA);
  const std::string b(FuzzTokens::kAccountB);
  switch (number % kPolicies) {
    case 0:
      return AccessPolicy({{"default", Patterns({"unix:uid:*"})}, {"other", Patterns({a})}});
    case 1:
      return AccessPolicy({{"default", Patterns({b})}, {"other", Patterns({"unix:**"})}});
    case 2:
      return AccessPolicy({}, Patterns({"**"}), {{"default", Patterns({a})}});
    default:
      return AccessPolicy({});
  }
}

std::string HeaderBlock(std::uint8_t method, std::uint8_t bearer, std::uint8_t manner) {
  std::string block = (manner & 0x80) != 0 ? "\x82\x86" : "\x83\x86";
  block += "\x01" + Text("a");  // :authority
  block += "\x04" + Text(kPaths.at(method)) + Field("te", "trailers");
  block += Field("content-type", "application/grpc");
  if (!kBearers.at(bearer).empty()) {
    block += Field("authorization", StrCat("Bearer ", kBearers.at(bearer)));
  }
  static constexpr std::array<std::string_view, 4> kTimeouts = {"", "1n", "30m", "10S"};
  const std::string_view timeout = kTimeouts.at(manner % kTimeouts.size());
  return timeout.empty() ? block : block + Field("grpc-timeout", timeout);
}

}  // namespace credential_broker::service
