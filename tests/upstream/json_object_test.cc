#include "upstream/json_object.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace credential_broker::upstream {
namespace {

TEST(JsonObject, IsWhatAJsonLibraryReadsBack) {
  std::string every;
  for (int c = 0; c < 128; ++c) {
    every.push_back(static_cast<char>(c));
  }
  every += "é€😀";

  const WipedBuffer json = JsonObject({{"name", every}, {"\"odd\\", ""}});

  const nlohmann::json read = nlohmann::json::parse(json.view(), nullptr, false);
  ASSERT_TRUE(read.is_object());
  EXPECT_EQ(read.size(), 2U);
  EXPECT_EQ(read["name"], every);
  EXPECT_EQ(read["\"odd\\"], "");
}

TEST(JsonObject, MayBeEmpty) { EXPECT_EQ(JsonObject({}).view(), "{}"); }

}  // namespace
}  // namespace credential_broker::upstream
