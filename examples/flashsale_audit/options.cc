#include "examples/flashsale_audit/options.h"

#include <CLI/CLI.hpp>

namespace flashsale::audit {
namespace {

void AddCheck(CLI::App& app, CheckOptions& options) {
  app.add_option("--sale", options.sale, "This sale alone");
  app.add_option("--draw", options.draws,
                 "What was published of a draw (record.json), to be compared with the order that "
                 "the queue was given; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--hash", options.hashes,
                 "COMMIT:HEX, the hash of a commit as a report told it that was kept elsewhere; "
                 "may be repeated")
      ->allow_extra_args(false);
  app.add_option("--names-hash", options.names_hashes,
                 "COMMIT:HEX, the hash of all names up to a commit, likewise")
      ->allow_extra_args(false);
  app.add_flag("--ids", options.with_ids, "Tell the ids of people and limit keys");
  app.add_flag("--skip-pages", options.without_pages,
               "Do not look through the database's pages first");
  app.add_option("--json", options.json, "Write the report for programs");
  app.add_option("--csv", options.csv, "Write units over time");
  app.add_option("--html", options.html, "Write the report as a page with pictures");
}

void AddReconcile(CLI::App& app, ReconcileOptions& options) {
  app.add_option("FILE", options.file, "The journal")->required();
  app.add_option(
         "--orders", options.orders,
         "The shop's orders, as comma-separated values with the columns user, id, units and, "
         "for more than one product, product; -: standard input")
      ->required();
  app.add_option("--sale", options.sale, "The sale; may be left out where there is but one");
  app.add_option("--as-of", options.as_of,
                 "When the orders were listed, as seconds since 1970 or as RFC 3339 has it: "
                 "purchases since then are not looked at");
  app.add_flag(
      "--apply", options.apply,
      "Settle what can be settled; the shop must be closed. Otherwise the file stays as it "
      "is, and may be in use");
  app.add_flag("--ids", options.with_ids, "Tell the ids of people and reservations");
  app.add_flag("--all", options.all, "Tell every difference, not only the first 20");
  app.add_option("--json", options.json, "Write the report, with every difference, for programs");
}

}  // namespace

Request ParseCommandLine(int argc, const char* const* argv, const Streams& streams) {
  CheckOptions check;
  CopyOptions copy;
  EraseOptions erase;
  ReconcileOptions reconcile;
  CLI::App app(
      "Proves or refutes, from a journal alone, that a sale kept its promises: docs/audit.md.\n"
      "The file stays as it is, and may be in use.\n"
      "Exit code: 0 all held, 1 something was refuted, 2 the arguments or the file are wrong.",
      "flashsale_audit");
  app.require_subcommand(0, 1);
  CLI::Option* const file = app.add_option("FILE", check.file, "The journal");
  AddCheck(app, check);

  CLI::App* const check_command = app.add_subcommand("check", "The same as FILE alone");
  check_command->add_option("FILE", check.file, "The journal")->required();
  AddCheck(*check_command, check);

  CLI::App* const export_command =
      app.add_subcommand("export",
                         "Copies one sale, with its queue and waitlists, into a journal "
                         "of its own");
  export_command->add_option("FILE", copy.file, "The journal")->required();
  export_command->add_option("--sale", copy.sale, "The sale; may be forgotten")->required();
  export_command->add_option("--to", copy.to, "The new file")->required();

  CLI::App* const compact_command =
      app.add_subcommand("compact", "Copies all that was not forgotten into a new journal");
  compact_command->add_option("FILE", copy.file, "The journal")->required();
  compact_command->add_option("--to", copy.to, "The new file")->required();

  CLI::App* const erase_command =
      app.add_subcommand("erase", "Overwrites people's ids in a journal that nobody has open");
  erase_command->add_option("FILE", erase.file, "The journal")->required();
  erase_command
      ->add_option("--user", erase.users, "A user: a UUID, 32 hex digits, int:NUMBER or text:NAME")
      ->allow_extra_args(false);
  erase_command->add_option("--key", erase.keys, "A limit key, likewise")->allow_extra_args(false);

  CLI::App* const reconcile_command = app.add_subcommand(
      "reconcile",
      "Compares what a sale has sold with the shop's own orders.\n"
      "Exit code: 0 they agree, or do now, 1 they differ, 2 the arguments or a file are wrong.");
  AddReconcile(*reconcile_command, reconcile);

  try {
    app.parse(argc, argv);
    if (export_command->parsed() || compact_command->parsed()) return copy;
    if (erase_command->parsed()) {
      if (erase.users.empty() && erase.keys.empty()) {
        throw CLI::RequiredError("--user or --key: none");
      }
      return erase;
    }
    if (reconcile_command->parsed()) return reconcile;
    if (!check_command->parsed() && file->empty()) throw CLI::RequiredError("FILE");
    return check;
  } catch (const CLI::ParseError& error) {
    return app.exit(error, streams.out, streams.errors) == 0 ? kExitHeld : kExitBadInput;
  }
}

}  // namespace flashsale::audit
