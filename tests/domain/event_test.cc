#include "flashsale/domain/event.h"

#include <doctest/doctest.h>

#include <set>
#include <string_view>

namespace flashsale {
namespace {

TEST_CASE("a set of edges holds what was added and nothing else") {
  Edges edges;
  CHECK(edges.empty());
  edges.Add(Edge::kSoldOut);
  edges.Add(Edge::kLineSoldOut);
  edges.Add(Edge::kSoldOut);
  CHECK_FALSE(edges.empty());
  for (int bit = 0; bit < 7; ++bit) {
    const auto edge = static_cast<Edge>(1 << bit);
    CHECK(edges.Has(edge) == (edge == Edge::kSoldOut || edge == Edge::kLineSoldOut));
  }
  CHECK(Edges(edges.bits()) == edges);
  CHECK(edges != Edges());
}

TEST_CASE("every type of event and every edge has a name of its own") {
  std::set<std::string_view> names;
  int types = 0;
  for (int number = 0; number < 256; ++number) {
    const std::string_view name = Name(static_cast<EventType>(number));
    if (name == "?") continue;
    ++types;
    CHECK(names.insert(name).second);
  }
  CHECK(types == 16);
  names.clear();
  for (int bit = 0; bit < 7; ++bit) CHECK(names.insert(Name(static_cast<Edge>(1 << bit))).second);
  CHECK(names.count("?") == 0);
  CHECK(Name(static_cast<Edge>(1 << 7)) == "?");
}

}  // namespace
}  // namespace flashsale
