#include "net/base/subject_pattern.hpp"

#include <algorithm>
#include <utility>

namespace starling {

namespace {

bool valid_token(std::string_view token, bool last) noexcept {
  if (token.empty() || (token == ">" && !last)) return false;
  if (token.size() > 1 && token.find_first_of("*>") != token.npos) return false;
  return std::none_of(token.begin(), token.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

bool any(std::string_view token) noexcept { return token == "*" || token == ">"; }

}  // namespace

subject_pattern::subject_pattern(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {
  for (const auto& token : tokens_) {
    if (!text_.empty()) text_ += '.';
    text_ += token;
  }
}

std::optional<subject_pattern> subject_pattern::parse(std::string_view text) {
  std::vector<std::string> tokens;
  for (;;) {
    const auto dot = text.find('.');
    const bool last = dot == text.npos;
    const auto token = text.substr(0, dot);
    if (!valid_token(token, last)) return std::nullopt;
    tokens.emplace_back(token);
    if (last) return subject_pattern(std::move(tokens));
    text.remove_prefix(dot + 1);
  }
}

bool subject_pattern::matches(std::string_view subject) const noexcept {
  for (const auto& token : tokens_) {
    if (token == ">") return true;  // a subject has no empty token, so one is left
    const auto dot = subject.find('.');
    const auto found = subject.substr(0, dot);
    if (token != "*" && token != found) return false;
    const bool last = &token == &tokens_.back();
    if (dot == subject.npos) return last;
    if (last) return false;
    subject.remove_prefix(dot + 1);
  }
  return false;
}

bool subject_pattern::overlaps(const subject_pattern& other) const noexcept {
  for (std::size_t i = 0;; ++i) {
    const bool mine = i < tokens_.size();
    const bool theirs = i < other.tokens_.size();
    if (!mine || !theirs) return mine == theirs;
    const auto& a = tokens_[i];
    const auto& b = other.tokens_[i];
    if (a == ">" || b == ">") return true;
    if (a != b && !any(a) && !any(b)) return false;
  }
}

subject_pattern subject_pattern::merged(const subject_pattern& other) const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(tokens_.size(), other.tokens_.size()); ++i) {
    const auto& a = tokens_[i];
    const auto& b = other.tokens_[i];
    if (a == ">" || b == ">") {
      out.emplace_back(">");
      break;
    }
    out.push_back(a == b ? a : "*");
  }
  if (tokens_.size() != other.tokens_.size()) out.back() = ">";
  return subject_pattern(std::move(out));
}

std::optional<std::string_view> subject_token(std::string_view subject, std::size_t n) noexcept {
  for (;; --n) {
    const auto dot = subject.find('.');
    if (n == 1) return subject.substr(0, dot);
    if (n == 0 || dot == subject.npos) return std::nullopt;
    subject.remove_prefix(dot + 1);
  }
}

}  // namespace starling
