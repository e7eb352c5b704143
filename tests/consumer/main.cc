// A program of a user.  Says "flashsale <version>: sold" if the library does what it should.

#include <chrono>
#include <cstdio>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/version.h"

int main() {
  const auto user = flashsale::UserId::FromText("ada@example.com");
  const flashsale::Outcome outcome{.code = flashsale::Code::kDone};
  if (user.is_nil() || user != flashsale::UserId::FromText("ada@example.com")) return 1;
  if (flashsale::Name(outcome.code) != "Done") return 1;
  std::printf("flashsale %d.%d.%d: sold\n", flashsale::kVersion.major_number,
              flashsale::kVersion.minor_number, flashsale::kVersion.patch_number);
  return 0;
}
