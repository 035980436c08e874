#include "observe/call_metrics.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<MethodName> Methods() {
  return {{"unary", "s", "Get"}, {"server_stream", "s", "Watch"}};
}

std::string Text(const std::vector<const CallMetrics*>& all) {
  MetricWriter writer;
  WriteCallMetrics(all, writer);
  return std::move(writer).Take();
}

TEST(CallMetrics, CountsByMethodAndCode) {
  CallMetrics metrics(Methods());
  metrics.OnStarted(0);
  metrics.OnFinished(0, absl::StatusCode::kOk, absl::Microseconds(40));
  metrics.OnStarted(0);
  metrics.OnFinished(0, absl::StatusCode::kUnauthenticated, absl::Milliseconds(700));
  metrics.OnStarted(1);
  const std::string text = Text({&metrics});
  const std::string get = R"({grpc_type="unary",grpc_service="s",grpc_method="Get")";
  const std::string watch = R"({grpc_type="server_stream",grpc_service="s",grpc_method="Watch")";
  EXPECT_THAT(text, HasSubstr("grpc_server_started_total" + get + "} 2\n"));
  EXPECT_THAT(text, HasSubstr("grpc_server_started_total" + watch + "} 1\n"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handled_total" + get + ",grpc_code=\"OK\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("grpc_server_handled_total" + get + ",grpc_code=\"Unauthenticated\"} 1\n"));
  // Of a method that nobody has finished, OK alone is there.
  EXPECT_THAT(text, HasSubstr("grpc_server_handled_total" + watch + ",grpc_code=\"OK\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("Canceled")));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_bucket" + get + ",le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_bucket" + get + ",le=\"0.5\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_bucket" + get + ",le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_sum" + get + "} 0.70004\n"));
}

TEST(CallMetrics, PutsABoundIntoItsOwnBucketAndTheLongestIntoTheLast) {
  CallMetrics metrics(Methods());
  metrics.OnFinished(0, absl::StatusCode::kOk, absl::Milliseconds(1));
  metrics.OnFinished(0, absl::StatusCode::kOk, absl::Hours(24));
  const std::string text = Text({&metrics});
  const std::string get = R"({grpc_type="unary",grpc_service="s",grpc_method="Get",le=)";
  EXPECT_THAT(text, HasSubstr(get + "\"0.0005\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(get + "\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(get + "\"10\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(get + "\"+Inf\"} 2\n"));
}

TEST(CallMetrics, IsOneSeriesForAMethodOfTwoListeners) {
  CallMetrics one(Methods());
  CallMetrics other(Methods());
  one.OnStarted(0);
  other.OnStarted(0);
  const std::string text = Text({&one, &other});
  const std::string line =
      R"(grpc_server_started_total{grpc_type="unary",grpc_service="s",grpc_method="Get"} )";
  EXPECT_THAT(text, HasSubstr(line + "2\n"));
  EXPECT_THAT(text, Not(HasSubstr(line + "1\n")));
}

TEST(CallMetrics, LosesNothingOfMoreThreadsThanShards) {
  constexpr int kThreads = 24;
  constexpr int kCalls = 2000;
  CallMetrics metrics(Methods());
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&metrics] {
      for (int i = 0; i < kCalls; ++i) {
        metrics.OnStarted(1);
        metrics.OnFinished(1, absl::StatusCode::kOk, absl::Milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const std::string text = Text({&metrics});
  EXPECT_THAT(text, HasSubstr("grpc_method=\"Watch\"} 48000\n"));
  EXPECT_THAT(text, HasSubstr("grpc_method=\"Watch\",grpc_code=\"OK\"} 48000\n"));
  EXPECT_THAT(text, HasSubstr("grpc_method=\"Watch\"} 48\n"));  // seconds
}

}  // namespace
}  // namespace credential_broker::observe
