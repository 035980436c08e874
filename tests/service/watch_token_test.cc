#include "service/watch_token.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "service/fake_tokens.h"
#include "service/fakes.h"
#include "service/watch_stream.h"
#include "support/fake_clock.h"
#include "support/fake_loop.h"

namespace credential_broker::service {
namespace {

namespace api = ::investsuite::credentialbroker::v1;

// A client of WatchToken without a transport.
class Client {
 public:
  Client(WatchToken& service, std::shared_ptr<FakeLoop> loop, const std::string& credential = "",
         Peer peer = {}, const std::string& authorization = "") {
    if (!authorization.empty()) {
      call_.AddMetadata("authorization", authorization);
    }
    call_.set_executor(std::move(loop));
    call_.set_peer(std::move(peer));
    handler_ = service.Factory()(call_);
    api::WatchTokenRequest request;
    request.set_credential(credential);
    handler_->OnMessage(request.SerializeAsString());
    handler_->OnHalfClose();
  }

  FakeCall& call() { return call_; }
  const FakeCall& call() const { return call_; }
  std::size_t received() const { return call_.messages().size(); }
  api::WatchTokenResponse Last() const {
    api::WatchTokenResponse message;
    EXPECT_TRUE(received() > 0 && message.ParseFromString(call_.messages().back()));
    return message;
  }
  // "READY the-token", "UNAVAILABLE" and so on.
  std::string LastSeen() const {
    const api::WatchTokenResponse message = Last();
    const std::string state =
        api::Credential::State_Name(message.credential().state()).substr(sizeof("STATE_") - 1);
    return message.has_token() ? state + " " + message.token().value() : state;
  }
  std::string Reason() const { return ErrorInfoOf(*call_.finished()).reason(); }
  bool open() const { return !call_.finished().has_value(); }

  void StopReading() { call_.set_unsent(1); }
  void ReadOn() {
    call_.set_unsent(0);
    handler_->OnDrained();
  }
  void Hang() { handler_.reset(); }

 private:
  FakeCall call_;
  std::unique_ptr<rpc::CallHandler> handler_;
};

class WatchTokenTest : public testing::Test {
 protected:
  WatchTokenTest() { credential_->Show(Ready("first", "v1")); }
  ~WatchTokenTest() override { loop_->RefuseTasks(); }

  CredentialView Ready(std::string_view value, std::string_view version) {
    CredentialView view;
    view.token = MakeToken(clock_, value, version);
    view.status.name = "default";
    view.status.state = CredentialState::kReady;
    view.status.version = version;
    return view;
  }
  static CredentialView Without(CredentialState state) {
    CredentialView view;
    view.status.name = "default";
    view.status.state = state;
    return view;
  }
  static CredentialSet SetOf(std::shared_ptr<Credential> credential,
                             const std::vector<std::string>& patterns = {"anonymous"}) {
    std::map<std::string, std::shared_ptr<Credential>, std::less<>> all;
    std::map<std::string, std::vector<PrincipalPattern>, std::less<>> allow;
    if (credential != nullptr) {
      all["default"] = std::move(credential);
      allow["default"] = Patterns(patterns);
    }
    return CredentialSet(std::move(all), AccessPolicy(std::move(allow)));
  }
  void Reload(CredentialSet set) {
    credentials_.Replace(std::make_shared<const CredentialSet>(std::move(set)));
    service_.RecheckPermissions();
    loop_->RunPosted();
  }

