"""Bugs of what meters a crowd: the queue, the waitlist, waves, gates and the lane.  See bugs.py."""

from seeded import bug

JUDGE = "src/engine/judge.cc"
ADMISSIONS = "src/backend/memory/admission_table.cc"
PLACES = "src/backend/memory/place_line.cc"
TICKETS = "src/backend/memory/waiting_tickets.cc"
WAITING = "src/backend/memory/waiting_line.cc"
WAITING_H = "src/backend/memory/waiting_line.h"
TICKET_INDEX = "src/backend/memory/ticket_index.cc"
TICKET_INDEX_H = "src/backend/memory/ticket_index.h"
STAGES = "src/backend/memory/waiting_line_stages.cc"
LAPSED = "src/service/lapsed_admissions.cc"
GATES = "src/service/gates.cc"
GATES_H = "src/service/gates.h"
WATCH = "src/service/delivery_watch.cc"
QUEUES = "src/backend/memory/memory_queue_repository.cc"
SHOPPERS = "src/service/shopper_calls.cc"
TOKENS = "src/service/service_tokens.cc"
RESERVE_BATCH = "src/service/reserve_batch.cc"
QUEUE_VIEW = "src/service/queue_view.cc"
VIRTUAL_QUEUE = "src/service/virtual_queue.cc"
SERVED_QUEUE_H = "src/service/served_queue.h"
LINE_OPENING = "src/service/line_opening.cc"
QUEUE_TERMS = "src/domain/queue_terms.cc"
SERVED_WAITLIST = "src/service/served_waitlist.cc"
WAITLIST_PLACES = "src/service/served_waitlist_places.cc"
WAITLIST_TERMS = "src/service/waitlist_terms.cc"
FOREIGN_TURNS = "src/service/foreign_turns.h"
WAVES = "src/service/wave_schedule.cc"
SERVED_QUEUE = "src/service/served_queue.cc"
WAITS = "src/service/wait_estimator.cc"
SERVICE = "src/service/flash_sale_service.cc"
LANE = "src/runtime/lane.cc"
LANE_WORKER = "src/runtime/lane_worker.cc"

# The queue in memory.
bug("a window that has passed keeps its slot", "queues",
    (WAITING, "    admissions_.Erase(*admission);\n    ++windows_lapsed_;\n", "    ++windows_lapsed_;\n"))
bug("one more is let in than may be in flight", "queues",
    (WAITING, "pace_.max_in_flight - in_flight));", "pace_.max_in_flight - in_flight + 1));"))
bug("a position counts those who wait in another tier", "queues",
    (WAITING, "answer.ahead = waiting_->Ahead(entry);",
     "answer.ahead =\n"
     "        waiting_->Ahead(entry) + (answer.entry.tier == 0 ? 0 : waiting_->waiting(0));"),
    (WAITING_H, "    answer.ahead = ahead;\n    if (touches)",
     "    answer.ahead = ahead + (answer.entry.tier == 0 ? 0 : waiting_->waiting(0));\n"
     "    if (touches)"))
bug("a newcomer is told how many wait in all tiers", "queues",
    (WAITING_H, "const std::uint64_t ahead = waiting_->waiting(command.tier);",
     "const std::uint64_t ahead = waiting_->waiting();"))
bug("who has been let in joins again by the short way", "queues",
    (WAITING_H, "    if (admissions_.size() != 0 && admissions_.Find(hash, command.user).has_value()) return false;\n",
     ""))
bug("who has fallen silent is told a place by the short way", "queues",
    (WAITING_H, "    if (!waiting_->Is(entry, command.user) || waiting_->IsSilent(entry, at)) return false;\n",
     "    if (!waiting_->Is(entry, command.user)) return false;\n"))
bug("whose tag another has is told the other's place", "backend",
    (WAITING_H, "    if (!waiting_->Is(entry, command.user) || waiting_->IsSilent(entry, at)) return false;\n",
     "    if (waiting_->IsSilent(entry, at)) return false;\n"))
bug("a drawn block is watched for its first person only", "backend",
    (TICKETS, "  built.ForEachBlock([&built](std::uint32_t block) { built.File(block); });\n", ""))
