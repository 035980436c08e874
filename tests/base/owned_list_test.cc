#include "base/owned_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/intrusive_list.h"

namespace credential_broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Item;
using PendingHook = ListHook<Item, struct Pending>;
using PendingList = IntrusiveList<Item, struct Pending>;

struct Item : PendingHook {
  explicit Item(int number) : name(number) {}
  int name;
};

std::vector<int> Names(PendingList& list) {
  std::vector<int> names;
  while (Item* const item = list.PopFront()) {
    names.push_back(item->name);
  }
  return names;
}

TEST(IntrusiveList, KeepsTheOrderOfInsertion) {
  Item a(1);
  Item b(2);
  Item c(3);
  PendingList list;
  for (Item* item : {&a, &b, &c}) {
    list.PushBack(*item);
  }
  EXPECT_THAT(Names(list), ElementsAre(1, 2, 3));
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(a.linked());
}

TEST(IntrusiveList, AnElementThatIsDestroyedLeavesTheList) {
  Item a(1);
  std::optional<Item> b(2);
  Item c(3);
  PendingList list;
  list.PushBack(a);
  list.PushBack(*b);
  list.PushBack(c);
  b.reset();
  EXPECT_THAT(Names(list), ElementsAre(1, 3));
}

TEST(IntrusiveList, AnElementIsInOneListOnce) {
  Item a(1);
  Item b(2);
  PendingList first;
  PendingList second;
  first.PushBack(a);
  first.PushBack(b);
  first.PushBack(a);
  second.PushBack(b);
  EXPECT_THAT(Names(first), ElementsAre(1));
  EXPECT_THAT(Names(second), ElementsAre(2));
}

TEST(IntrusiveList, TakeAllMovesInOrderAndLeavesNothing) {
  Item a(1);
  Item b(2);
  Item c(3);
  PendingList to;
  PendingList from;
  to.PushBack(a);
  from.PushBack(b);
  from.PushBack(c);
  to.TakeAll(from);
  EXPECT_TRUE(from.empty());
  to.TakeAll(from);
  EXPECT_THAT(Names(to), ElementsAre(1, 2, 3));
}

TEST(IntrusiveList, AListThatIsDestroyedLeavesItsElementsInNone) {
  Item a(1);
  {
    PendingList list;
    list.PushBack(a);
  }
  EXPECT_FALSE(a.linked());
}

// Notes its end.
class Session : public Owned<Session> {
 public:
  Session(int number, std::vector<int>& destroyed) : name(number), destroyed_(destroyed) {}

  void Call(const std::function<void()>& inside) {
    const InUse in_use(*this);
    inside();
  }

  const int name;

 private:
  friend class OwnedList<Session>;
  ~Session() { destroyed_.push_back(name); }

  std::vector<int>& destroyed_;
};

TEST(OwnedList, DestroysWhatIsRetiredAndNotBefore) {
  std::vector<int> destroyed;
  OwnedList<Session> list;
  Session& a = list.Emplace(1, destroyed);
  list.Emplace(2, destroyed);
  list.Retire(a);
  list.Retire(a);
  EXPECT_THAT(destroyed, IsEmpty());
  EXPECT_EQ(list.size(), 1U);
  EXPECT_EQ(list.DestroyRetired(), 1U);
  EXPECT_THAT(destroyed, ElementsAre(1));
  EXPECT_EQ(list.DestroyRetired(), 0U);
}

TEST(OwnedList, DestroysEverythingWithItself) {
  std::vector<int> destroyed;
  {
    OwnedList<Session> list;
    list.Emplace(1, destroyed);
    list.Retire(list.Emplace(2, destroyed));
  }
  EXPECT_THAT(destroyed, ElementsAre(2, 1));
}

TEST(OwnedList, ForEachMayRetireAndAdd) {
  std::vector<int> destroyed;
  std::vector<int> visited;
  OwnedList<Session> list;
  std::vector<Session*> sessions;
  for (int name : {1, 2, 3}) {
    sessions.push_back(&list.Emplace(name, destroyed));
  }
  list.ForEach([&](Session& session) {
    visited.push_back(session.name);
    if (session.name == 1) {
      list.Retire(session);
      list.Retire(*sessions[2]);
      list.Emplace(4, destroyed);
    }
  });
  EXPECT_THAT(visited, ElementsAre(1, 2));
  EXPECT_EQ(list.size(), 2U);
  list.DestroyRetired();
  EXPECT_THAT(destroyed, ElementsAre(1, 3));
}

TEST(OwnedList, RetiringInsideACallIsFine) {
  std::vector<int> destroyed;
  OwnedList<Session> list;
  Session& session = list.Emplace(1, destroyed);
  session.Call([&] { list.Retire(session); });
  EXPECT_EQ(list.DestroyRetired(), 1U);
}

TEST(OwnedListDeathTest, DestroyingInsideACallAborts) {
  std::vector<int> destroyed;
  OwnedList<Session> list;
  Session& session = list.Emplace(1, destroyed);
  EXPECT_DEATH(session.Call([&] {
    list.Retire(session);
    list.DestroyRetired();
  }),
               "");
}

}  // namespace
}  // namespace credential_broker
