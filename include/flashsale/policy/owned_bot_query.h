#ifndef FLASHSALE_POLICY_OWNED_BOT_QUERY_H_
#define FLASHSALE_POLICY_OWNED_BOT_QUERY_H_

#include <string>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/policy/bot_detector.h"
#include "flashsale/policy/request_context.h"

namespace flashsale::inline v0 {

// A BotQuery that owns what it shows, for who answers when the request's memory is gone.  As large
// as the headers that the host gave, the token and the intervals.
//
// Thread safety: as a const object.  Ownership: of all it shows; query()'s views live as long as
// it.
class FLASHSALE_EXPORT OwnedBotQuery {
 public:
  // Throws std::bad_alloc and nothing else.
  explicit OwnedBotQuery(const BotQuery& query);
  OwnedBotQuery(const OwnedBotQuery&) = delete;
  OwnedBotQuery& operator=(const OwnedBotQuery&) = delete;

  BotQuery query() const {
    return {.sale = sale_, .user = user_, .action = action_, .context = context_};
  }

 private:
  const SaleId sale_;
  const UserId user_;
  const GuardedAction action_;
  std::string text_;  // of all views, one after another
  std::vector<HeaderField> headers_;
  std::vector<Duration> intervals_;
  RequestContext context_;  // into those
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_OWNED_BOT_QUERY_H_
