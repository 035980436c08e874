#include "rpc/message_reader.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;

// All whole messages that come of feeding `pieces`; ends at an error.
struct Read {
  std::vector<std::string> messages;
  absl::Status status;
  std::size_t pending = 0;
};

Read ReadAll(const std::vector<std::string>& pieces, std::size_t max_message = 1000) {
  MessageReader reader(max_message);
  Read read;
  for (const std::string& original : pieces) {
    const std::string piece(original.begin(),
                            original.end());  // its own memory, so that a stale view shows
    reader.Feed(piece);
    while (true) {
      absl::StatusOr<std::optional<std::string_view>> message = reader.Next();
      if (!message.ok()) {
        read.status = message.status();
        return read;
      }
      if (!message->has_value()) {
        break;
      }
      read.messages.emplace_back(**message);
    }
    reader.Keep();
  }
  read.pending = reader.pending();
  return read;
}

TEST(MessageReader, FindsMessagesHoweverTheyAreSplit) {
  const std::string large(300, 'x');
  const std::string bytes = Frame("one") + Frame("") + Frame(large) + Frame("four");
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      pieces.push_back(bytes.substr(at, size));
    }
    const Read read = ReadAll(pieces);
    EXPECT_THAT(read.messages, ElementsAre("one", "", large, "four")) << "pieces of " << size;
    EXPECT_EQ(read.pending, 0U);
  }
}

TEST(MessageReader, ReturnsAMessageOfOnePieceWithoutACopy) {
  MessageReader reader(100);
  const std::string piece = Frame("whole");
  reader.Feed(piece);
  EXPECT_EQ((**reader.Next()).data(), piece.data() + 5);
}

TEST(MessageReader, CountsWhatIsLeftOfATruncatedMessage) {
  EXPECT_EQ(ReadAll({Frame("one"), Frame("cut").substr(0, 6)}).pending, 6U);
  EXPECT_EQ(ReadAll({std::string("\0\0\0", 3)}).pending, 3U);
}

TEST(MessageReader, GoesOnAfterBeingKeptInTheMiddleOfManyMessages) {
  MessageReader reader(100);
  {
    const std::string piece = Frame("one") + Frame("two") + Frame("three");
    reader.Feed(piece);
    EXPECT_EQ(**reader.Next(), "one");
    reader.Keep();
  }
  {
    const std::string piece = Frame("four");
    reader.Feed(piece);
    EXPECT_EQ(**reader.Next(), "two");
    reader.Keep();
  }
  EXPECT_EQ(**reader.Next(), "three");
  EXPECT_EQ(**reader.Next(), "four");
  EXPECT_EQ(*reader.Next(), std::nullopt);
}

TEST(MessageReader, RefusesTooLargeAMessageByItsPrefixAlone) {
  EXPECT_THAT(ReadAll({Frame(std::string(10, 'x'))}, 10).messages, ElementsAre("xxxxxxxxxx"));
  const Read read = ReadAll({Frame(std::string(11, 'x')).substr(0, 5)}, 10);
  EXPECT_EQ(read.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(read.status.message(), "a message has 11 bytes; at most 10 are taken");
  EXPECT_EQ(ReadAll({std::string("\0\xff\xff\xff\xff", 5)}).status.code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(MessageReader, RefusesFlags) {
  EXPECT_EQ(ReadAll({Frame("x", 1)}).status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReadAll({Frame("x", 2)}).status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReadAll({Frame("x", '\x80')}).status.code(), absl::StatusCode::kInternal);
}

TEST(MessageReader, GivesTheMemoryOfALargeMessageBackOnceItIsRead) {
  constexpr std::size_t kSize = 100'000;
  MessageReader reader(kSize);
  const std::string frame = Frame(std::string(kSize, 'x'));
  const std::string_view bytes = frame;
  reader.Feed(bytes.substr(0, kSize / 2));
  reader.Keep();
  reader.Feed(bytes.substr(kSize / 2));
  EXPECT_GE(reader.memory(), kSize);
  const absl::StatusOr<std::optional<std::string_view>> message = reader.Next();
  ASSERT_TRUE(message.ok() && message->has_value());
  reader.Keep();
  EXPECT_LE(reader.memory(), 4096U);
}

}  // namespace
}  // namespace credential_broker::rpc
