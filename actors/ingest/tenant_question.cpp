#include "actors/ingest/tenant_question.hpp"

#include <chrono>
#include <utility>

namespace starling::actors {

namespace {

constexpr std::chrono::seconds ask_again{5};
constexpr std::size_t most_asked = 10'000;

constexpr std::string_view ask_word = "ask ";
constexpr std::string_view facts_word = "facts ";

}  // namespace

std::optional<std::string> tenant_question::ask(const std::vector<net::mapped_event>& about,
                                                steady_time now) {
  std::string names;
  bool everybody = false;
  for (const auto& event : about) {
    if (event.tenant && event.tenant->str() == "*") {
      names.append("tenants\n");
      everybody = true;
    }
    for (const auto& room : event.rooms) names.append("room ").append(room).append(1, '\n');
    for (const auto* people : {&event.users, &event.about, &event.exclude})
      for (const auto& user : *people) names.append("user ").append(user).append(1, '\n');
  }
  // Who is not known may be asked for again and again; what goes to everybody is rare.
  if (!everybody) {
    if (asked_.size() >= most_asked) asked_.clear();
    auto& last = asked_[names];
    if (last != steady_time{} && now - last < ask_again) return std::nullopt;
    last = now;
  }
  ++number_;
  answers_ = 0;
  return std::string(ask_word).append(head()).append(1, '\n').append(names);
}

tenant_question::told tenant_question::read(std::string_view words) const {
  told out;
  const auto end = words.find('\n');
  if (end == words.npos) return out;
  out.head = words.substr(0, end);
  out.lines = words.substr(end + 1);
  const bool mine = out.head.substr(out.head.rfind(' ') + 1) == self_.str();
  if (!mine && out.head.starts_with(ask_word)) {
    out.kind = kind::question;
    out.head.remove_prefix(ask_word.size());
  } else if (mine && out.head.starts_with(facts_word)) {
    out.kind = kind::facts;
    out.head.remove_prefix(facts_word.size());
    out.current = out.head == head();
  }
  return out;
}

std::string tenant_question::answer(const told& question, std::string_view facts) {
  return std::string(facts_word).append(question.head).append(1, '\n').append(facts);
}

std::string tenant_question::head() const {
  return std::to_string(source_) + ' ' + std::to_string(number_) + ' ' + self_.str();
}

}  // namespace starling::actors
