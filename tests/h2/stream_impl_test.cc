#include "h2/stream_impl.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "h2/test_application.h"

namespace credential_broker::h2 {
namespace {

constexpr std::size_t kMegabyte = 1024 * 1024;

// Answers each request at once, without waiting for its end.
ScriptedApplication AnswersEarly(std::size_t body) {
  return ScriptedApplication([body](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(body, 'x'));
    stream.SendTrailers(EndTrailers());
    return Script();
  });
}

TEST(StreamImpl, SendsHeadersDataAndTrailers) {
  EchoApplication application(1000);
  auto server = StartServer(application);
  H2Answer answer = ConnectTo(*server)->Call("/");
  EXPECT_EQ(answer.Get(":status"), "200");
  EXPECT_EQ(answer.body, std::string(1000, 'x'));
  EXPECT_EQ(answer.Get("x-end"), "1");
  EXPECT_TRUE(answer.ended);
  EXPECT_FALSE(answer.reset.has_value());
}

TEST(StreamImpl, EarlyAnswerArrivesWholeBeforeTheReset) {
  auto application = AnswersEarly(40000);
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::int32_t stream = client->Request("/", false);
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).body.size(), 40000U);
  EXPECT_EQ(client->answer(stream).Get("x-end"), "1");
  EXPECT_EQ(client->answer(stream).reset, NGHTTP2_NO_ERROR);
}

TEST(StreamImpl, StreamsThatAreNeverHalfClosedGiveTheirSlotBack) {
  EchoApplication application;
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  for (int i = 0; i < 300; ++i) {
    std::int32_t stream = client->Request("/early", false);
    ASSERT_TRUE(client->AwaitAnswer(stream)) << i;
    ASSERT_EQ(client->answer(stream).Get(":status"), "200") << i;
  }
  EXPECT_TRUE(client->goaways().empty());
}

TEST(StreamImpl, DataOfAStreamThatWasResetGivesTheConnectionWindowBack) {
  EchoApplication application;
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  // Each stream sends 60 KB that nobody reads: more than the connection's window in all.
  for (int i = 0; i < 40; ++i) {
    std::int32_t stream = client->Request("/early", false);
    client->SendData(stream, std::string(60000, 'd'), false);
    ASSERT_TRUE(client->AwaitAnswer(stream)) << i;
  }
  EXPECT_EQ(client->Call("/echo", std::string(kMegabyte, 'e')).body.size(), kMegabyte);
}

TEST(StreamImpl, BytesThatAreNotConsumedGoBackWhenTheStreamCloses) {
  ScriptedApplication application([](Stream&, const RequestHead&) {
    Script script;
    script.on_data = [](Stream&, std::string_view) {};
    script.on_end = [](Stream& s) { s.SendHeadersOnly(OkHeaders()); };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(client->Call("/", std::string(60000, 'd')).Get(":status"), "200") << i;
  }
}

TEST(StreamImpl, TrailersNeedNoWindow) {
  ScriptedApplication application([](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    Script script;
    script.on_end = [](Stream& s) { s.SendTrailers(EndTrailers()); };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server, /*stream_window=*/0);
  H2Answer answer = client->Call("/");
  EXPECT_EQ(answer.Get("x-end"), "1");
}

TEST(StreamImpl, TrailersArriveWhenTheWindowWasUsedUpByTheLastByte) {
  ScriptedApplication application([](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(1000, 'x'));
    Script script;
    script.on_drained = [](Stream& s) { s.SendTrailers(EndTrailers()); };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server, /*stream_window=*/1000, /*auto_window_update=*/false);
  H2Answer answer = client->Call("/");
  EXPECT_EQ(answer.body.size(), 1000U);
  EXPECT_EQ(answer.Get("x-end"), "1");
}

TEST(StreamImpl, TrailersWaitForDataThatWaitsForTheWindow) {
  auto application = AnswersEarly(3000);
  auto server = StartServer(application);
  auto client = ConnectTo(*server, /*stream_window=*/1000, /*auto_window_update=*/false);
  std::int32_t stream = client->Request("/", true);
  ASSERT_TRUE(client->Await([&] { return client->answer(stream).body.size() == 1000; }));
  EXPECT_TRUE(client->answer(stream).trailers.empty());
  client->Consume(stream, 1000);
  ASSERT_TRUE(client->Await([&] { return client->answer(stream).body.size() == 2000; }));
  client->Consume(stream, 1000);
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).body.size(), 3000U);
  EXPECT_EQ(client->answer(stream).Get("x-end"), "1");
}

