#ifndef FLASHSALE_BENCH_DISK_FOLDER_H_
#define FLASHSALE_BENCH_DISK_FOLDER_H_

#include <cstdint>
#include <string>

namespace flashsale::bench {

// A new folder, removed at the end with all that lies in it.
// Thread safety: as a const std::string.
class DiskFolder {
 public:
  // Throws std::runtime_error where it cannot be made.
  explicit DiskFolder(const std::string& parent);
  ~DiskFolder();
  DiskFolder(const DiskFolder&) = delete;
  DiskFolder& operator=(const DiskFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }
  // The sizes of all files, added up.
  std::uint64_t Bytes() const;

 private:
  std::string path_;
};

// The file system and the disk that a path lies on, as far as the system tells: "ext4 on vda".
std::string DiskOf(const std::string& path);

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_DISK_FOLDER_H_
