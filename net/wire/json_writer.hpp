/// One JSON object written straight into a string.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "net/base/event.hpp"
#include "net/wire/json_text.hpp"

namespace starling::net {

/// Opens the object when made, closes it when it goes. Names are written as they are: plain ASCII
/// only. `out` must outlive the writer.
class json_writer {
 public:
  explicit json_writer(std::string& out) : out_(out) { out_ += '{'; }
  ~json_writer() { out_ += '}'; }
  json_writer(const json_writer&) = delete;
  json_writer& operator=(const json_writer&) = delete;

  void text(std::string_view name, std::string_view value) { append_quoted(key(name), value); }
  void boolean(std::string_view name, bool value) { append_bool(key(name), value); }
  template <std::integral Number>
  void number(std::string_view name, Number value) {
    append_number(key(name), value);
  }
  /// `value` is JSON already.
  void raw(std::string_view name, std::string_view value) { key(name) += value; }
  /// For a value the caller appends to the returned string.
  std::string& value(std::string_view name) { return key(name); }
  /// Members of another object, given as its JSON text.
  void members(std::string_view object) {
    if (object.size() <= 2) return;
    comma();
    out_ += object.substr(1, object.size() - 2);
  }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string& key(std::string_view name) {
    comma();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return out_;
  }

  std::string& out_;
  bool first_ = true;
};

/// `{id,room|user|client|all,event,data,ts,sender?,traceparent?}`.
void append_envelope(std::string& out, const event& event);
/// The members of an envelope except `id`.
void append_event_members(json_writer& object, const event& event);

}  // namespace starling::net
