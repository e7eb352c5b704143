// Any bytes at all are read as forwarding headers: nothing may go wrong, and nothing that stands to
// the left of the entries of our own proxies may change whose request it is.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "flashsale/policy/client_address.h"

namespace {

using flashsale::ClientAddressOf;
using flashsale::IpAddress;

void Require(bool holds) {
  if (!holds) std::abort();
}

// How many elements of a list are not empty.
std::size_t CountElements(std::string_view list) {
  std::size_t count = 0;
  bool empty = true;
  for (const char c : list) {
    if (c == ',') {
      empty = true;
    } else if (c != ' ' && c != '\t' && empty) {
      empty = false;
      ++count;
    }
  }
  return count;
}

}  // namespace

// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t hops = data[0] % 4;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t split = text.find('\n');
  const std::string_view left = text.substr(0, split);
  const std::string_view right =
      split == std::string_view::npos ? std::string_view() : text.substr(split + 1);
  const IpAddress peer = IpAddress::FromIpv4({10, 0, 0, 1});

  const std::array<std::string_view, 1> alone = {right};
  const IpAddress client = ClientAddressOf({.peer = peer, .x_forwarded_for = alone}, hops);
  if (hops == 0) Require(client == peer);
  const std::array<std::string_view, 2> lines = {left, right};
  const std::string joined = std::string(left) + "," + std::string(right);
  const std::array<std::string_view, 1> line = {joined};
  if (CountElements(right) >= hops) {
    Require(ClientAddressOf({.peer = peer, .x_forwarded_for = lines}, hops) == client);
    Require(ClientAddressOf({.peer = peer, .x_forwarded_for = line}, hops) == client);
  }
  // What is read is what is written.
  Require(IpAddress::Parse(client.ToString()) == client);

  const IpAddress by_forwarded =
      ClientAddressOf({.peer = peer, .x_forwarded_for = lines, .forwarded = alone}, hops);
  if (hops == 0) Require(by_forwarded == peer);
  Require(IpAddress::Parse(by_forwarded.ToString()) == by_forwarded);
  // The other header is not looked at, nor what stands to the left.
  Require(ClientAddressOf({.peer = peer, .forwarded = alone}, hops) == by_forwarded);
  const bool quotes = right.find('"') != std::string_view::npos;
  if (!quotes && CountElements(right) >= hops) {
    Require(ClientAddressOf({.peer = peer, .forwarded = lines}, hops) == by_forwarded);
    Require(ClientAddressOf({.peer = peer, .forwarded = line}, hops) == by_forwarded);
  }
  return 0;
}
