#ifndef CREDENTIAL_BROKER_TESTS_WALK_FRAMES_H_
#define CREDENTIAL_BROKER_TESTS_WALK_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace credential_broker::walk {

// What a client of the walk speaks.
enum class Protocol { kStreams, kGrpc };

// How a choice is made: the next of [0, limit). From random numbers, or from a fuzzer's input.
class Choices {
 public:
  virtual ~Choices() = default;
  virtual std::uint32_t Below(std::uint32_t limit) = 0;
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }
};

// A connection's frames, good and bad. Remembers which streams it has opened.
class FrameMaker {
 public:
  FrameMaker(Protocol protocol, Choices& choices)
      : protocol_(protocol), choices_(choices), manners_(MannersOf(choices.Below(8))) {}

  // The preface, SETTINGS and, mostly, the acknowledgement of the server's.
  std::string Hello();
  // Opens a stream, with a program for its handler.
  std::string Request();
  bool orderly() const { return manners_ == Manners::kOrderly; }
  // Any one of the frames that a client may send and, where it is not orderly, may not.
  std::string Any();

  // How many streams it has opened and reset, bursts of them not counted as resets.
  std::uint32_t opened() const { return next_stream_ / 2; }
  std::uint32_t reset() const { return reset_; }

 private:
  std::string HeaderBlock();
  std::string Program(std::size_t most);
  std::string Body(std::size_t most);
  std::string Data();
  std::string WindowUpdate();
  std::string Settings();
  std::string Burst(std::uint32_t kind, std::uint32_t count);
  std::string ResetBurst(std::uint32_t count);
  std::string Flood();
  std::string LargeSection();
  std::string Wrong();
  // One that has been opened, mostly.
  std::uint32_t AnyStream();

  enum class Manners {
    kOrderly,  // sends what no server minds, so that its connection lasts
    kWild,     // anything
    kFlood,    // too much of something
  };
  static Manners MannersOf(std::uint32_t choice) {
    return choice % 2 == 0 ? Manners::kOrderly : choice == 7 ? Manners::kFlood : Manners::kWild;
  }

  std::string Orderly();
  std::string Wild();

  Protocol protocol_;
  Choices& choices_;
  const Manners manners_;
  std::uint32_t next_stream_ = 1;
  std::uint32_t reset_ = 0;
};

// A field of a header block: an HPACK literal that enters no table, without Huffman coding.
std::string LiteralField(std::string_view name, std::string_view value);

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_FRAMES_H_
