#include "apps/starling-bench/clients/publisher_pool.hpp"

#include "apps/starling-bench/wire/http_head.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace starling::bench {

namespace {

constexpr std::int64_t reopen_pause_ns = second_ns / 10;
constexpr std::int64_t late_ns = second_ns / 1000;
constexpr std::int64_t idle_look_ns = second_ns / 100;

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace

publisher_pool::publisher_pool(event_loop& loop, dialer& dial, ledger& books,
                               publisher_settings settings)
    : loop_(loop), dial_(dial), books_(books), settings_(std::move(settings)), buffer_(64 * 1024) {
  turn_.resize(settings_.connections);
  for (std::uint32_t i = 0; i < settings_.connections; ++i) {
    publishers_.emplace_back(*this, i);
    std::string head = " HTTP/1.1\r\nHost: " + dial_.at(i).host_port + "\r\n";
    if (const auto& tokens = settings_.tokens; !tokens.empty())
      head += "Authorization: Bearer " + tokens[i % tokens.size()] + "\r\n";
    heads_.push_back(head + "Content-Type: application/json\r\nContent-Length: ");
  }
}

std::uint32_t publisher_pool::lanes_for(std::uint32_t connections, std::uint32_t audiences) {
  return std::max(1u, (connections + audiences - 1) / audiences);
}

void publisher_pool::open_all() {
  for (auto& each : publishers_) each.open();
}

void publisher_pool::start() {
  running_ = true;
  started_ = now_ns();
}

std::int64_t publisher_pool::pump() {
  const auto now = now_ns();
  while (!reopen_.empty() && reopen_.front().first <= now) {
    const auto index = reopen_.front().second;
    reopen_.pop_front();
    publishers_[index].open();
  }
  auto next = now + idle_look_ns;
  if (!running_) return next;
  while (!free_.empty()) {
    auto& sender = publishers_[free_.front()];
    if (!has_room(sender)) {
      free_.pop_front();
      continue;
    }
    auto intended = now;
    if (settings_.rate <= 0) {
      // The server's answers and deliveries set the pace; both wake the loop.
      if (settings_.max_undelivered > 0 && books_.outstanding() >= settings_.max_undelivered) break;
    } else {
      intended = started_ + static_cast<std::int64_t>(static_cast<double>(scheduled_) * second_ns /
                                                      settings_.rate);
      if (intended > now) {
        next = std::min(next, intended);
        break;
      }
    }
    free_.pop_front();
    send_next(sender, intended);
    if (has_room(sender)) free_.push_back(sender.index());
  }
  if (!free_.empty()) {
    starved_since_ = 0;
  } else if (starved_since_ == 0) {
    starved_since_ = now;
  }
  return next;
}

std::uint32_t publisher_pool::next_audience(std::uint32_t connection) {
  const auto audiences = books_.audiences();
  if (audiences <= settings_.connections) return connection % audiences;
  // Each audience belongs to one connection, so one lane holds its order.
  auto& turn = turn_[connection];
  const auto audience = connection + turn++ * settings_.connections;
  if (audience + settings_.connections >= audiences) turn = 0;
  return audience;
}

void publisher_pool::append_item(std::uint32_t audience, std::uint64_t n, std::int64_t intended) {
  // The path or the subject names the room.
  const bool bare = settings_.speaks == dialect::nchan || settings_.over == carrier::nats;
  if (!bare) {
    body_.append(books_.is_user(audience) ? R"({"user":")" : R"({"room":")");
    body_.append(books_.name(audience)).append(R"(","event":"bench","data":)");
  }
  const auto begin = body_.size();
  body_.append(R"({"n":)");
  append_number(body_, settings_.layout.mark(audience, n));
  body_.append(R"(,"t":)");
  append_number(body_, static_cast<std::uint64_t>(intended));
  body_.append(R"(,"x":")");
  const auto used = body_.size() - begin + 2;
  if (used < settings_.payload_bytes) body_.append(settings_.payload_bytes - used, 'x');
  body_.append(bare ? R"("})" : settings_.ephemeral ? R"("},"ephemeral":true})" : R"("}})");
}

/// The body of a POST.
void publisher_pool::write_post(const post& sent) {
  body_.clear();
  for (std::uint32_t i = 0; i < sent.count; ++i) {
    if (sent.count > 1) body_ += i == 0 ? '[' : ',';
    append_item(sent.audience, sent.first_n + std::uint64_t{i} * books_.lanes(), sent.intended_ns);
  }
  if (sent.count > 1) body_ += ']';
}

