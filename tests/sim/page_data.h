#ifndef FLASHSALE_TESTS_SIM_PAGE_DATA_H_
#define FLASHSALE_TESTS_SIM_PAGE_DATA_H_

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace flashsale::sim {

// What a page has for its plots and tables.
inline nlohmann::json PageData(const std::string& page) {
  static constexpr std::string_view kOpen = "<script type=\"application/json\" id=\"data\">";
  const std::size_t start = page.find(kOpen) + kOpen.size();
  return nlohmann::json::parse(page.substr(start, page.find("</script>", start) - start));
}

}  // namespace flashsale::sim

#endif  // FLASHSALE_TESTS_SIM_PAGE_DATA_H_
