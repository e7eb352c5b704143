// The main function of every test program.
//
// Exit status: 0 passed, 1 failed, 4 skipped.  A test that cannot run where it is, for want of a
// server for example, says so and returns:
//
//   MESSAGE("skipped: no server at FLASHSALE_TEST_POSTGRES");
//   return;

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <string_view>

namespace {

constexpr int kSkipped = 4;

// Counts what ran and what said that it could not.  doctest makes and destroys listeners itself, so
// the counts outlive them.
class SkipListener final : public doctest::IReporter {
 public:
  static inline unsigned ran = 0;
  static inline unsigned skipped = 0;

  explicit SkipListener(const doctest::ContextOptions&) {}

  void log_message(const doctest::MessageData& message) override {
    if (std::string_view(message.m_string.c_str()).starts_with("skipped: ")) said_skipped_ = true;
  }
  void test_case_start(const doctest::TestCaseData&) override { said_skipped_ = false; }
  void test_case_end(const doctest::CurrentTestCaseStats&) override {
    ++ran;
    if (said_skipped_) ++skipped;
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  bool said_skipped_ = false;
};

DOCTEST_REGISTER_LISTENER("skip", 1, SkipListener);

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (context.shouldExit() || result != 0) return result;
  // Nothing that ran has vouched for anything: neither passed nor failed.
  return SkipListener::ran == SkipListener::skipped ? kSkipped : 0;
}