/// Messages, and a question that the server answers when it has taken them.
void publisher_pool::write_messages(const post& sent) {
  request_.clear();
  const auto subject = publish_subject(books_.name(sent.audience));
  for (std::uint32_t i = 0; i < sent.count; ++i) {
    body_.clear();
    append_item(sent.audience, sent.first_n + std::uint64_t{i} * books_.lanes(), sent.intended_ns);
    request_.append("PUB ").append(subject).append(1, ' ');
    append_number(request_, body_.size());
    request_.append("\r\n").append(body_).append("\r\n");
  }
  request_.append("PING\r\n");
}

void publisher_pool::send_next(publisher& sender, std::int64_t intended) {
  const auto audience = next_audience(sender.index());
  const auto lane = sender.index() / books_.audiences() % books_.lanes();
  post sent{audience, settings_.batch, books_.next(audience, lane), intended};
  for (std::uint32_t i = 1; i < sent.count; ++i) books_.next(audience, lane);
  if (settings_.over == carrier::nats) {
    write_messages(sent);
  } else {
    write_post(sent);
    request_.assign("POST ").append(publish_path(settings_.speaks, books_.name(audience)));
    request_.append(heads_[sender.index()]);
    append_number(request_, body_.size());
    request_.append("\r\n\r\n").append(body_);
  }
  const auto now = now_ns();
  if (settings_.rate > 0 && intended >= measure_from_) {
    const auto late = now - intended;
    lateness_.record(late, settings_.batch);
    const bool starved = starved_since_ > 0 && now - starved_since_ > late_ns / 2;
    if (late > late_ns && starved) late_for_server_ += settings_.batch;
  }
  scheduled_ += settings_.batch;
  counters_.sent += settings_.batch;
  ++outstanding_;
  sender.send(request_, sent);
}

void publisher_pool::on_free(publisher& sender) {
  ++ready_;
  free_.push_back(sender.index());
}

void publisher_pool::on_answer(publisher& sender, const post& done, int status,
                               std::string_view body) {
  --outstanding_;
  free_.push_back(sender.index());
  if (done.intended_ns >= measure_from_) ack_latency_.record(now_ns() - done.intended_ns);
  if (!accepted(settings_.speaks, status)) {
    const auto reason =
        "HTTP " + std::to_string(status) + ' ' + std::string(find_text(body, "code"));
    for (std::uint32_t i = 0; i < done.count; ++i) refuse(done, i, reason);
  } else if (done.count > 1 && body.find("\"error\"") != std::string_view::npos) {
    count_batch(done, body);
  } else {
    counters_.acked += done.count;
  }
}

/// A batch in which at least one item was refused.
void publisher_pool::count_batch(const post& done, std::string_view body) {
  const auto receipts = nlohmann::json::parse(body, nullptr, false);
  for (std::uint32_t i = 0; i < done.count; ++i) {
    const bool known = receipts.is_array() && i < receipts.size() && receipts[i].is_object();
    if (known && !receipts[i].contains("error")) {
      ++counters_.acked;
      continue;
    }
    const auto text = known ? receipts[i]["error"].dump() : std::string();
    refuse(done, i, "batch item: " + std::string(find_text(text, "code")));
  }
}

void publisher_pool::refuse(const post& sent, std::uint32_t item, std::string_view reason) {
  books_.refused(sent.audience, sent.first_n + std::uint64_t{item} * books_.lanes());
  ++counters_.failed;
  ++failures_[std::string(reason)];
}

void publisher_pool::on_closed(publisher& sender, const std::deque<post>& unanswered,
                               std::string_view reason) {
  if (ready_ > 0)
    ready_ = static_cast<std::size_t>(std::count_if(publishers_.begin(), publishers_.end(),
                                                    [](const publisher& p) { return p.ready(); }));
  outstanding_ -= unanswered.size();
  for (const auto& sent : unanswered) {
    for (std::uint32_t i = 0; i < sent.count; ++i) refuse(sent, i, "unanswered POST");
  }
  ++failures_[std::string(reason)];
  reopen_.emplace_back(now_ns() + reopen_pause_ns, sender.index());
}

}  // namespace starling::bench
