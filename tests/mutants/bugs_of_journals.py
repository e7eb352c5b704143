"""Bugs of what outlives the process."""

from seeded import bug

COMMITS = "src/backend/journal/group_commit.cc"
COMMIT = "src/backend/journal/commit.cc"
INVENTORY = "src/backend/journal/journaled_inventory.cc"
LINES = "src/backend/journal/journaled_queue.cc"
LINE_CODEC = "src/backend/journal/line_codec.cc"
ORDERS = "src/service/shop_orders.cc"
RECORD = "src/backend/journal/record.cc"
RECOVERY = "src/backend/journal/recovery.cc"
READER = "src/backend/journal/journal_reader.cc"
RECONCILIATION = "src/service/reconciliation.cc"
REPLAY = "src/backend/memory/waiting_line_replay.cc"
STAGES = "src/backend/memory/waiting_line_stages.cc"
WALK = "src/backend/journal/journal_walk.cc"
STORAGE = "src/backend/journal/journaled_storage.cc"
TICKETS = "src/backend/memory/waiting_tickets.cc"
WAITING = "src/backend/memory/waiting_line.cc"

# What is acknowledged is kept.
bug("a reserve is acknowledged before it is kept", "journal",
    (INVENTORY, "  return status.ok() ? AwaitCommit(ticket) : status;", "  return status;"))
bug("what somebody is told of another's hold is not waited for", "journal",
    (INVENTORY, "    case Code::kStorageFull:\n      return false;",
     "    case Code::kStorageFull:\n    case Code::kAlreadyDone:\n    case Code::kUserLimit:\n"
     "      return false;"))
bug("after a failure of the medium it is tried again", "journal",
    (COMMITS, "    Fail(&medium_failure_);\n", "    return medium_failure_;\n"))
bug("what had no room is forgotten", "journal",
    (COMMITS, "  if (!status.ok()) return status;\n  is_sealed_ = false;",
     "  if (!status.ok()) {\n    is_sealed_ = false;\n    written_.Clear();\n    return status;\n  }\n"
     "  is_sealed_ = false;"))
bug("a commit tells no time", "journal",
    (COMMITS, "      header_.latest = latest();\n", ""))
bug("the chain begins anew with each session", "journal",
    (COMMITS, "      last_hash_(last_hash) {}", "      last_hash_(last_hash) {\n  last_hash_.fill(0);\n}"))
bug("a sale that was forgotten is there again", "journal",
    (INVENTORY, "  commits_.Append([&](RecordWriter& writer) { writer.SaleForgotten(scribe.number()); });\n",
     ""))
bug("a sale's number is given twice after a restart", "journal",
    (STORAGE, "recovery.last_sale() + 1", "1"))
bug("a user that was introduced in one session is taken for known in the next", "journal",
    (RECOVERY, "  BeginSession(commit());\n  return {};", "  return {};"))
bug("names that no record mentions are overlooked", "journal",
    (WALK, "if (!reader.UsedAllNames()) return", "if (false) return"))
bug("who is exchanged for another leaves the hash of names as it was", "journal",
    (READER, "      hasher_.Add(commit.names);\n", ""))
bug("the edges of an event are not written", "journal",
    (RECORD, "  if (!event.edges.empty()) {", "  if (false) {"))
bug("the time is kept with every call or never", "journal",
    (COMMITS, " < kBehind) return {};", " >= kBehind) return {};"))

# Lines.
bug("a ticket is told before it is kept", "journal",
    (LINES, "  return commits_.Await(TicketOf(sale));\n}\n\nStatus JournaledQueue::MarkUsed",
     "  return {};\n}\n\nStatus JournaledQueue::MarkUsed"))
bug("who falls silent in passing is back after a restart", "journal",
    (TICKETS, "        if (log_ != nullptr) {", "        if (log_ != nullptr && number == kWords) {"))
bug("who is found silent is back after a restart", "journal",
    (WAITING, "  Log({.kind = QueueEvent::Kind::kFellSilent, .ticket = (*waiting_)[entry].ticket});\n", ""))
bug("a restart makes everybody silent", "journal",
    (WAITING, "if (std::exchange(made_anew_, false) && waiting_ != nullptr) waiting_->TouchAll(at);", ""))