bug("who stands astray stays behind when a table splits", "backend",
    (TICKET_INDEX, "      if ((mark & kAstray) != 0) {\n", "      if (false) {\n"))
bug("a newcomer is not looked for in the line that others went on to", "backend",
    (TICKET_INDEX_H, "if (line.Matching(tag) != 0 || line.WentPast(tag) || free == 0) return false;",
     "if (line.Matching(tag) != 0 || free == 0) return false;"))
bug("who fell silent stands in the way of those behind", "queues",
    (WAITING, "    FallSilent(entry, hash_((*waiting_)[entry].user.bytes()));\n  }\n"
              "  return WaitingTickets::kNone;",
     "    break;\n  }\n  return WaitingTickets::kNone;"))
bug("who was heard of once is never found silent", "queues",
    (TICKETS, "    block.heard[w] = heard;\n", "    block.heard[w] = WaitingBlock::kNobody;\n"))
bug("who leaves is counted still by those in later blocks", "backend",
    (PLACES, "  sums_.Add(block.position, -static_cast<std::int32_t>(count));\n", ""))
bug("who moved to the block ahead is counted by nobody", "backend",
    (PLACES, "  sums_.Add(block.position, next.live);\n", ""))
bug("an admission that ends leaves a gap before those that were put behind it", "backend",
    (ADMISSIONS, "    part.records[hole] = part.records[i];\n    hole = i;\n", "    break;\n"))
bug("the clock of admissions runs on in a pause", "queues",
    (STAGES, "  clock_.Pause(latest_);\n  admissions_.SetClock(clock_);\n",
     "  clock_.Pause(latest_);\n"))
bug("a queue that is opened again with another pace is taken for the same", "queues",
    (QUEUES, "if (existing->terms() == terms) return",
     "if (existing->terms().grant == terms.grant) return"))
bug("who joins is looked for first, and given a ticket in a second step", "linearizability",
    (WAITING, "  const MutexLock lock(mutex_);\n"
              "  if (waiting_ != nullptr) waiting_->PrefetchIndex(hash);\n"
              "  const Time at = Enter(now);\n",
     "  bool is_new = command.verb == QueueVerb::kJoin && command.tier < terms_.tiers;\n"
     "  if (is_new) {\n"
     "    const MutexLock look(mutex_);\n"
     "    is_new = waiting_ != nullptr &&\n"
     "             FindWaiting(hash, command.user, Enter(now)) == WaitingTickets::kNone &&\n"
     "             !admissions_.Find(hash, command.user).has_value();\n"
     "  }\n"
     "  const MutexLock lock(mutex_);\n"
     "  if (waiting_ != nullptr) waiting_->PrefetchIndex(hash);\n"
     "  const Time at = Enter(now);\n"
     "  if (is_new) return Join(command, hash, at, answer) ? Status() : OutOfMemory();\n"))
bug("a heartbeat by the short way is not heard", "queues",
    (WAITING_H, "    if (touches) waiting_->Touch(entry, at);\n", ""))
bug("who fell silent just now is let in", "queues",
    (WAITING, "    if (entry == WaitingTickets::kNone || !waiting_->IsSilent(entry, at)) return entry;\n"
              "    FallSilent(entry, hash_",
     "    if (entry == WaitingTickets::kNone || at != kMaxTime) return entry;\n"
     "    FallSilent(entry, hash_"))
bug("places are brought back after the window, while the line gathers", "service",
    (WAITING, "kGathering && latest_ < restore_end() &&", "kGathering &&"))
bug("who leaves has not given up the place that they brought back", "service",
    (WAITING, " &&\n         !gave_up_.contains(command.user);", ";"))
bug("who joined without their place does not get it back", "service",
    (WAITING, "who.restored_place == 0 &&\n        TakesBack(command)", "false"))
bug("who comes after the freeze is put before those who were drawn", "service",
    (TICKETS, "order.push_back({entry, kLater});", "order.insert(order.begin(), {entry, kLater});"))

# The queue through the service.
bug("an observer is told of two turns at once", "service",
    (SERVED_QUEUE_H, "return !is_turn_held_.exchange(true, std::memory_order_acquire);",
     "return is_turn_held_.exchange(true, std::memory_order_acquire) || true;"))
