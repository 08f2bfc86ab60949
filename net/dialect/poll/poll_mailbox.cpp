#include "net/dialect/poll/poll_mailbox.hpp"

#include <algorithm>
#include <charconv>

#include "net/dialect/poll/poll_format.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net::poll {

namespace {

cursor cursor_of(std::string_view label, const cursor& otherwise) {
  const auto parsed = parse_cursor(label);
  return parsed ? parsed->at : otherwise;
}

void read_number(std::string_view text, std::uint64_t& out) {
  std::from_chars(text.data(), text.data() + text.size(), out);
}

}  // namespace

poll_mailbox::poll_mailbox(std::string client_id, const cursor& from, std::size_t most_kept,
                           std::size_t most_kept_bytes)
    : client_id_(std::move(client_id)),
      most_kept_(most_kept),
      most_kept_bytes_(most_kept_bytes),
      floor_(from),
      position_(from),
      told_(from) {}

std::size_t poll_mailbox::add(frame sent) {
  std::size_t bytes = 0;
  const auto times = sent.accepted_ns();
  std::size_t event = 0;
  each_record(sent.body(), [&](const poll_record& one) {
    switch (one.kind) {
      case record_kind::connected:
        hello_json_ = one.json;
        read_number(one.label, retry_ms_);
        hello_ = true;
        return;
      case record_kind::goodbye:
        goodbye_json_ = one.json;
        goodbye_at_ = cursor_of(one.label.substr(0, one.label.find(retry_mark)), position_);
        read_number(one.label.substr(one.label.find(retry_mark) + 1), retry_ms_);
        goodbye_ = true;
        return;
      case record_kind::event: break;
    }
    const auto at = cursor_of(one.label, position_);
    const auto accepted = event < times.size() ? times[event++] : 0;
    records_.push_back({sent, one.json, at, accepted, false});
    moved_to(at);
    ++untold_.records;
    untold_.bytes += one.json.size();
    bytes += one.json.size();
  });
  all_bytes_ += bytes;
  return bytes;
}

void poll_mailbox::moved_to(const cursor& position) {
  if (position.epoch != position_.epoch || position.seq > position_.seq) position_ = position;
}

poll_mailbox::dropped poll_mailbox::drop_events() {
  dropped out;
  const auto first = records_.begin() + static_cast<std::ptrdiff_t>(told_records());
  const auto kept = std::stable_partition(first, records_.end(),
                                          [](const record& one) { return one.accepted_ns == 0; });
  for (auto at = kept; at != records_.end(); ++at) {
    ++out.events;
    out.bytes += at->size();
  }
  records_.erase(kept, records_.end());
  untold_.records -= out.events;
  untold_.bytes -= out.bytes;
  all_bytes_ -= out.bytes;
  return out;
}

bool poll_mailbox::go_on_from(const std::optional<cursor>& at) {
  if (!at) {
    all_told_are_had();
    return true;
  }
  if (at->epoch != told_.epoch || at->seq < floor_.seq) return false;
  if (at->seq >= told_.seq) {
    all_told_are_had();
    if (at->seq > told_.seq) skip_untold_up_to(*at);
    return true;
  }
  tell_again_after(*at);
  return true;
}

void poll_mailbox::all_told_are_had() {
  had_.records = told_records();
  had_.bytes += told_bytes_;
  told_bytes_ = 0;
  trim();
}

/// The client has heard of these elsewhere.
void poll_mailbox::skip_untold_up_to(const cursor& at) {
  while (untold_.records > 0 && records_[told_records()].at.seq <= at.seq) {
    const auto bytes = records_[told_records()].size();
    --untold_.records;
    untold_.bytes -= bytes;
    ++had_.records;
    had_.bytes += bytes;
  }
  told_ = at;
  moved_to(at);
  trim();
}

void poll_mailbox::tell_again_after(const cursor& at) {
  auto left = told_records();
  while (left > 0 && records_[left - 1].at.seq > at.seq) {
    --left;
    const auto bytes = records_[left].size();
    ++untold_.records;
    untold_.bytes += bytes;
    if (left < had_.records) {
      had_.bytes -= bytes;
      had_.records = left;
    } else {
      told_bytes_ -= bytes;
    }
  }
  told_ = at;
}

void poll_mailbox::trim() {
  while (had_.records > most_kept_ || (had_.records > 0 && had_.bytes > most_kept_bytes_)) {
    floor_ = records_.front().at;
    had_.bytes -= records_.front().size();
    --had_.records;
    records_.pop_front();
  }
}

std::string poll_mailbox::answer(const std::function<void(std::int64_t)>& counted) {
  const auto first = told_records();
  for (auto i = first; i < records_.size(); ++i)
    if (auto& one = records_[i]; one.accepted_ns != 0 && !std::exchange(one.counted, true))
      counted(one.accepted_ns);
  told_bytes_ += untold_.bytes;
  untold_ = {};
  told_ = position_;
  if (goodbye_) told_ = goodbye_at_;
  auto out = compose(first, hello_);
  hello_ = false;
  if (std::exchange(goodbye_, false)) goodbye_told_ = true;
  return out;
}

std::string poll_mailbox::empty_answer() const { return compose(records_.size(), false); }

std::string poll_mailbox::compose(std::size_t first, bool with_hello) const {
  std::string out;
  std::size_t size = 256 + hello_json_.size() + goodbye_json_.size();
  for (auto i = first; i < records_.size(); ++i) size += records_[i].size() + 1;
  out.reserve(size);
  {
    json_writer object(out);
    auto& events = object.value("events");
    events += '[';
    for (auto i = first; i < records_.size(); ++i) {
      if (i != first) events += ',';
      events += records_[i].json;
    }
    events += ']';
    object.text("cursor", told_.str());
    object.text("client_id", client_id_);
    object.number("retry_ms", retry_ms_);
    if (with_hello) object.raw("connected", hello_json_);
    if (goodbye_) object.raw("goodbye", goodbye_json_);
  }
  return out;
}

}  // namespace starling::net::poll
