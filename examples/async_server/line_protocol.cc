#include "examples/async_server/line_protocol.h"

#include <charconv>
#include <cstddef>
#include <vector>

namespace flashsale::line_server {
namespace {

std::vector<std::string_view> WordsOf(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = line.find(' ');
    words.push_back(line.substr(0, end));
    line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
  }
  return words;
}

std::optional<Units> ParseUnits(const std::string& text) {
  Units units = 0;
  const char* const end = text.c_str() + text.size();
  const auto [stopped, error] = std::from_chars(text.c_str(), end, units);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return units;
}

// Ids go back to the client, so none has control bytes in it.
bool IsPlain(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return !text.empty();
}

}  // namespace

std::optional<Request> ParseRequest(std::string_view line, const IpAddress& peer) {
  const std::vector<std::string_view> words = WordsOf(line);
  if (words.size() < 3 || !IsPlain(words[1]) || !IsPlain(words[2])) return std::nullopt;
  const UserId user = UserId::FromText(words[1]);
  const ReservationId id = ReservationId::FromText(words[2]);
  Request request{.id = std::string(words[2])};
  if (words[0] == "RESERVE" && words.size() == 4) {
    const std::optional<Units> units = ParseUnits(std::string(words[3]));
    if (!units.has_value()) return std::nullopt;
    request.call = ReserveRequest{
        .sale = kSale, .user = user, .id = id, .units = *units, .context = {.address = peer}};
  } else if (words[0] == "CONFIRM" && words.size() == 3) {
    request.call = ConfirmRequest{.sale = kSale, .user = user, .id = id};
  } else if (words[0] == "CANCEL" && words.size() == 3) {
    request.call = CancelRequest{.sale = kSale, .user = user, .id = id};
  } else {
    return std::nullopt;
  }
  return request;
}

std::string FormatAnswer(const std::string& id, const Result<Outcome>& answer) {
  return id + ' ' + (answer.ok() ? ToString(*answer) : answer.status().ToString());
}

}  // namespace flashsale::line_server
