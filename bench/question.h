#ifndef FLASHSALE_BENCH_QUESTION_H_
#define FLASHSALE_BENCH_QUESTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace flashsale::bench {

// What the whole run is about.
struct Settings {
  std::uint64_t seed = 1;
  // The largest crowd; other sizes are parts of it.
  std::uint64_t users = 10'000'000;
  // How many samples a figure is the median of.
  int repetitions = 5;
  // Where what is durable lies.
  std::string folder = ".";
};

// Our figure and the reference's, taken one right after the other.
struct Sample {
  double ours = 0;
  double reference = 0;
};

// Takes one sample; called once a repetition, so that ours and the reference take turns.
// Throws WrongAnswer where the library did not do what it should have: a figure of a wrong program
// is none.
using Trial = std::function<Sample()>;

class WrongAnswer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws WrongAnswer(what) unless `right`.
void Require(bool right, const char* what);

// What a figure should be.
struct Target {
  enum class Kind {
    kNone,          // it stands there for comparison
    kRightAnswers,  // no figure matters, only that no answer was wrong
    kRatioAtMost,
    kRatioAtLeast,
    kOursAtMost,
    kOursAtLeast,
  };
  Kind kind = Kind::kNone;
  double bound = 0;

  static Target RightAnswers() { return {.kind = Kind::kRightAnswers}; }
  static Target RatioAtMost(double bound) { return {.kind = Kind::kRatioAtMost, .bound = bound}; }
  static Target RatioAtLeast(double bound) { return {.kind = Kind::kRatioAtLeast, .bound = bound}; }
  static Target OursAtMost(double bound) { return {.kind = Kind::kOursAtMost, .bound = bound}; }
  static Target OursAtLeast(double bound) { return {.kind = Kind::kOursAtLeast, .bound = bound}; }
};

// One line of the table.
struct Question {
  // What --only selects: "reserve_one_10m".
  std::string name;
  // The question in one sentence, with all that the figure includes or leaves out.
  std::string asks;
  // Of both figures.
  std::string unit;
  std::string reference_name;
  Target target;
  // Sets the stage.  The stage lives as long as the trial.
  std::function<Trial(const Settings&)> prepare;
};

// "10m", "250k", "77": how names call a size.
std::string SizeName(std::uint64_t count);

// The questions of one file, for a run.
using QuestionList = std::vector<Question> (*)(const Settings&);

// Declared at namespace scope in each file of questions:
//   const QuestionRegistration kRegistration("expiry", &ExpiryQuestions);
struct QuestionRegistration {
  QuestionRegistration(const char* topic, QuestionList list);
};

// All that were registered, by topic.
std::vector<Question> AllQuestions(const Settings& settings);

// What came out: the medians over the samples, the ratio's median being that of the samples'
// ratios.
struct Answer {
  double ours = 0;
  double reference = 0;
  double ratio = 0;
  double lowest_ratio = 0;
  double highest_ratio = 0;
};

// REQUIRES: !samples.empty().
Answer Summarise(const std::vector<Sample>& samples);

// Nothing where there is no target.
std::optional<bool> Holds(const Target& target, const Answer& answer);

// "ratio <= 1.5", "<= 40 ns", "right answers"; empty where there is none.
std::string Describe(const Target& target, const std::string& unit);

// The value that a share of the values does not exceed, by nearest rank.
// REQUIRES: !values.empty(), 0 < share <= 1.
double Percentile(std::vector<double> values, double share);

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_QUESTION_H_
