#include <span>

#include "base/embedded_file.h"
#include "flashsale/testing/script.h"

namespace flashsale::inline v0 {

// Written by the build from src/testing/scripts.
std::span<const EmbeddedFile> ContractScriptFiles();

std::vector<ScriptSource> ContractScripts() {
  std::vector<ScriptSource> scripts;
  for (const EmbeddedFile& file : ContractScriptFiles()) {
    scripts.push_back({.name = std::string(file.name), .text = std::string(file.text)});
  }
  return scripts;
}

}  // namespace flashsale::inline v0