TEST(StreamImpl, HeadersGoOutBeforeThereIsData) {
  Signal opened;
  Stream* answering = nullptr;
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    answering = &stream;
    stream.SendHeaders(OkHeaders());
    opened.Notify();
    return Script();
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::int32_t stream = client->Request("/", true);
  ASSERT_TRUE(client->Await([&] { return !client->answer(stream).headers.empty(); }));
  EXPECT_FALSE(client->answer(stream).ended);
  ASSERT_TRUE(opened.Await());
  answering->loop().Post([&] {
    answering->SendData(std::string("late"));
    answering->SendTrailers(EndTrailers());
  });
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).body, "late");
}

TEST(StreamImpl, ManyPayloadsKeepTheirOrder) {
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    expected += std::to_string(i) + ",";
  }
  auto shared = std::make_shared<const std::string>("shared");
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    for (int i = 0; i < 1000; ++i) {
      stream.SendData(std::to_string(i) + ",");
    }
    stream.SendData(shared);
    stream.SendTrailers(EndTrailers());
    return Script();
  });
  auto server = StartServer(application);
  EXPECT_EQ(ConnectTo(*server, 100)->Call("/").body, expected + "shared");
}

TEST(StreamImpl, EchoesMoreThanAllWindowsHold) {
  EchoApplication application;
  auto server = StartServer(application);
  std::string body(3 * kMegabyte, 'b');
  for (std::size_t i = 0; i < body.size(); i += 1000) {
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  }
  EXPECT_EQ(ConnectTo(*server)->Call("/echo", body).body, body);
}

TEST(StreamImpl, ASenderThatHeedsOnDrainedHoldsOnePayloadForASlowReader) {
  constexpr std::size_t kChunk = 32 * 1024;
  constexpr std::size_t kChunks = 64;
  std::atomic<std::size_t> most{0};
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(kChunk, 'x'));
    Script script;
    script.on_drained = [&, sent = std::size_t{1}](Stream& s) mutable {
      if (sent++ == kChunks) {
        s.SendTrailers(EndTrailers());
        return;
      }
      s.SendData(std::string(kChunk, 'x'));
      most = std::max(most.load(), s.unsent_bytes());
    };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server, 10000, /*auto_window_update=*/false);
  std::int32_t stream = client->Request("/", true);
  std::size_t consumed = 0;
  ASSERT_TRUE(client->Await([&] {
    std::size_t got = client->answer(stream).body.size();
    client->Consume(stream, got - consumed);
    consumed = got;
    client->Flush();
    return client->answer(stream).closed;
  }));
  EXPECT_EQ(client->answer(stream).body.size(), kChunk * kChunks);
  EXPECT_LE(most, kChunk);
}

TEST(StreamImpl, ASenderThatIsNotConsumedIsHeldBack) {
  Signal opened;
  std::atomic<std::size_t> received{0};
  Stream* held = nullptr;
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    held = &stream;
    opened.Notify();
    Script script;
    script.on_data = [&](Stream&, std::string_view bytes) { received += bytes.size(); };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::int32_t stream = client->Request("/", false);
  client->SendData(stream, std::string(kMegabyte, 'd'), true);
  client->Flush();
  // All that has been sent by now has arrived when the PING is answered.
  auto ping = [&] {
    int before = client->pings_answered();
    client->Ping();
    return client->Await([&] { return client->pings_answered() > before; });
  };
  ASSERT_TRUE(ping());
  ASSERT_TRUE(opened.Await());
  EXPECT_EQ(received, 65535U);
  EventLoop& loop = held->loop();
  for (std::size_t consumed = 0; consumed < kMegabyte;) {
    Signal done;
    loop.Post([&] {
      std::size_t got = received.load() - consumed;
      held->Consume(got);
      consumed += got;
      if (consumed == kMegabyte) {
        held->SendHeadersOnly(OkHeaders());
      }
      done.Notify();
    });
    ASSERT_TRUE(done.Await());
    ASSERT_TRUE(ping());
  }
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).Get(":status"), "200");
}

