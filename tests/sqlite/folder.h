#ifndef FLASHSALE_TESTS_SQLITE_FOLDER_H_
#define FLASHSALE_TESTS_SQLITE_FOLDER_H_

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace flashsale::sqlite_test {

// A folder of its own, gone at the end.
class Folder {
 public:
  // kMemory: where syncing costs nothing, if there is such a place.
  enum class Kind { kDisk, kMemory };

  explicit Folder(Kind kind = Kind::kDisk) {
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = kind == Kind::kMemory && std::filesystem::exists(memory);
    std::string name =
        ((in_memory ? memory : std::filesystem::temp_directory_path()) / "flashsale-XXXXXX")
            .string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::vector<char> Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
inline void SetContents(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Closes what was opened as a kill would: the files lie there as they did while it was open.
template <typename Opened>
void Kill(std::unique_ptr<Opened> opened, const std::string& path) {
  const auto suffixes = {"", "-wal", "-head"};
  std::vector<std::vector<char>> files;
  for (const char* const suffix : suffixes) files.push_back(Contents(path + suffix));
  opened = nullptr;
  std::size_t i = 0;
  for (const char* const suffix : suffixes) SetContents(path + suffix, files[i++]);
  std::filesystem::remove(path + "-shm");
}

}  // namespace flashsale::sqlite_test

#endif  // FLASHSALE_TESTS_SQLITE_FOLDER_H_
