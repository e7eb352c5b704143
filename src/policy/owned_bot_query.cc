#include "flashsale/policy/owned_bot_query.h"

#include <cstddef>
#include <string_view>

namespace flashsale::inline v0 {

OwnedBotQuery::OwnedBotQuery(const BotQuery& query)
    : sale_(query.sale),
      user_(query.user),
      action_(query.action),
      intervals_(query.context.behavior.intervals.begin(), query.context.behavior.intervals.end()),
      context_(query.context) {
  std::size_t size = query.context.challenge_token.size();
  for (const HeaderField& field : query.context.headers) {
    size += field.name.size() + field.value.size();
  }
  text_.reserve(size);  // so that it never moves under the views
  headers_.reserve(query.context.headers.size());
  const auto keep = [this](std::string_view text) {
    const std::size_t begin = text_.size();
    text_ += text;
    return std::string_view(text_).substr(begin);
  };
  for (const HeaderField& field : query.context.headers) {
    const std::string_view name = keep(field.name);
    headers_.push_back({.name = name, .value = keep(field.value)});
  }
  context_.challenge_token = keep(query.context.challenge_token);
  context_.headers = headers_;
  context_.behavior.intervals = intervals_;
}

}  // namespace flashsale::inline v0
