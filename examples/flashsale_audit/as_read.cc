#include "examples/flashsale_audit/as_read.h"

#include <utility>

namespace flashsale::audit {
namespace {

// Shows no commit beyond the last one.
class Until final : public JournalMedium::Reader {
 public:
  Until(JournalMedium::Reader& reader, std::optional<std::uint64_t> last)
      : reader_(reader), last_(last) {}
  Status OnCommit(const JournalCommit& commit) override {
    beyond_ = last_.has_value() && commit.number > *last_;
    if (beyond_) return {StatusCode::kConflict, "enough"};
    shown_ = commit.number;
    return reader_.OnCommit(commit);
  }
  bool beyond() const { return beyond_; }
  std::uint64_t shown() const { return shown_; }

 private:
  JournalMedium::Reader& reader_;
  const std::optional<std::uint64_t> last_;
  std::uint64_t shown_ = 0;
  bool beyond_ = false;
};

}  // namespace

AsRead::AsRead(std::unique_ptr<JournalMedium> medium) : medium_(std::move(medium)) {}

Status AsRead::Append(const JournalCommit& /*commit*/) { return {}; }

Status AsRead::Read(std::uint64_t after, Reader& reader) {
  Until until(reader, last_);
  Status status = medium_->Read(after, until);
  if (until.beyond()) return {};
  if (status.ok() && !last_.has_value()) last_ = until.shown();
  return status;
}

}  // namespace flashsale::audit