bug("a sale that has more to do keeps those after it waiting", "service",
    (VIRTUAL_QUEUE, "    next = std::min(next, queue->due() > now ? queue->due() : state_->Poll(*queue, now));\n",
     "    next = std::min(next, queue->due() > now ? queue->due() : state_->Poll(*queue, now));\n"
     "    if (next <= SaturatingAdd(now, state_->options.period)) break;\n"))
bug("what is brought back is the ticket, although the place was drawn", "service",
    (TOKENS, "ticket.place == 0 ? ticket.ticket : ticket.place", "ticket.ticket"))
bug("after a second loss newcomers stand before who came back after the first", "service",
    (TOKENS, "std::min(epoch_us + place, kBroughtBack - 1)", "place"))
bug("people of a lost line stand as they come back", "service",
    (LINE_OPENING,
     "std::tuple(entrant.restored_place == 0, entrant.restored_place, entrant.ticket)",
     "std::tuple(false, std::uint64_t{0}, entrant.ticket)"))
bug("newcomers stand before those whose line was lost", "service",
    (LINE_OPENING,
     "std::tuple(entrant.restored_place == 0, entrant.restored_place, entrant.ticket)",
     "std::tuple(false, entrant.restored_place, entrant.ticket)"))
bug("a line that was drawn is drawn anew after it was lost", "service",
    (LINE_OPENING, "was_lost && terms_.opens[tier] <= state.opened_at", "false"))
bug("as many credits as are asked for are not enough", "service",
    (QUEUE_TERMS, "counted >= terms.credits_for[better]", "counted > terms.credits_for[better]"))
bug("a turn that lets in all it can ends its period before the next", "service",
    (SERVED_QUEUE, "parts_.options.batch && state.room != 0) turn.next = now;",
     "parts_.options.batch && state.room == 0) turn.next = now;"))
bug("before the start nobody is told of the other tiers that go first", "service",
    (QUEUE_VIEW, "OpensAt(static_cast<std::uint8_t>(i), now) <= opened;",
     "opened >= now && stages_[i].load(kRelaxed) == QueueStage::kRunning;"))
bug("who waits for a wave is told as if none came", "service",
    (QUEUE_VIEW, ".wave_units = waves.next_units", ".wave_units = 0"))
bug("credits lift a place that was restored into another tier", "service",
    (SHOPPERS, "  join.credits = 0;  // the place is one in that tier\n", ""))

# How long they wait.
bug("a fifth comes after the interval that a tenth should", "service",
    (WAITS, "{kTail, 0.5, 1 - kTail}", "{kTail, 0.5, 1 - 2 * kTail}"))
bug("who waits longer than told teaches nothing until let in", "service",
    (WAITS, "(is_below && !is_in)) continue;", "!is_in) continue;"))
bug("who waits longer than told teaches it again and again", "service",
    (WAITS, "    sample.has_moved[i] = true;\n", ""))
bug("who gave up is remembered for good", "service",
    (WAITS, "found->user != sample.user) {",
     "found->user != sample.user ||\n          !found->admitted_at.has_value()) {"))
bug("whoever waits for the start teaches those who come later", "service",
    (WAITS, "told.until_start > Duration(0) || !mutex_.TryLock()", "!mutex_.TryLock()"))
bug("who waits for slots is told what the rates say, be it more than all windows", "service",
    (WAITS, "    if (suffices) longest = through;\n", ""))
bug("windows go on in a pause where waits are told", "service",
    (WAITS, "    slots_.NotePause(std::max(now - *last_turn_, Duration(0)));\n", ""))
bug("a line that is opened early is waited for until it was to open", "service",
    (QUEUE_VIEW, "runs ? now : std::max(now, GatheringEnd", "std::max(now, GatheringEnd"))
bug("people are told to wait beyond the end", "service",
    (QUEUE_VIEW, ".until_end = window_.end - now", ".until_end = Duration::max()"))
