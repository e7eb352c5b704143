#include "backend/journal/commit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace flashsale::inline v0::journal {
namespace {

constexpr std::array<std::uint8_t, 3> kMagic = {'F', 'S', 'J'};
constexpr std::uint8_t kFormat = 1;

OpenedCommit Damaged(std::string what) {
  OpenedCommit commit;
  commit.damage = std::move(what);
  return commit;
}

}  // namespace

Sha256Hash SealCommit(const CommitHeader& header, Bytes records, Sha256& hasher,
                      ByteWriter& sealed) {
  sealed.Clear();
  sealed.Reserve(CommitHeader::kSize + records.size() + sizeof(Sha256Hash));
  sealed.Raw(kMagic);
  sealed.U8(kFormat);
  sealed.U64(header.number);
  sealed.U64(static_cast<std::uint64_t>(header.latest.time_since_epoch().count()));
  sealed.Raw(header.previous);
  sealed.Raw(records);
  const Sha256Hash hash = hasher.Of(sealed.bytes());
  sealed.Raw(hash);
  return hash;
}

void SealNames(Bytes names, Sha256& hasher, ByteWriter& sealed) {
  sealed.Clear();
  if (names.empty()) return;
  sealed.Reserve(kNamesCheckSize + names.size());
  sealed.Raw(Bytes(hasher.Of(names)).first(kNamesCheckSize));
  sealed.Raw(names);
}

OpenedCommit OpenCommit(Bytes sealed, std::uint64_t number, const Sha256Hash& previous,
                        Sha256& hasher) {
  if (sealed.size() < CommitHeader::kSize + sizeof(Sha256Hash)) {
    return Damaged(fmt::format("{} bytes, too few for a commit", sealed.size()));
  }
  ByteReader reader(sealed);
  const Bytes magic = reader.Raw(kMagic.size());
  if (!std::equal(magic.begin(), magic.end(), kMagic.begin())) {
    return Damaged("no commit of a journal");
  }
  const std::uint8_t format = reader.U8();
  if (format > kFormat) {
    OpenedCommit newer = Damaged(fmt::format(
        "of format {}, newer than {}, the last that this version reads", format, kFormat));
    newer.is_newer = true;
    return newer;
  }
  OpenedCommit commit;
  commit.header.number = reader.U64();
  commit.header.latest = Time(Duration(static_cast<std::int64_t>(reader.U64())));
  const Bytes before = reader.Raw(sizeof(Sha256Hash));
  std::copy(before.begin(), before.end(), commit.header.previous.begin());
  const Bytes hashed = sealed.first(sealed.size() - sizeof(Sha256Hash));
  commit.records = hashed.subspan(CommitHeader::kSize);
  commit.hash = hasher.Of(hashed);
  const Bytes told = sealed.last(sizeof(Sha256Hash));
  if (!std::equal(told.begin(), told.end(), commit.hash.begin())) {
    return Damaged("its hash is not that of its bytes");
  }
  if (format != kFormat) return Damaged(fmt::format("of an unknown format, {}", format));
  if (commit.header.number != number) {
    return Damaged(fmt::format("it calls itself {}", commit.header.number));
  }
  if (commit.header.previous != previous) {
    return Damaged("it does not follow on the commit before");
  }
  if (!IsValid(commit.header.latest)) return Damaged("its time is none");
  return commit;
}

bool OpenNames(Bytes sealed, Sha256& hasher, Bytes& names) {
  names = {};
  if (sealed.empty()) return true;
  if (sealed.size() < kNamesCheckSize) return false;
  names = sealed.subspan(kNamesCheckSize);
  const Sha256Hash hash = hasher.Of(names);
  return std::equal(sealed.begin(), sealed.begin() + kNamesCheckSize, hash.begin());
}

}  // namespace flashsale::inline v0::journal
