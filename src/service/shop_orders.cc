// The shop's orders as comma-separated values.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/field_check.h"
#include "flashsale/base/id_text.h"
#include "flashsale/service/reconciliation.h"

namespace flashsale::inline v0 {
namespace {

// A table, record by record.
class Table {
 public:
  explicit Table(std::string_view text) : text_(text) {
    // The mark that some programs put in front of UTF-8.
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (text_.substr(0, kMark.size()) == kMark) text_.remove_prefix(kMark.size());
  }

  // The next record: its fields, without the quotes.  False at the end; nothing where wrong() is
  // said of it.
  std::optional<bool> Next(std::vector<std::string>& fields) {
    fields.clear();
    if (text_.empty()) return false;
    line_ = next_line_;
    for (;;) {
      const std::optional<std::string> field = Field();
      if (!field.has_value()) return Unreadable(kQuotes);
      fields.push_back(*field);
      if (text_.empty()) return true;
      if (Take("\r\n") || Take("\n")) {
        ++next_line_;
        return true;
      }
      if (!Take(",")) return Unreadable(text_.front() == '\r' ? kLineEnd : kQuotes);
    }
  }
  // Where the last record began, from 1.
  std::size_t line() const { return line_; }
  std::string_view wrong() const { return wrong_; }

 private:
  static constexpr std::string_view kQuotes =
      "quotes, expected around whole fields and in pairs within";
  static constexpr std::string_view kLineEnd = "a line end of CR alone, expected LF or CR LF";

  std::optional<bool> Unreadable(std::string_view wrong) {
    wrong_ = wrong;
    return std::nullopt;
  }
  bool Take(std::string_view what) {
    if (text_.substr(0, what.size()) != what) return false;
    text_.remove_prefix(what.size());
    return true;
  }
  std::optional<std::string> Field() {
    std::string field;
    if (!Take("\"")) {
      const std::size_t end = std::min(text_.find_first_of(",\r\n\""), text_.size());
      field = text_.substr(0, end);
      text_.remove_prefix(end);
      return field;
    }
    while (!text_.empty()) {
      if (Take("\"\"")) {
        field += '"';
        continue;
      }
      if (Take("\"")) return field;
      if (text_.front() == '\n') ++next_line_;
      field += text_.front();
      text_.remove_prefix(1);
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t line_ = 0;
  std::size_t next_line_ = 1;
  std::string_view wrong_;
};

std::optional<Units> ParseUnits(std::string_view text) {
  Units number = 0;
  const char* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `end`.
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number == 0 || number > kMaxUnits) return std::nullopt;
  return number;
}

// Names of columns are the same in either case.
bool IsColumn(std::string_view field, std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(field.begin(), field.end(), name.begin(), name.end(),
                    [&lower](char a, char b) { return lower(a) == b; });
}

Status Wrong(std::size_t line, std::string_view column, std::string_view value,
             std::string_view expected) {
  return {StatusCode::kInvalidArgument, fmt::format("line {}, column '{}': {}, expected {}", line,
                                                    column, Printable(value), expected)};
}

class OrderParser {
 public:
  OrderParser(std::string_view csv, const SaleTerms& terms) : table_(csv), terms_(terms) {}

  Result<std::vector<ShopOrder>> Parse() {
    std::optional<bool> more = table_.Next(fields_);
    if (!more.has_value()) return Unreadable();
    if (!*more) return Status(StatusCode::kInvalidArgument, "line 1: nothing, expected a heading");
    if (Status status = TakeHeading(); !status.ok()) return status;
    std::vector<ShopOrder> orders;
    while ((more = table_.Next(fields_)).value_or(false)) {
      if (fields_.size() == 1 && fields_[0].empty()) continue;
      ShopOrder order;
      if (Status status = TakeOrder(order); !status.ok()) return status;
      orders.push_back(order);
    }
    if (!more.has_value()) return Unreadable();
    return orders;
  }

 private:
  Status Unreadable() const {
    return {StatusCode::kInvalidArgument,
            fmt::format("line {}: {}", table_.line(), table_.wrong())};
  }
  Status WrongHeading(std::string_view column, std::string_view what) const {
    return {StatusCode::kInvalidArgument,
            fmt::format("line {}, column '{}': {}", table_.line(), column, what)};
  }
  // The columns of the heading.
  std::string Found() const {
    constexpr std::size_t kMostTold = 20;
    std::string found;
    for (std::size_t i = 0; i < std::min(kMostTold, fields_.size()); ++i) {
      found += (i == 0 ? "" : ", ") + Printable(fields_[i]);
    }
    if (fields_.size() > kMostTold) {
      found += fmt::format(" and {} more", fields_.size() - kMostTold);
    }
    if (fields_.size() == 1 && fields_[0].find(';') != std::string::npos) {
      found += ": fields are separated by ',', not by ';'";
    }
    return found;
  }
  // The id in a column.
  template <typename Id>
  Status TakeId(std::string_view column, std::size_t place, Id& id) const {
    const Result<Id> parsed = ParseId<Id>(fields_[place]);
    if (!parsed.ok()) {
      return {StatusCode::kInvalidArgument, fmt::format("line {}, column '{}': {}", table_.line(),
                                                        column, parsed.status().message())};
    }
    id = *parsed;
    return {};
  }
  Status TakeHeading() {
    struct Column {
      const char* name;
      std::optional<std::size_t>& place;
      bool must_be;
    };
    for (const auto& [name, place, must_be] :
         {Column{"user", user_, true}, Column{"id", id_, true}, Column{"units", units_, true},
          Column{"product", product_, terms_.lines.size() > 1}}) {
      for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (!IsColumn(fields_[i], name)) continue;
        if (place.has_value()) return WrongHeading(name, "twice, expected once");
        place = i;
      }
      if (must_be && !place.has_value()) {
        return WrongHeading(name, "none, expected in the heading, which has " + Found());
      }
    }
    columns_ = fields_.size();
    return {};
  }
  Status TakeOrder(ShopOrder& order) const {
    if (fields_.size() != columns_) {
      return {StatusCode::kInvalidArgument, fmt::format("line {}: {} fields, expected {}",
                                                        table_.line(), fields_.size(), columns_)};
    }
    order = {.table_line = table_.line()};
    Status status = TakeId("user", *user_, order.user);
    if (status.ok()) status = TakeId("id", *id_, order.id);
    if (!status.ok()) return status;
    const auto units = ParseUnits(fields_[*units_]);
    if (!units.has_value()) {
      return Wrong(table_.line(), "units", fields_[*units_],
                   fmt::format("a number from 1 to {}", kMaxUnits));
    }
    order.units = *units;
    if (!product_.has_value()) return {};
    const std::string& product = fields_[*product_];
    const auto line =
        std::find_if(terms_.lines.begin(), terms_.lines.end(),
                     [&product](const SaleLine& each) { return each.product.view() == product; });
    if (line == terms_.lines.end()) {
      return Wrong(table_.line(), "product", product, "one that the sale has");
    }
    order.line = static_cast<std::uint16_t>(line - terms_.lines.begin());
    return {};
  }

  Table table_;
  const SaleTerms& terms_;
  std::vector<std::string> fields_;
  std::size_t columns_ = 0;
  std::optional<std::size_t> user_;
  std::optional<std::size_t> id_;
  std::optional<std::size_t> units_;
  std::optional<std::size_t> product_;
};

}  // namespace

Result<std::vector<ShopOrder>> ParseShopOrders(std::string_view csv, const SaleTerms& terms) {
  try {
    return OrderParser(csv, terms).Parse();
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

}  // namespace flashsale::inline v0
