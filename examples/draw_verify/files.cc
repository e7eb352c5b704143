#include "examples/draw_verify/files.h"

#include <fstream>
#include <iterator>

#include "flashsale/policy/draw.h"

namespace draw_verify {

using flashsale::DrawRecord;
using flashsale::InclusionProof;
using flashsale::Result;
using flashsale::Status;
using flashsale::StatusCode;
using flashsale::UserId;

namespace {

template <typename T>
Result<T> Named(const std::string& path, Result<T> result) {
  if (result.ok()) return result;
  return Status(result.status().code(), path + ": " + result.status().message());
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    return Status(StatusCode::kNotFound, path + ": expected a file that can be read");
  }
  return text;
}

Status WriteFile(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file.good()) return {};
  return Status(StatusCode::kUnavailable, path + ": could not be written");
}

Result<DrawRecord> ReadRecord(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return Named(path, DrawRecord::FromJson(*text));
}

Result<InclusionProof> ReadProof(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return Named(path, InclusionProof::FromJson(*text));
}

Result<std::vector<UserId>> ReadUsers(const std::string& path) {
  if (path.empty()) return std::vector<UserId>();
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return Named(path, flashsale::ParseUsers(*text));
}

}  // namespace draw_verify
