#ifndef FLASHSALE_BENCH_RAW_LOG_H_
#define FLASHSALE_BENCH_RAW_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace flashsale::bench {

// The least that durability can cost: bytes that are written one behind the other, each time with a
// sync, and mean nothing.
// Thread safety: as an int.  Blocking: until the disk has them.
class RawLog {
 public:
  enum class File : std::uint8_t {
    kWrittenOver,  // laid down and synced beforehand; from its end it goes on at its beginning
    kGrows,        // empty at first, so that each sync has a new size to keep, too
  };
  // Throws std::runtime_error where the file cannot be made; all of it, where the system refuses.
  RawLog(const std::string& path, File file);
  ~RawLog();
  RawLog(const RawLog&) = delete;
  RawLog& operator=(const RawLog&) = delete;

  // Writes so many bytes and returns when they are kept.
  void Append(std::size_t bytes);

 private:
  int file_ = -1;
  const File kind_;
  std::uint64_t end_ = 0;
  std::vector<char> bytes_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_RAW_LOG_H_
