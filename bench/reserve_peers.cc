#include "bench/reserve_peers.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "bench/measurement.h"
#include "bench/peers/peer_file.h"
#include "bench/question.h"

namespace flashsale::bench {

std::span<const EmbeddedFile> PeerFiles();

namespace {

// What nobody reserves later.
constexpr std::uint64_t kSomebody = 0;

std::string_view PeerFile(std::string_view name) {
  const auto files = PeerFiles();
  const auto found = std::ranges::find(files, name, &EmbeddedFile::name);
  Require(found != files.end(), "a file of a peer is not in the program");
  return found->text;
}

template <typename Id>
std::string_view BytesOf(const Id& id) {
  return {reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()};
}

ReservationId IdOf(const Crowd& crowd, std::uint64_t number) { return crowd.Reserve(number).id; }

void CheckAnswer(std::uint64_t given, PeerAnswer expected) {
  if (given == static_cast<std::uint64_t>(expected)) return;
  throw WrongAnswer(
      fmt::format("a peer answered {}, expected {}", given, static_cast<std::uint64_t>(expected)));
}

}  // namespace

RedisSale::RedisSale(const std::string& folder, std::uint64_t seed, std::uint64_t in_flight)
    : folder_(folder), crowd_(seed), in_flight_(in_flight), server_(folder_.path()) {
  RedisConnection& first = server_.connection();
  first.Command(3);
  for (const std::string_view argument :
       {std::string_view("SCRIPT"), std::string_view("LOAD"), PeerFile("reserve.lua")}) {
    first.Argument(argument);
  }
  script_ = first.Ask();
  SetStock(0);
  CheckOne(kSomebody, kSomebody, PeerAnswer::kSoldOut);
  SetStock(std::uint64_t{1} << 40);
  CheckOne(kSomebody, kSomebody, PeerAnswer::kDone);
  CheckOne(kSomebody, kSomebody, PeerAnswer::kAlreadyDone);
  CheckOne(kSomebody, ~kSomebody, PeerAnswer::kLimitReached);
  CheckOne(~kSomebody, kSomebody, PeerAnswer::kOthersId);
  // Each with 16 in its pipeline, or more.
  const std::uint64_t count = std::clamp<std::uint64_t>(in_flight / 16, 1, kMostConnections);
  for (std::uint64_t i = 0; i < count; ++i) connections_.push_back(server_.Connect());
}

void RedisSale::SetStock(std::uint64_t units) {
  RedisConnection& first = server_.connection();
  first.Command(3);
  first.Argument("SET");
  first.Argument("units");
  first.Argument(std::to_string(units));
  first.Run();
}

void RedisSale::Put(RedisConnection& connection, std::uint64_t user, std::uint64_t id) {
  connection.Command(12);
  connection.Argument("EVALSHA");
  connection.Argument(script_);
  connection.Argument("4");
  for (const std::string_view key : {"holders", "buyers", "units", "deadlines"}) {
    connection.Argument(key);
  }
  connection.Argument(BytesOf(IdOf(crowd_, id)));
  connection.Argument(BytesOf(crowd_.User(user)));
  connection.Argument("1");
  connection.Argument("1");
  // In the order in which they come, as of one hold time.
  connection.Argument(std::to_string(1'800'000'000'000 + next_));
}

void RedisSale::CheckOne(std::uint64_t user, std::uint64_t id, PeerAnswer expected) {
  Put(server_.connection(), user, id);
  CheckAnswer(server_.connection().Run().sum, expected);
}

double RedisSale::Reserve(std::uint64_t count) {
  const std::uint64_t most = in_flight_ / connections_.size();
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  const auto send = [&](RedisConnection& connection) {
    for (std::uint64_t i = 0; i < most && sent < count; ++i, ++sent, ++next_) {
      Put(connection, next_, next_);
    }
    connection.Send();
  };
  const double taken = WallNanosecondsOf([&] {
    for (const auto& connection : connections_) send(*connection);
    // Who was sent to first is answered first.
    for (std::uint64_t answered = 0; answered < count;) {
      for (const auto& connection : connections_) {
        const RedisConnection::Answers answers = connection->Receive();
        answered += answers.numbers;
        done += answers.sum;
        send(*connection);
      }
    }
  });
  Require(done == count, "a reserve of Redis was answered wrongly");
  return taken;
}

PostgresSale::PostgresSale(const std::string& folder, std::uint64_t seed, std::uint64_t clients)
    : crowd_(seed), server_(folder) {
  for (std::uint64_t i = 0; i < clients; ++i) clients_.push_back(server_.Connect());
  clients_.front()->Execute(PeerFile("reserve.sql"));
  for (const auto& client : clients_) client->Prepare("SELECT reserve($1, $2, $3, $4)");
  clients_.front()->Execute("INSERT INTO stock VALUES (1, 0)");
  CheckOne(kSomebody, kSomebody, PeerAnswer::kSoldOut);
  clients_.front()->Execute("UPDATE stock SET units_left = 2000000000");
  CheckOne(kSomebody, kSomebody, PeerAnswer::kDone);
  CheckOne(kSomebody, kSomebody, PeerAnswer::kAlreadyDone);
  CheckOne(kSomebody, ~kSomebody, PeerAnswer::kLimitReached);
  CheckOne(~kSomebody, kSomebody, PeerAnswer::kOthersId);
}

void PostgresSale::Send(PostgresConnection& client, std::uint64_t user, std::uint64_t id) {
  static const std::string kOne = PostgresInteger(1);
  const ReservationId reservation = IdOf(crowd_, id);
  const UserId buyer = crowd_.User(user);
  client.SendCall(
      std::array<std::string_view, 4>{BytesOf(reservation), BytesOf(buyer), kOne, kOne});
}

void PostgresSale::CheckOne(std::uint64_t user, std::uint64_t id, PeerAnswer expected) {
  Send(*clients_.front(), user, id);
  std::int32_t answer = static_cast<std::int32_t>(PeerAnswer::kSoldOut);
  try {
    answer = clients_.front()->ReceiveAnswer();
  } catch (const std::runtime_error& error) {
    if (!std::string_view(error.what()).ends_with("sold out")) throw;
  }
  CheckAnswer(static_cast<std::uint64_t>(answer), expected);
}

double PostgresSale::Reserve(std::uint64_t count) {
  std::vector<pollfd> waiting;
  waiting.reserve(clients_.size());
  for (const auto& client : clients_) {
    waiting.push_back({.fd = client->descriptor(), .events = POLLIN, .revents = 0});
  }
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t done = 0;
  const auto send = [&](PostgresConnection& client) {
    if (sent == count) return;
    ++sent;
    Send(client, next_, next_);
    ++next_;
  };
  const double taken = WallNanosecondsOf([&] {
    for (const auto& client : clients_) send(*client);
    while (answered < count) {
      if (poll(waiting.data(), waiting.size(), -1) < 0) throw std::runtime_error("poll failed");
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (waiting[i].revents == 0) continue;
        done +=
            clients_[i]->ReceiveAnswer() == static_cast<std::int32_t>(PeerAnswer::kDone) ? 1U : 0U;
        ++answered;
        send(*clients_[i]);
      }
    }
  });
  Require(done == count, "a reserve of PostgreSQL was answered wrongly");
  return taken;
}

}  // namespace flashsale::bench
