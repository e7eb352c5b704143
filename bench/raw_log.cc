#include "bench/raw_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "bench/random.h"

namespace flashsale::bench {
namespace {

constexpr std::uint64_t kRoom = std::uint64_t{64} << 20;
constexpr std::size_t kAtOnce = std::size_t{1} << 20;

void Check(bool succeeded, const char* what) {
  if (!succeeded) throw std::runtime_error(fmt::format("the raw log: {}", what));
}

}  // namespace

RawLog::RawLog(const std::string& path, File file)
    : file_(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)),
      kind_(file),
      bytes_(kAtOnce) {
  Check(file_ >= 0, "no file");
  // Nothing that a disk could make small.
  for (std::size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = static_cast<char>(Mix(i));
  if (kind_ == File::kGrows) return;
  for (; end_ < kRoom; end_ += kAtOnce) {
    const ssize_t written = pwrite(file_, bytes_.data(), kAtOnce, static_cast<off_t>(end_));
    Check(written == static_cast<ssize_t>(kAtOnce), "no room");
  }
  Check(fsync(file_) == 0, "not synced");
  end_ = 0;
}

RawLog::~RawLog() {
  if (file_ >= 0) close(file_);
}

void RawLog::Append(std::size_t bytes) {
  if (kind_ == File::kWrittenOver && end_ + bytes > kRoom) end_ = 0;
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t some = std::min(bytes - done, kAtOnce);
    const ssize_t written = pwrite(file_, bytes_.data(), some, static_cast<off_t>(end_));
    Check(written == static_cast<ssize_t>(some), "not written");
    done += some;
    end_ += some;
  }
  Check(fdatasync(file_) == 0, "not synced");
}

}  // namespace flashsale::bench