bug("a wait is told while the sale is paused", "service",
    (QUEUE_VIEW, "if (is_paused_.load(kRelaxed) || place.sold_out_for_good) return;",
     "if (place.sold_out_for_good) return;"))
bug("when to ask again lies beyond a fourth of the time to be heard of", "service",
    (QUEUE_VIEW, "latest * 4 / 5", "latest"))
bug("where nothing can come back before the wave, people wait as if something could", "service",
    (WAITS, "  if (held <= 0) {\n", "  held = std::max(held, 1.0);\n  if (held <= 0) {\n"))
bug("a guess is called measured", "service",
    (WAITS, "constexpr std::uint32_t kEnough = 20;", "constexpr std::uint32_t kEnough = 0;"))

# The gates.
bug("a resend that does not say so is not looked up", "service",
    (GATES, "if (parts_.shared && (!resend || !resend_lookups_.Take(now).allowed)) return false;",
     "if (!resend || !resend_lookups_.Take(now).allowed) return false;"))
bug("who may be granted more is not asked for a challenge", "service",
    (GATES, "  if (command.units > limit && command.units <= terms.limit_ceiling.value_or(limit)) {\n"
            "    return Refusal(Code::kLimitChallenge);\n  }\n", ""))
bug("the limit is asked after the admission", "service",
    (SHOPPERS, "  if (call.IsGuarded()) call.Refuse(Gates::CheckLimit(*sale, call.command));\n", ""),
    (SHOPPERS, "  if (call.IsGuarded()) call.Refuse(gates.CheckStore(call.command.user",
     "  if (call.IsGuarded()) call.Refuse(Gates::CheckLimit(*sale, call.command));\n"
     "  if (call.IsGuarded()) call.Refuse(gates.CheckStore(call.command.user"))
bug("a join that is sent again is refused as if it were new", "service",
    (SHOPPERS, "  return place.has_value() ? *place : made",
     "  return made"))
bug("who lets a hold lapse keeps the slot", "service",
    (LAPSED, "if (event.type != EventType::kExpired) continue;",
     "if (event.type != EventType::kVoided) continue;"))
bug("a lapsed hold ends an admission under which another is held", "service",
    (LAPSED, "admission.number == 0 || tally.open_holds != 0", "admission.number == 0"))
bug("another's admission is used", "backend",
    (ADMISSIONS, "if (found == nullptr || found->number != number || found->used) return 0;",
     "if (found == nullptr || found->used) return 0;"))
bug("the circuit breaker does not hear of a reserve", "service",
    (SHOPPERS, "  NoteStore(call.permit, status, now);\n", ""))
bug("the circuit breaker does not hear of a batch", "service",
    (RESERVE_BATCH, "      if (calls_[i].permit) Report(", "      if (calls_[i].permit && after < now_) Report("))
bug("a batch looks for what its own requests have reserved before they have", "service",
    (RESERVE_BATCH, "  if (may_be_known && !Flush())", "  if (may_be_known && waiting_.empty())"))
bug("an admission of another in the batch is marked as used", "service",
    (RESERVE_BATCH, "    if (&place != &probe) place = probe;\n",
     "    if (&place == &probe) place = probe;\n"))
bug("the circuit breaker does not hear of a join", "service",
    (SHOPPERS, "  NoteStore(permit, place.status(), now);\n", ""))
bug("a sink that fails is told of with each delivery", "service",
    (WATCH, "  if (failed && !seen.failing) {", "  if (failed) {"))

# Holds of their own length, waves and waitlists.
bug("a reserve is held as the terms say, whatever it asks for", "scripts",
    (JUDGE, "command.hold == Duration(0) ? terms_.hold : command.hold", "terms_.hold"))
bug("a reserve may be held for longer than the longest hold", "scripts",
    (JUDGE, "return command.hold > *terms_.longest_hold ? Field::kHold : Field::kNone;",
     "return Field::kNone;"))
bug("a paused sale has its waves at once", "service",
    (WAVES, "      case Phase::kScheduled:\n      case Phase::kPaused:\n        break;\n"
            "      case Phase::kOpen:\n",
     "      case Phase::kScheduled:\n        break;\n      case Phase::kPaused:\n"
     "      case Phase::kOpen:\n"))
