#include "net/wire/ws_frame.hpp"

#include <algorithm>
#include <cstring>

namespace starling::net {

namespace {

/// Appends `bytes` unmasked. `mask` has four bytes; `at` is the place in it and moves on.
void append_unmasked(std::string& out, std::string_view bytes, const std::uint8_t* mask,
                     std::uint8_t& at) {
  const auto start = out.size();
  out.append(bytes);
  std::uint8_t turned[8];
  for (unsigned i = 0; i < 8; ++i) turned[i] = mask[(at + i) & 3];
  std::uint64_t wide = 0;
  std::memcpy(&wide, turned, sizeof wide);
  char* p = out.data() + start;
  std::size_t i = 0;
  for (; i + sizeof wide <= bytes.size(); i += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, p + i, sizeof word);
    word ^= wide;
    std::memcpy(p + i, &word, sizeof word);
  }
  for (; i < bytes.size(); ++i)
    p[i] = static_cast<char>(static_cast<std::uint8_t>(p[i]) ^ turned[i & 7]);
  at = static_cast<std::uint8_t>((at + bytes.size()) & 3);
}

std::uint64_t big_endian(const std::uint8_t* bytes, std::size_t count) noexcept {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < count; ++i) out = out << 8 | bytes[i];
  return out;
}

}  // namespace

std::size_t write_ws_header(ws_opcode opcode, std::uint64_t payload_bytes,
                            std::array<char, max_ws_header>& out) noexcept {
  out[0] = static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  const std::size_t extra = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
  out[1] = static_cast<char>(extra == 0 ? payload_bytes : extra == 2 ? 126 : 127);
  for (std::size_t i = 0; i < extra; ++i)
    out[2 + i] = static_cast<char>(payload_bytes >> (8 * (extra - 1 - i)));
  return 2 + extra;
}

frame make_ws_frame(ws_opcode opcode, std::string_view payload) {
  std::array<char, max_ws_header> header{};
  const auto size = write_ws_header(opcode, payload.size(), header);
  std::string whole(header.data(), size);
  whole += payload;
  return {"", whole, ""};
}

frame make_ws_close(std::uint16_t code, std::string_view reason) {
  if (code == ws_close::none) return make_ws_frame(ws_opcode::close, {});
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
  payload += reason.substr(0, max_ws_control - 2);
  return make_ws_frame(ws_opcode::close, payload);
}

bool valid_ws_close(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

ws_found ws_parser::next(std::string_view& input) {
  if (control_found_ || message_found_) release();
  while (!over_) {
    if (!in_payload_) {
      while (!input.empty() && (have_ < 2 || have_ < header_size())) {
        header_[have_++] = static_cast<std::uint8_t>(input.front());
        input.remove_prefix(1);
        if (have_ == 2)
          if (const auto wrong = begin_frame(); wrong != 0) return fail(wrong);
      }
      if (have_ < 2 || have_ < header_size()) return ws_found::nothing;
      const auto extra = header_size() - 6;
      left_ = extra == 0 ? header_[1] & 0x7Fu : big_endian(header_.data() + 2, extra);
      if ((extra == 2 && left_ < 126) || (extra == 8 && (left_ < 65536 || left_ >> 63 != 0)))
        return fail(ws_close::protocol);
      if (!control() && left_ > limit_ - message_.size()) return fail(ws_close::too_big);
      in_payload_ = true;
      mask_at_ = 0;
    }
    if (const auto found = take_payload(input); found != ws_found::nothing) return found;
    if (in_payload_) return ws_found::nothing;
  }
  input = {};
  return ws_found::nothing;
}

/// Both of the first two header bytes are there. Answers what is wrong with them, or 0.
std::uint16_t ws_parser::begin_frame() noexcept {
  final_ = (header_[0] & 0x80) != 0;
  opcode_ = header_[0] & 0x0F;
  const bool reserved = (header_[0] & 0x70) != 0;
  const bool masked = (header_[1] & 0x80) != 0;
  if (reserved || !masked) return ws_close::protocol;
  if (control())
    return opcode_ > 10 || !final_ || (header_[1] & 0x7F) > max_ws_control ? ws_close::protocol : 0;
  if (opcode_ > 2 || (opcode_ == 0) != fragmented_) return ws_close::protocol;
  if (opcode_ != 0) message_opcode_ = opcode_;
  return 0;
}

std::size_t ws_parser::header_size() const noexcept {
  const unsigned length = header_[1] & 0x7F;
  return 6u + (length == 126 ? 2u : length == 127 ? 8u : 0u);
}

ws_found ws_parser::take_payload(std::string_view& input) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  auto& into = control() ? control_ : message_;
  const auto start = into.size();
  append_unmasked(into, input.substr(0, size), header_.data() + header_size() - 4, mask_at_);
  input.remove_prefix(size);
  left_ -= size;
  const bool text = !control() && message_opcode_ == static_cast<std::uint8_t>(ws_opcode::text);
  if (text && !text_.feed(std::string_view(into).substr(start))) return fail(ws_close::bad_text);
  return left_ == 0 ? end_frame() : ws_found::nothing;
}

ws_found ws_parser::end_frame() {
  in_payload_ = false;
  have_ = 0;
  if (control()) {
    control_found_ = true;
    switch (static_cast<ws_opcode>(opcode_)) {
      case ws_opcode::ping: return ws_found::ping;
      case ws_opcode::pong: return ws_found::pong;
      default: return end_close();
    }
  }
  fragmented_ = !final_;
  if (!final_) return ws_found::nothing;
  message_found_ = true;
  if (message_opcode_ == static_cast<std::uint8_t>(ws_opcode::binary)) return ws_found::binary;
  if (!text_.complete()) return fail(ws_close::bad_text);
  text_.reset();
  return ws_found::text;
}

ws_found ws_parser::end_close() {
  if (control_.size() == 1) return fail(ws_close::protocol);
  code_ = ws_close::none;
  if (!control_.empty()) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(control_.data());
    code_ = static_cast<std::uint16_t>(big_endian(bytes, 2));
    if (!valid_ws_close(code_)) return fail(ws_close::protocol);
    utf8_validator reason;
    if (!reason.feed(std::string_view(control_).substr(2)) || !reason.complete())
      return fail(ws_close::bad_text);
  }
  over_ = true;
  return ws_found::close;
}

ws_found ws_parser::fail(std::uint16_t code) noexcept {
  over_ = true;
  code_ = code;
  control_found_ = message_found_ = true;
  return ws_found::failure;
}

void ws_parser::release() noexcept {
  if (control_found_) std::string().swap(control_);
  if (message_found_) std::string().swap(message_);
  control_found_ = message_found_ = false;
}

}  // namespace starling::net
