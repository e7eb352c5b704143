#ifndef FLASHSALE_EXAMPLES_DRAW_VERIFY_FILES_H_
#define FLASHSALE_EXAMPLES_DRAW_VERIFY_FILES_H_

#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/inclusion_proof.h"

namespace draw_verify {

// The files of a draw, as docs/draw.md describes them.  Errors name the file.
flashsale::Result<std::string> ReadFile(const std::string& path);
flashsale::Status WriteFile(const std::string& path, std::string_view text);

flashsale::Result<flashsale::DrawRecord> ReadRecord(const std::string& path);
flashsale::Result<flashsale::InclusionProof> ReadProof(const std::string& path);
// Nobody where the path is empty.
flashsale::Result<std::vector<flashsale::UserId>> ReadUsers(const std::string& path);

}  // namespace draw_verify

#endif  // FLASHSALE_EXAMPLES_DRAW_VERIFY_FILES_H_