bug("who leaves while they are let in keeps the unit", "service",
    (SERVED_WAITLIST, "    } else if (IsAt(answers[i].entry, turn.entry)) {", "    } else {"),
    (SERVED_WAITLIST, "    } else {\n      cancels.push_back({.verb = Verb::kCancel, "
                      ".user = turn.entry.user, .id = id});\n    }\n", "    }\n"))
bug("who was let in and got nothing is forgotten", "service",
    (SERVED_WAITLIST, "    if (turn.fate == Fate::kWaits && !is_kept) "
                      "pending_.insert(at, turn.entry);\n", ""))
bug("the list counts on units that are left for those whose turn it is", "service",
    (SERVED_WAITLIST, "  available -= std::min(available, mine + others);\n", ""))
bug("a unit waits for ever for somebody whom a server that crashed has let in", "service",
    (FOREIGN_TURNS, "      given_up_ = std::max(given_up_, fewest_);\n", ""))
bug("an offer has the number of the list's own admission", "service",
    (SERVED_WAITLIST, "  command.admission_number = next;\n",
     "  command.admission_number = entry.admission.number;\n"))
bug("an offer spoils an admission of the queue that is half used", "service",
    (SERVED_WAITLIST, "  if (is_in_use || queued.number == next) {", "  if (queued.number == next) {"))
bug("offers of a list that was lost have the ids of the new one's", "service",
    (WAITLIST_TERMS, "key.epoch.time_since_epoch().count(), key.ticket)", "0, key.ticket)"))
bug("others are asked while people wait for the line's units", "service",
    (GATES_H, "    return Outcome{.code = Code::kSoldOut};\n", "    return std::nullopt;\n"))
bug("the queue lets people in for what the waitlist is going to be offered", "service",
    (QUEUE_VIEW, "unused_.load(kRelaxed) + units_claimed_.load(kRelaxed)", "unused_.load(kRelaxed)"))
bug("an offer goes on beyond the turn, so that its user may have two", "service",
    (SERVED_WAITLIST, "std::min(line_.offer_hold, entry.admission.until - now)", "line_.offer_hold"))
bug("an offer of a sale that was cancelled is shown", "service",
    (WAITLIST_PLACES, "if (is_active && !all_cancelled && ", "if (is_active && "))
bug("an offer is shown although its sale has cut it off", "service",
    (WAITLIST_PLACES, "IsLive(record.deadline, cut, now)", "IsLive(record.deadline, kMaxTime, now)"))
bug("other servers find a sale before its waitlists are made", "service",
    (SERVICE, "  if (!created.ok()) return created.status();\n",
     "  if (!created.ok()) return created.status();\n"
     "  (void)catalogue.Put({.terms = *valid});\n"))
bug("how a turn ended is told by every server", "service",
    (SERVED_WAITLIST, "  if (!status.ok() || answer.code != Code::kDone) return status;\n"
                      "  if (outcome.code == Code::kAlreadyDone) {",
     "  if (!status.ok()) return status;\n  if (outcome.code == Code::kAlreadyDone) {"))

# The lane.
bug("a call is sent to the store at its deadline", "runtime",
    (LANE_WORKER, "    if (slot.call.deadline <= now) {", "    if (slot.call.deadline < now) {"))
bug("a worker that is closed leaves the sales whose turn has not come", "runtime",
    (LANE_WORKER, "return turns_.empty() && inbox_.finished() && ", "return inbox_.finished() && "))
bug("a worker that is closed does not wait for its commits", "runtime",
    (LANE_WORKER, " && inbox_.finished() && uncommitted_.empty();", " && inbox_.finished();"))
bug("who waits for no commit is told before those who came first", "runtime",
    (LANE_WORKER, "bool apart = has_keeper_ && !uncommitted_.empty();", "bool apart = false;"))
bug("calls that wait for a commit are answered while it is on its way", "runtime",
    (LANE_WORKER, "  AwaitCommit(*done);\n", ""))
bug("answers that nobody has delivered are lost with the lane", "runtime",
    (LANE, "    worker->Deliver();\n    worker->WaitUntilCompleted();\n", ""))