TEST(StreamImpl, DataOfWhichNothingHasGoneOutCanBeTakenBackAndReplaced) {
  std::atomic<bool> taken_back{false};
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(1000, 'x'));
    Script script;
    script.on_drained = [](Stream& s) { s.SendData(std::string("old")); };
    script.on_end = [&](Stream& s) {
      taken_back = s.TakeBack() && s.unsent_bytes() == 0;
      s.SendData(std::string("new"));
      s.SendTrailers(EndTrailers());
    };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server, /*stream_window=*/1000, /*auto_window_update=*/false);
  std::int32_t stream = client->Request("/", false);
  ASSERT_TRUE(client->Await([&] { return client->answer(stream).body.size() == 1000; }));
  // The end is read before the window opens: frames of a connection keep their order.
  client->SendData(stream, "", true);
  client->Flush();
  client->Consume(stream, 1000);
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).body, std::string(1000, 'x') + "new");
  EXPECT_TRUE(taken_back);
}

TEST(StreamImpl, DataOfWhichAPartHasGoneOutStays) {
  std::atomic<bool> taken_back{true};
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(1500, 'x'));
    Script script;
    script.on_end = [&](Stream& s) {
      taken_back = s.TakeBack();
      s.SendTrailers(EndTrailers());
    };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server, /*stream_window=*/1000, /*auto_window_update=*/false);
  std::int32_t stream = client->Request("/", false);
  ASSERT_TRUE(client->Await([&] { return client->answer(stream).body.size() == 1000; }));
  client->SendData(stream, "", true);
  client->Flush();
  client->Consume(stream, 1000);
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).body.size(), 1500U);
  EXPECT_FALSE(taken_back);
}

TEST(StreamImpl, ResetDropsWhatIsQueued) {
  ScriptedApplication application([](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(kMegabyte / 2, 'x'));
    stream.SendTrailers(EndTrailers());
    stream.Reset(NGHTTP2_CANCEL);
    EXPECT_EQ(stream.unsent_bytes(), 0U);
    return Script();
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::int32_t stream = client->Request("/", true);
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).reset, NGHTTP2_CANCEL);
  EXPECT_TRUE(client->answer(stream).body.empty());
}

TEST(StreamImpl, HandlerIsDestroyedWhenTheClientResets) {
  Signal destroyed;
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    Script script;
    script.on_destroy = [&] { destroyed.Notify(); };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::int32_t stream = client->Request("/", false);
  ASSERT_TRUE(client->Await([&] { return !client->answer(stream).headers.empty(); }));
  EXPECT_EQ(destroyed.count(), 0);
  client->Reset(stream, NGHTTP2_CANCEL);
  client->Flush();
  EXPECT_TRUE(destroyed.Await());
}

