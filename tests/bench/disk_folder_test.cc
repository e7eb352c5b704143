#include "bench/disk_folder.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "bench/raw_log.h"

namespace flashsale::bench {
namespace {

TEST_CASE("a folder knows how much lies in it, and is gone with it") {
  const std::filesystem::path parent = std::filesystem::temp_directory_path();
  std::string path;
  {
    const DiskFolder folder(parent.string());
    const DiskFolder other(parent.string());
    path = folder.path();
    CHECK(path != other.path());
    CHECK(folder.Bytes() == 0);
    std::ofstream(folder.PathOf("first")) << "12345";
    std::filesystem::create_directory(folder.PathOf("within"));
    std::ofstream(folder.PathOf("within/second")) << "678";
    CHECK(folder.Bytes() == 8);
    CHECK(other.Bytes() == 0);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_THROWS_AS(DiskFolder(path + "/within"), std::runtime_error);
}

TEST_CASE("a raw log grows by what is appended, or stays as it was laid down") {
  const DiskFolder folder(std::filesystem::temp_directory_path().string());
  {
    RawLog log(folder.PathOf("grows"), RawLog::File::kGrows);
    log.Append(100);
    log.Append(3'000'000);
    CHECK(std::filesystem::file_size(folder.PathOf("grows")) == 3'000'100);
  }
  RawLog log(folder.PathOf("written over"), RawLog::File::kWrittenOver);
  const std::uintmax_t before = std::filesystem::file_size(folder.PathOf("written over"));
  CHECK(before > 0);
  for (std::uintmax_t written = 0; written <= before; written += before / 4) {
    log.Append(before / 4);
  }
  CHECK(std::filesystem::file_size(folder.PathOf("written over")) == before);
  CHECK_THROWS_AS(RawLog(folder.PathOf("no folder/log"), RawLog::File::kGrows), std::runtime_error);
}

}  // namespace
}  // namespace flashsale::bench
