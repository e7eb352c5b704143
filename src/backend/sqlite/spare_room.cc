#include "backend/sqlite/spare_room.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <vector>

#include "backend/sqlite/vfs_file.h"

namespace flashsale::inline v0::sqlite {
namespace {

// How often it is asked whether there is room again until it is looked for.
constexpr std::uint32_t kBetweenLooks = 64;

// Of the disk on which a file lies or would; of one that only a VFS knows, as much as can be.
std::filesystem::space_info SpaceFor(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(name).parent_path();
  std::error_code error;
  return std::filesystem::space(folder.empty() ? std::filesystem::path(".") : folder, error);
}

}  // namespace

Status SpareRoom::CheckSize() const {
  const std::uintmax_t capacity = SpaceFor(name_).capacity;
  if (bytes_ <= capacity) return {};
  return {
      StatusCode::kInvalidArgument,
      fmt::format("reserved_bytes: {}, expected no more than the disk has, {}", bytes_, capacity)};
}

bool SpareRoom::SetAside() {
  is_there_ = bytes_ == 0 || Write();
  if (!is_there_) calls_until_look_ = kBetweenLooks;
  return is_there_;
}

void SpareRoom::GiveUp() {
  if (!is_there_ || bytes_ == 0) return;
  is_there_ = false;
  calls_until_look_ = kBetweenLooks;
  (void)Remove(vfs_, name_);
}

bool SpareRoom::LookAgain() {
  if (is_there_) return true;
  if (calls_until_look_ != 0) {
    --calls_until_look_;
    return false;
  }
  return SetAside();
}

bool SpareRoom::Write() const {
  Result<VfsFile> file = VfsFile::Open(vfs_, name_, VfsFile::Mode::kMake);
  if (!file.ok()) return false;
  const Result<std::uint64_t> size = file->Size();
  if (!size.ok()) return false;
  Status status;
  std::uint64_t at = *size;
  // A disk that has not so much is not filled to the brim first.
  const bool fits = at >= bytes_ || bytes_ - at <= SpaceFor(name_).available;
  const std::vector<std::uint8_t> zeros(std::size_t{64} << 10);
  while (fits && status.ok() && at < bytes_) {
    const std::uint64_t count = std::min<std::uint64_t>(zeros.size(), bytes_ - at);
    status = file->Write(at, std::span(zeros).first(count));
    at += count;
  }
  if (fits && status.ok() && at != *size) status = file->Sync();
  if (fits && status.ok()) return true;
  file->Close();
  (void)Remove(vfs_, name_);
  return false;
}

}  // namespace flashsale::inline v0::sqlite
