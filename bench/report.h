#ifndef FLASHSALE_BENCH_REPORT_H_
#define FLASHSALE_BENCH_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "bench/question.h"

namespace flashsale::bench {

// A question and what came out; no answer where the library answered wrongly.
struct Row {
  Question question;
  std::optional<Answer> answer;
};

// Machine, pages, threads and settings: what a figure means nothing without.
void PrintMachine(const Settings& settings);

void PrintTableHead();
void PrintRow(const Row& row);

// An array of {name, ours, unit, reference, reference_name, ratio, target, holds}; target and holds
// are null where there is none, the figures where there was no right answer.
// False where the file could not be written.
bool WriteJson(const std::string& path, const std::vector<Row>& rows);

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_REPORT_H_
