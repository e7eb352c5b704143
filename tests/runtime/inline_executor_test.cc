#include "flashsale/runtime/inline_executor.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

namespace flashsale {
namespace {

TEST_CASE("an inline executor runs a task before Post returns, on the posting thread") {
  InlineExecutor executor;
  std::thread::id ran_on;
  CHECK(executor.Post([&] { ran_on = std::this_thread::get_id(); }));
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("an inline executor runs what a task posts") {
  InlineExecutor executor;
  int ran = 0;
  executor.Post([&] { executor.Post([&] { ++ran; }); });
  CHECK(ran == 1);
}

TEST_CASE("a task that throws harms nobody and is counted") {
  InlineExecutor executor;
  CHECK(executor.Post([] { throw std::runtime_error("out of luck"); }));
  CHECK(executor.Post([] { throw 7; }));
  CHECK(executor.exceptions() == 2);
}

}  // namespace
}  // namespace flashsale
