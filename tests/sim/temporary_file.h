#ifndef FLASHSALE_TESTS_SIM_TEMPORARY_FILE_H_
#define FLASHSALE_TESTS_SIM_TEMPORARY_FILE_H_

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>
#include <nlohmann/json.hpp>

namespace flashsale::sim {

// A file name of one test's own, gone when the test is.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("flashsale-sim-test-" + std::to_string(::getpid()) + "-" + name)) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string path() const { return path_.string(); }
  void Write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string Text() const {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  nlohmann::json Json() const { return nlohmann::json::parse(Text()); }

 private:
  std::filesystem::path path_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_TESTS_SIM_TEMPORARY_FILE_H_
