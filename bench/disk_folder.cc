#include "bench/disk_folder.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace flashsale::bench {
namespace {

// A number where its name is not known here.
std::string FileSystemOf(const std::string& path) {
  // Of headers that are no part of the system's.
  constexpr auto kXfs = 0x58465342;
  constexpr auto kZfs = 0x2FC12FC1;
  struct statfs system{};
  if (statfs(path.c_str(), &system) != 0) return "unknown";
  switch (system.f_type) {
    case EXT4_SUPER_MAGIC:
      return "ext4";
    case BTRFS_SUPER_MAGIC:
      return "btrfs";
    case OVERLAYFS_SUPER_MAGIC:
      return "overlay";
    case TMPFS_MAGIC:
      return "tmpfs";
    case F2FS_SUPER_MAGIC:
      return "f2fs";
    case NFS_SUPER_MAGIC:
      return "nfs";
    case kXfs:
      return "xfs";
    case kZfs:
      return "zfs";
    default:
      return fmt::format("file system {:#x}", system.f_type);
  }
}

}  // namespace

DiskFolder::DiskFolder(const std::string& parent) : path_(parent + "/flashsale_bench_XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) {
    throw std::runtime_error(fmt::format("no folder for files can be made in '{}'", parent));
  }
}

DiskFolder::~DiskFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint64_t DiskFolder::Bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

std::string DiskOf(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return "unknown";
  const std::string entry =
      fmt::format("/sys/dev/block/{}:{}", major(status.st_dev), minor(status.st_dev));
  std::error_code error;
  const std::filesystem::path device = std::filesystem::read_symlink(entry, error);
  const std::string file_system = FileSystemOf(path);
  return error ? file_system : fmt::format("{} on {}", file_system, device.filename().string());
}

}  // namespace flashsale::bench