  FakeClock clock_;
  std::shared_ptr<FakeCredential> credential_ = std::make_shared<FakeCredential>();
  CurrentCredentials credentials_{SetOf(credential_)};
  RecordedAudit audit_;
  Gatekeeper gatekeeper_{credentials_, audit_};
  WatchToken service_{gatekeeper_, clock_};
  std::shared_ptr<FakeLoop> loop_ = std::make_shared<FakeLoop>();
};

TEST_F(WatchTokenTest, SendsTheWholeStateAtOnce) {
  const Client client(service_, loop_);
  ASSERT_EQ(client.received(), 1U);
  const api::WatchTokenResponse message = client.Last();
  EXPECT_EQ(message.token().value(), "first");
  EXPECT_EQ(message.token().remaining_validity().seconds(), 300);
  EXPECT_EQ(message.credential().name(), "default");
  EXPECT_EQ(message.credential().state(), api::Credential::STATE_READY);
  EXPECT_TRUE(client.open());
}

TEST_F(WatchTokenTest, ARefusedKeyIsAStateAndNoError) {
  credential_->Show(Without(CredentialState::kRejected));
  const Client client(service_, loop_);
  EXPECT_EQ(client.LastSeen(), "REJECTED");
  EXPECT_TRUE(client.open());
}

TEST_F(WatchTokenTest, APrincipalHasNoMoreStreamsThanItMay) {
  Reload(SetOf(credential_, {"dns:orders", "dns:billing", "anonymous"}));
  KeyedPermits streams(2);
  const Gatekeeper gatekeeper(credentials_, audit_, {.streams = &streams});
  WatchToken service(gatekeeper, clock_);
  Peer orders;
  orders.has_certificate = true;
  orders.dns_sans = {"orders"};
  Peer billing = orders;
  billing.dns_sans = {"billing"};
  const Client first(service, loop_, "", orders);
  std::optional<Client> second(std::in_place, service, loop_, "", orders);
  const Client third(service, loop_, "", orders);
  EXPECT_TRUE(second->open());
  ASSERT_FALSE(third.open());
  EXPECT_EQ(third.Reason(), "CALLER_RATE_LIMITED");
  EXPECT_EQ(third.call().finished()->code(),
            static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(third.call().finished()->details_size(), 2);  // ErrorInfo, RetryInfo
  EXPECT_EQ(audit_.denied.back().principal, "dns:orders");
  EXPECT_EQ(audit_.denied.back().reason, Reason::kCallerRateLimited);
  EXPECT_TRUE(Client(service, loop_, "", billing).open());
  second.reset();
  EXPECT_TRUE(Client(service, loop_, "", orders).open());
  // Anonymous callers have the limits of their address alone.
  std::vector<std::unique_ptr<Client>> anonymous;
  for (int i = 0; i < 5; ++i) {
    anonymous.push_back(std::make_unique<Client>(service, loop_));
    EXPECT_TRUE(anonymous.back()->open());
  }
}

TEST_F(WatchTokenTest, SendsEachChangeOnTheStreamsLoop) {
  const Client client(service_, loop_);
  credential_->Show(Ready("second", "v2"));
  EXPECT_EQ(client.received(), 1U);
  loop_->RunPosted();
  EXPECT_EQ(client.LastSeen(), "READY second");
  credential_->Show(Without(CredentialState::kUnavailable));
  loop_->RunPosted();
  EXPECT_EQ(client.LastSeen(), "UNAVAILABLE");
  EXPECT_EQ(client.received(), 3U);
}

TEST_F(WatchTokenTest, OneMessageIsMadeForAllStreamsAndOneTaskPostedToEachLoop) {
  const auto other_loop = std::make_shared<FakeLoop>();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 500; ++i) {
    clients.push_back(std::make_unique<Client>(service_, i % 2 == 0 ? loop_ : other_loop));
  }
  const int views = credential_->views();
  EXPECT_EQ(views, 1) << "the streams that open at one moment share their first message too";
  credential_->Show(Ready("second", "v2"));
  loop_->RunPosted();
  other_loop->RunPosted();
  EXPECT_EQ(credential_->views(), views + 1);
  EXPECT_EQ(loop_->posts(), 1);
  EXPECT_EQ(other_loop->posts(), 1);
  EXPECT_EQ(credential_->watches(), 1);
  for (const auto& client : clients) {
    ASSERT_EQ(client->LastSeen(), "READY second");
    EXPECT_EQ(client->call().shared().back(), clients.front()->call().shared().back());
  }
}

TEST_F(WatchTokenTest, ChangesThatComeBeforeTheLoopLooksAreOneMessage) {
  const Client client(service_, loop_);
  for (int i = 2; i < 10; ++i) {
    credential_->Show(Ready("token-" + std::to_string(i), "v" + std::to_string(i)));
  }
  loop_->RunPosted();
  EXPECT_EQ(client.received(), 2U);
  EXPECT_EQ(client.LastSeen(), "READY token-9");
  EXPECT_EQ(loop_->posts(), 1);
}

TEST_F(WatchTokenTest, ASlowReaderGetsTheLatestOnlyAndItIsMadeAnew) {
  Client client(service_, loop_);
  client.StopReading();
  for (int i = 2; i < 10; ++i) {
    credential_->Show(Ready("token-" + std::to_string(i), "v" + std::to_string(i)));
    loop_->RunPosted();
  }
  EXPECT_EQ(client.received(), 1U);
  clock_.Advance(absl::Seconds(20));
  client.ReadOn();
  ASSERT_EQ(client.received(), 2U);
  EXPECT_EQ(client.LastSeen(), "READY token-9");
  EXPECT_EQ(client.Last().token().remaining_validity().seconds(), 280);
  client.ReadOn();
  EXPECT_EQ(client.received(), 2U) << "nothing is new";
}

TEST_F(WatchTokenTest, AMessageThatNobodyHasBegunToReadIsReplaced) {
  Client client(service_, loop_);
  client.StopReading();
  client.call().set_can_take_back(true);
  credential_->Show(Ready("second", "v2"));
  loop_->RunPosted();
  ASSERT_EQ(client.received(), 1U);
  EXPECT_EQ(client.LastSeen(), "READY second");
  // I1 for one who does not read: the token is taken back when it is usable no more.
  credential_->Show(Without(CredentialState::kUnavailable));
  loop_->RunPosted();
  ASSERT_EQ(client.received(), 1U);
  EXPECT_EQ(client.LastSeen(), "UNAVAILABLE");
}

TEST_F(WatchTokenTest, ASlowReaderIsNotWrittenIntoTheAuditLogForWhatItDidNotGet) {
  Client client(service_, loop_);
  client.StopReading();
  credential_->Show(Ready("second", "v2"));
  loop_->RunPosted();
  credential_->Show(Ready("third", "v3"));
  loop_->RunPosted();
  client.ReadOn();
  ASSERT_EQ(audit_.issued.size(), 2U);
  EXPECT_EQ(audit_.issued[0].version, "v1");
  EXPECT_EQ(audit_.issued[1].version, "v3");
  EXPECT_EQ(audit_.issued[1].principal, "anonymous");
  EXPECT_EQ(audit_.issued[1].credential, "default");
}

TEST_F(WatchTokenTest, AMessageThatIsMadeIsNotSentBeyondTheEndOfItsToken) {
  const Client client(service_, loop_);
  CredentialView nearly_over = Ready("second", "v2");
  const auto token = MakeToken(clock_, "second", "v2");
  token->usable_until = clock_.Now() + absl::Milliseconds(50);
  nearly_over.token = token;
  credential_->Show(nearly_over);
  const Client other(service_, std::make_shared<FakeLoop>());
  EXPECT_EQ(other.LastSeen(), "READY second") << "so the message is made";
  clock_.Advance(absl::Milliseconds(50));
  credential_->ShowSilently(Without(CredentialState::kUnavailable));
  loop_->RunPosted();
  EXPECT_EQ(client.LastSeen(), "UNAVAILABLE");
}

TEST_F(WatchTokenTest, AStreamThatOpensLaterIsToldTheValidityThatIsLeftThen) {
  const Client early(service_, loop_);
  clock_.Advance(absl::Seconds(100));
  const Client late(service_, loop_);
  EXPECT_EQ(late.Last().token().remaining_validity().seconds(), 200);
}

TEST_F(WatchTokenTest, StreamsThatAreGoneAreForgotten) {
  Client first(service_, loop_);
  Client second(service_, loop_);
  EXPECT_EQ(service_.StreamCounts(), (std::map<std::string, std::size_t>{{"default", 2}}));
  first.Hang();
  EXPECT_EQ(service_.StreamCounts(), (std::map<std::string, std::size_t>{{"default", 1}}));
  credential_->Show(Ready("second", "v2"));
  second.Hang();
  loop_->RunPosted();
  EXPECT_TRUE(service_.StreamCounts().empty());
  EXPECT_EQ(credential_->watches(), 0);
}

TEST_F(WatchTokenTest, AStreamDoesNotKeepItsCredentialAlive) {
  const Client client(service_, loop_);
  loop_->RunPosted();
  EXPECT_EQ(credential_.use_count(), 2);  // ours and the set's
}

TEST_F(WatchTokenTest, ErrorsAtTheStartAreThoseOfGetToken) {
  Peer stranger;
  stranger.unix_uid = 7;
  const Client not_allowed(service_, loop_, "", stranger);
  EXPECT_EQ(not_allowed.Reason(), "CALLER_NOT_ALLOWED");
  EXPECT_EQ(not_allowed.received(), 0U);
  const Client bad_name(service_, loop_, "No Such");
  EXPECT_EQ(bad_name.Reason(), "INVALID_REQUEST");
  EXPECT_EQ(audit_.denied.size(), 1U);
  EXPECT_TRUE(audit_.issued.empty());
}

TEST_F(WatchTokenTest, WithdrawnPermissionEndsTheStream) {
  Peer peer;
  peer.unix_uid = 7;
  credentials_.Replace(
      std::make_shared<const CredentialSet>(SetOf(credential_, {"anonymous", "unix:uid:7"})));
  const Client stays(service_, loop_);
  const Client goes(service_, loop_, "", peer);
  Reload(SetOf(credential_));
  ASSERT_FALSE(goes.open());
  EXPECT_EQ(goes.call().finished()->code(), static_cast<int>(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(goes.Reason(), "CALLER_NOT_ALLOWED");
  EXPECT_TRUE(stays.open());
  EXPECT_EQ(stays.received(), 1U) << "for it nothing has changed";
  ASSERT_EQ(audit_.denied.size(), 1U);
  EXPECT_EQ(audit_.denied[0].principal, "unix:uid:7");
  credential_->Show(Ready("second", "v2"));
  loop_->RunPosted();
  EXPECT_EQ(goes.received(), 1U);
  EXPECT_EQ(stays.received(), 2U);
}

TEST_F(WatchTokenTest, APermissionThatIsWithdrawnWhileAStreamJoinsEndsIt) {
  // Calls `on_join` when it has been admitted and is not yet where reloads reach it.
  struct JoiningCall : FakeCall {
    std::shared_ptr<Executor> executor() override {
      on_join();
      return FakeCall::executor();
    }
    std::function<void()> on_join;
  };
  JoiningCall call;
  call.set_executor(loop_);
  call.on_join = [this] { Reload(SetOf(credential_, {"unix:uid:7"})); };
  const auto stream = service_.Factory()(call);
  stream->OnMessage(api::WatchTokenRequest().SerializeAsString());
  ASSERT_TRUE(call.finished().has_value());
  EXPECT_EQ(call.finished()->code(), static_cast<int>(absl::StatusCode::kPermissionDenied));
  EXPECT_TRUE(call.messages().empty());
  EXPECT_TRUE(audit_.issued.empty());
}

TEST_F(WatchTokenTest, ARemovedCredentialEndsItsStreams) {
  const Client client(service_, loop_);
  Reload(SetOf(nullptr));
  ASSERT_FALSE(client.open());
  EXPECT_EQ(client.Reason(), "CALLER_NOT_ALLOWED");
}

TEST_F(WatchTokenTest, StreamsGoOverToTheCredentialThatReplacesTheirs) {
  const Client client(service_, loop_);
  const auto replacement = std::make_shared<FakeCredential>();
  replacement->Show(Without(CredentialState::kPending));
  Reload(SetOf(replacement));
  loop_->RunPosted();
  EXPECT_TRUE(client.open());
  EXPECT_EQ(client.LastSeen(), "PENDING");
  EXPECT_EQ(credential_->watches(), 0);
  replacement->Show(Ready("of the new one", "v9"));
  loop_->RunPosted();
  EXPECT_EQ(client.LastSeen(), "READY of the new one");
}

TEST_F(WatchTokenTest, AStreamThatOpensAfterTheReloadBringsTheOthersAlong) {
  const Client early(service_, loop_);
  const auto replacement = std::make_shared<FakeCredential>();
  replacement->Show(Ready("of the new one", "v9"));
  credentials_.Replace(std::make_shared<const CredentialSet>(SetOf(replacement)));
  const Client late(service_, loop_);
  EXPECT_EQ(late.LastSeen(), "READY of the new one");
  loop_->RunPosted();
  EXPECT_EQ(early.LastSeen(), "READY of the new one");
}

TEST_F(WatchTokenTest, ShutdownEndsOpenAndLaterStreamsWithTheTimeToRetry) {
  const Client open(service_, loop_);
  service_.Shutdown();
  loop_->RunPosted();
  const Client late(service_, loop_);
  for (const Client* client : {&open, &late}) {
    ASSERT_FALSE(client->open());
    EXPECT_EQ(client->call().finished()->code(), static_cast<int>(absl::StatusCode::kUnavailable));
    EXPECT_EQ(client->Reason(), "SHUTTING_DOWN");
    EXPECT_TRUE(RetryDelayOf(*client->call().finished()).has_value());
  }
  EXPECT_EQ(late.received(), 0U);
  credential_->Show(Ready("second", "v2"));
  loop_->RunPosted();
  EXPECT_EQ(open.received(), 1U);
}

TEST_F(WatchTokenTest, ARequestThatDoesNotParseIsRefused) {
  FakeCall call;
  call.set_executor(loop_);
  const auto handler = service_.Factory()(call);
  handler->OnMessage("\xff\xff");
  EXPECT_EQ(call.finished()->code(), static_cast<int>(absl::StatusCode::kInternal));
}

TEST_F(WatchTokenTest, AStreamByTokenEndsWithItsTokenAndIsAudited) {
  constexpr std::string_view kAccount = "system:serviceaccount:orders:api";
  credentials_.Replace(std::make_shared<const CredentialSet>(SetOf(credential_, {"**"})));
  FakeTokens tokens;
  tokens.known.insert_or_assign("a.b.c", Verified(kAccount, clock_.Now() + absl::Seconds(10),
                                                  clock_.WallNow() + absl::Seconds(3)));
  const Gatekeeper gatekeeper(credentials_, audit_, {.tokens = &tokens});
  WatchToken service(gatekeeper, clock_);
  Client by_token(service, loop_, "", {}, "Bearer a.b.c");
  Client anonymous(service, loop_);
  EXPECT_EQ(by_token.LastSeen(), "READY first");
  EXPECT_TRUE(anonymous.call().timers().empty());
  ASSERT_EQ(by_token.call().timers().size(), 1U);
  clock_.JumpWall(absl::Seconds(3));
  by_token.call().FireTimer();
  ASSERT_FALSE(by_token.open());
  EXPECT_EQ(by_token.Reason(), "CALLER_UNAUTHENTICATED");
  EXPECT_TRUE(anonymous.open());
  ASSERT_EQ(audit_.denied.size(), 1U);
  EXPECT_EQ(audit_.denied[0].principal, kAccount);
  EXPECT_EQ(audit_.denied[0].credential, "default");
}

TEST_F(WatchTokenTest, ADenyThatIsReloadedEndsTheStream) {
  Client client(service_, loop_);
  EXPECT_TRUE(client.open());
  Reload(CredentialSet({{"default", credential_}},
                       AccessPolicy({{"default", Patterns({"anonymous"})}}, {},
                                    {{"default", Patterns({"anonymous"})}})));
  ASSERT_FALSE(client.open());
  EXPECT_EQ(client.Reason(), "CALLER_NOT_ALLOWED");
}

}  // namespace
}  // namespace credential_broker::service