bug("who left the shop is in it again after a restart", "journal",
    (WAITING, "        Log({.kind = QueueEvent::Kind::kLeft, .at = latest_, .ticket = admission->ticket});\n",
     ""))
bug("who was finished is in the shop again after a restart", "journal",
    (WAITING, "  Log({.kind = QueueEvent::Kind::kCompleted, .at = latest_, .ticket = admission->ticket});\n",
     ""))
bug("what the strategy keeps is lost with a restart", "journal",
    (WAITING, "  Log({.kind = QueueEvent::Kind::kTurn, .number = strategy});\n", ""))
bug("the pace falls back with a restart", "journal",
    (STAGES, "  Log({.kind = QueueEvent::Kind::kPaceChanged, .at = latest_, .pace = pace});\n", ""))
bug("a pause ends with a restart", "journal",
    (REPLAY, "  admissions_.SetClock(clock_);\n", ""))
bug("entrants are listed anew after a restart", "journal",
    (STAGES, "  Log({.kind = QueueEvent::Kind::kListed, .tier = tier});\n", ""))
bug("an order is lost with a restart", "journal",
    (STAGES, "       .tickets = arrangement.tickets});", "       .tickets = {}});"))
bug("a place that was brought back is lost with a restart", "journal",
    (LINE_CODEC, "    if (event.place != 0) first |= kHasPlace;\n", ""),
    (LINE_CODEC, "      if (event.place != 0) records.Varint(event.place);\n", ""))
bug("an admission that was used waits to be used after a restart", "journal",
    (REPLAY, "    if (is_admitted) admissions_.MarkUsed(hash, event.user, event.number);\n", ""))
bug("windows that passed before a restart go on", "journal",
    (REPLAY, "  EndPassedWindows(at);\n", ""))
bug("a waitlist comes back as a queue", "journal",
    (STORAGE, "line.use == journal::LineUse::kQueue ? *queues_ : *waitlists_",
     "line.use == journal::LineUse::kQueue ? *queues_ : *queues_"))
bug("a queue's number is given twice after a restart", "journal",
    (STORAGE, "recovery.last_line() + 1", "1"))
bug("a queue that was forgotten is there again", "journal",
    (LINES, "  commits_.Append([&](RecordWriter& writer) { writer.LineForgotten(scribe.number()); });\n",
     ""))

# The shop's own orders.
bug("what was bought after the orders were listed is taken back", "service",
    (RECONCILIATION, "    if (too_new.count(key) != 0) {", "    if (false) {"))
bug("what was revived after the orders were listed is taken back", "service",
    (RECONCILIATION,
     "event.type == EventType::kConfirmed || event.type == EventType::kRevived;",
     "event.type == EventType::kConfirmed;"))
bug("what was bought when the orders were listed is taken for newer", "service",
    (RECONCILIATION, "if (buys && event.at > as_of)", "if (buys && event.at >= as_of)"))
bug("a dry run carries the remedies out", "service",
    (RECONCILIATION, "    if (options.apply) {", "    if (true) {"))
bug("all that is held is bought where a part was ordered", "service",
    (RECONCILIATION,
     "  if (command.verb == Verb::kConfirm) command.units = found.order.units;\n", ""))
bug("who ordered more than is held is to be confirmed", "service",
    (RECONCILIATION, "(ledger.line != order.line || ledger.units < order.units)",
     "(ledger.line != order.line)"))
bug("a remedy that was refused counts as settled", "service",
    (RECONCILIATION, "  found.is_settled = IsDone(*answer);", "  found.is_settled = true;"))
bug("an order that the shop has twice matches once", "service",
    (RECONCILIATION, "      if (before == found.end()) --result.matching;\n",
     "      (void)before;\n"))
bug("an order beyond all limits is to be reserved", "service",
    (RECONCILIATION, " && !all.MayEverReserve(order)", " && false"))
bug("whose limit was raised is held to the terms' own", "service",
    (RECONCILIATION, "if (tally.limit > terms_.limit_per_user) raised_", "if (false) raised_"))
bug("the later of two columns of one name is read", "service",
    (ORDERS, "        if (place.has_value()) return", "        if (false) return"))
