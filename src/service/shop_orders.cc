// The shop's orders as comma-separated values.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/field_check.h"
#include "flashsale/service/reconciliation.h"

namespace flashsale::inline v0 {
namespace {

// The next record of the table: its fields, without the quotes.  False at the end; nothing where a
// quote is not closed, or stands inside a field.
class Table {
 public:
  explicit Table(std::string_view text) : text_(text) {
    // The mark that some programs put in front of UTF-8.
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (text_.substr(0, kMark.size()) == kMark) text_.remove_prefix(kMark.size());
  }

  std::optional<bool> Next(std::vector<std::string>& fields) {
    fields.clear();
    if (text_.empty()) return false;
    line_ = next_line_;
    for (;;) {
      const std::optional<std::string> field = Field();
      if (!field.has_value()) return std::nullopt;
      fields.push_back(*field);
      if (text_.empty()) return true;
      if (Take("\r\n") || Take("\n")) {
        ++next_line_;
        return true;
      }
      if (!Take(",")) return std::nullopt;
    }
  }
  // Where the last record began, from 1.
  std::size_t line() const { return line_; }

 private:
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
};

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename Id>
std::optional<Id> ParseId(std::string_view text) {
  constexpr std::string_view kText = "text:";
  constexpr std::string_view kInteger = "int:";
  if (text.substr(0, kText.size()) == kText) return Id::FromText(text.substr(kText.size()));
  if (text.substr(0, kInteger.size()) == kInteger) {
    const auto number = ParseNumber<std::uint64_t>(text.substr(kInteger.size()));
    if (!number.has_value()) return std::nullopt;
    return Id::FromInteger(*number);
  }
  return Id::FromUuid(text);
}

Status Wrong(std::size_t line, std::string_view column, std::string_view value,
             std::string_view expected) {
  return {StatusCode::kInvalidArgument, fmt::format("line {}, column '{}': {}, expected {}", line,
                                                    column, Printable(value), expected)};
}

constexpr std::string_view kIdForms = "a UUID, int: and a number, or text: and anything";

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
            fmt::format("line {}: quotes, expected around whole fields and in pairs within",
                        table_.line())};
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
      const auto found = std::find(fields_.begin(), fields_.end(), name);
      if (found != fields_.end()) {
        place = static_cast<std::size_t>(found - fields_.begin());
      } else if (must_be) {
        return Wrong(1, name, "", "to be in the heading");
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
    const auto user = ParseId<UserId>(fields_[*user_]);
    if (!user.has_value() || user->is_nil()) {
      return Wrong(table_.line(), "user", fields_[*user_], kIdForms);
    }
    const auto id = ParseId<ReservationId>(fields_[*id_]);
    if (!id.has_value() || id->is_nil()) {
      return Wrong(table_.line(), "id", fields_[*id_], kIdForms);
    }
    const auto units = ParseNumber<Units>(fields_[*units_]);
    if (!units.has_value() || *units == 0) {
      return Wrong(table_.line(), "units", fields_[*units_], "a number from 1 on");
    }
    order = {.user = *user, .id = *id, .units = *units, .table_line = table_.line()};
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