TEST(StreamImpl, HandlerIsNeverDestroyedInsideItsOwnCalls) {
  std::atomic<bool> inside{false};
  std::atomic<bool> destroyed_inside{false};
  Signal destroyed;
  ScriptedApplication application([&](Stream&, const RequestHead&) {
    Script script;
    auto guarded = [&](Stream& s) {
      inside = true;
      s.SendHeadersOnly(OkHeaders());
      s.Reset(NGHTTP2_CANCEL);
      s.Reset(NGHTTP2_CANCEL);
      s.SendHeadersOnly(OkHeaders());
      inside = false;
    };
    script.on_data = [=](Stream& s, std::string_view) { guarded(s); };
    script.on_end = guarded;
    script.on_destroy = [&] {
      destroyed_inside = destroyed_inside || inside;
      destroyed.Notify();
    };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  for (int i = 0; i < 20; ++i) {
    std::int32_t stream = client->Request("/", false);
    client->SendData(stream, "body", true);
    ASSERT_TRUE(client->AwaitAnswer(stream));
  }
  EXPECT_TRUE(destroyed.Await(20));
  EXPECT_FALSE(destroyed_inside);
}

TEST(StreamImpl, NothingIsDeliveredOnceTheAnswerIsWhole) {
  std::atomic<int> calls{0};
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeadersOnly(OkHeaders());
    Script script;
    script.on_data = [&](Stream&, std::string_view) { ++calls; };
    script.on_end = [&](Stream&) { ++calls; };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  EXPECT_EQ(client->Call("/", "body").Get(":status"), "200");
  EXPECT_EQ(calls, 0);
}

TEST(StreamImpl, PassesTheRequestHeadInOrder) {
  RequestHead seen;
  ScriptedApplication application([&](Stream& stream, const RequestHead& head) {
    seen = head;
    stream.SendHeadersOnly(OkHeaders());
    return Script();
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::int32_t stream =
      client->Request("/a/b", true, {{"x", "1"}, {"y", ""}, {"x", "2"}, {"z", " spaces "}});
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a/b");
  EXPECT_EQ(seen.scheme, "http");
  EXPECT_EQ(seen.authority, "test");
  EXPECT_FALSE(seen.too_large);
  ASSERT_EQ(seen.headers.size(), 4U);
  EXPECT_EQ(seen.headers[0].value + seen.headers[2].value, "12");
  EXPECT_EQ(seen.headers[3].value, " spaces ");
}

TEST(StreamImpl, RequestTrailersAreNotMixedUpWithHeaders) {
  Signal ended;
  ScriptedApplication application([&](Stream&, const RequestHead&) {
    Script script;
    script.on_end = [&](Stream& s) {
      ended.Notify();
      s.SendHeadersOnly(OkHeaders());
    };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::int32_t stream = client->Request("/", false);
  client->Flush();
  std::string name = "t";
  nghttp2_nv trailer{reinterpret_cast<std::uint8_t*>(name.data()),
                     reinterpret_cast<std::uint8_t*>(name.data()), 1, 1, NGHTTP2_NV_FLAG_NONE};
  nghttp2_submit_trailer(client->session(), stream, &trailer, 1);
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(ended.count(), 1);
}

TEST(StreamImpl, AHeaderListThatIsTooLargeIsAnsweredByTheApplication) {
  std::atomic<std::size_t> kept{0};
  ScriptedApplication application([&](Stream& stream, const RequestHead& head) {
    for (const Header& header : head.headers) {
      kept += header.name.size() + header.value.size() + 32;
    }
    std::array<HeaderView, 1> refused = {{{":status", head.too_large ? "431" : "200"}}};
    stream.SendHeadersOnly(refused);
    return Script();
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::vector<H2Field> fields(30, {"x-large", std::string(2000, 'v')});
  std::int32_t large = client->Request("/", true, fields);
  ASSERT_TRUE(client->AwaitAnswer(large));
  EXPECT_EQ(client->answer(large).Get(":status"), "431");
  EXPECT_LE(kept, Limits().max_header_list);
  EXPECT_EQ(server->counters().header_lists_too_large.value(), 1U);
  // Just within: 4 pseudo headers make 170 bytes, "x" with its value the rest.
  fields = {{"x", std::string(8 * 1024 - 170 - 33, 'v')}};
  std::int32_t fits = client->Request("/", true, fields);
  ASSERT_TRUE(client->AwaitAnswer(fits));
  EXPECT_EQ(client->answer(fits).Get(":status"), "200");
  fields[0].value += 'v';
  std::int32_t over = client->Request("/", true, fields);
  ASSERT_TRUE(client->AwaitAnswer(over));
  EXPECT_EQ(client->answer(over).Get(":status"), "431");
  EXPECT_EQ(client->remote_setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 8U * 1024);
}

}  // namespace
}  // namespace credential_broker::h2
