#ifndef FLASHSALE_TESTING_SCRIPT_H_
#define FLASHSALE_TESTING_SCRIPT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "flashsale/export.h"
#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// A script is a table of commands and the answers that the contract gives to them:
//
//   # Whoever cancels makes room for the next shopper.
//   sale end 1h limit 2
//   line shirt 2
//
//   case "stock returns on cancel"
//   reserve alice a1 shirt 2           -> Done active 2 until +5m
//   reserve bob b1 shirt 1             -> SoldOut
//   at 1m
//   cancel alice a1                    -> Done cancelled 2
//   reserve bob b1 shirt 1             -> Done
//   expect stock shirt available 1 reserved 1 sold 0
//   events Reserved Cancelled Reserved
//
// Header, for the whole file before the first case, or for one case right after its name:
//   sale [start T] [end T] [limit N] [ceiling N] [per-order N] [open-holds N] [hold D] [longest D]
//        [policy grace|cut] [late refuse|revive] [admission required|free] [strays N]
//   line PRODUCT UNITS [released N]    key NAME LIMIT    store records N
//   wave T LINE-NUMBER TOTAL
// A case that names lines or keys of its own has none of the file's; waves are added to them.  Not
// given: start 0, end 1h, one line "shirt" of 10, else the defaults of SaleTerms.
//
// Time moves by lines of their own; everything else takes none:
//   at 5m          five minutes after the script's origin, 2023-11-14T22:13:20Z
//   at +1us, -1h   later, earlier than now      at 5m-1us, +5m-1us   sums of d h m s ms us
//   at raw N       microseconds since 1970, lawful or not
//
// Commands, each with its answer after "->":
//   reserve USER ID LINE UNITS    confirm USER ID [UNITS]    cancel | extend | void USER ID
//   start | pause | resume | close | cancel-sale | settle | forget | create    release LINE UNITS
//   further, on any of them: limit N, quote N, admission NUMBER/GRANT, hold D, KEYNAME KEY,
//   key:I KEY, flags N, and, to spoil them: user U, id I, line L, units N, verb N, sale NAME. LINE
//   is a product or line:N; "-" is the nil id and the name that is none. answer: CODE [STATE]
//   [UNITS] [until T] [FIELD].  What is left out is not compared, but an Invalid names its field
//   and a refusal carries nothing.
//   ---            ends a batch
//   A line with "t[1..32]" stands for 32, with t1 to t32; for 1,000 at most.
//
// Looks:
//   expect stock LINE [available N] [reserved N] [sold N] [released N] [limit N]
//   expect tally USER [held N] [bought N] [limit N] [open N] [records N] [admission N] [used N]
//   expect key NAME KEY [held N] [bought N]
//   expect hold USER ID unknown | STATE [UNITS] [asked N] [until T] [quote N] [admission N]
//   expect sale PHASE STATE [final]
//   events none | TYPE...      those since the last such line; TYPE+EDGE+EDGE compares the edges
//   too,
//                              "TYPE+" says that it has none
//   expire [MAX] [-> N]        ExpireDue; N holds expired
//
// Names are ids made with FromText.  A "#" at the start of a word begins a comment.
struct ScriptSource {
  // Stands before the line number in messages.
  std::string name;
  std::string text;
};

enum class ScriptMode : std::uint8_t {
  kSingly = 0,   // each command is a batch of its own
  kBatched = 1,  // commands at one instant, with no look between them, are one batch
  // Singly, and each a second time at once, as if the first answer had been lost.  That one is the
  // script's; the second is AlreadyDone where the first was Done or Revived, else the same again.
  kTwice = 2,
};

// Runs every case against a sale of its own.  At the end of each the events are folded, the fold,
// the snapshot and the invariants compared.  One result a case, named "script/NAME/CASE"; a script
// that cannot be read is one failed result.  Messages begin with "NAME:LINE: ".
FLASHSALE_EXPORT std::vector<CheckResult> RunScript(const ScriptSource& script,
                                                    const StorageFactory& open, ScriptMode mode);

// The scripts of the contract: every cell, every rule, every pair of refusals.
FLASHSALE_EXPORT std::vector<ScriptSource> ContractScripts();

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_SCRIPT_H_
