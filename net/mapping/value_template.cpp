#include "net/mapping/value_template.hpp"

#include <charconv>
#include <utility>

namespace starling::net {

namespace {

std::string braced(std::string_view text) { return "{" + std::string(text) + "}"; }

json_value find(const auto& from, const mapping_input& in) {
  if (from.token != 0) {
    const auto token = subject_token(in.subject, from.token);
    return token ? json_value{json_kind::string, std::string(*token)} : json_value{};
  }
  if (!from.element) return in.body.find(from.pointer);
  if (!in.element) return {};
  std::string text;
  append_json(text, in.element);
  return from.pointer.find(json_reader(text));
}

/// The first part of `rest` before a bar; the rest is what follows.
std::string_view take_segment(std::string_view& rest) {
  const auto bar = rest.find('|');
  const auto out = rest.substr(0, bar);
  rest.remove_prefix(bar == rest.npos ? rest.size() : bar + 1);
  return out;
}

}  // namespace

result<value_template::placeholder> value_template::parse_placeholder(
    std::string_view text, const subject_pattern& subject, const mapping_tables& tables) {
  const auto wrong = [&](const std::string& reason) {
    return error{errc::malformed, "placeholder " + braced(text) + ": " + reason};
  };
  placeholder out;
  out.text = text;
  auto rest = text;
  bool more = true;
  while (more) {
    more = rest.find('|') != rest.npos;
    auto segment = take_segment(rest);
    const bool transforms_only =
        !out.sources.empty() && !segment.starts_with('/') && !segment.starts_with('@');
    if (transforms_only) {
      auto step = make_transform(segment, tables);
      if (!step) return wrong(step.error().message);
      out.transforms.push_back(std::move(*step));
      continue;
    }
    if (!out.transforms.empty()) return wrong("places to look at come before transforms");
    source from;
    const auto* const end = segment.data() + segment.size();
    const auto [stop, failed] = std::from_chars(segment.data(), end, from.token);
    if (!segment.empty() && failed == std::errc() && stop == end) {
      if (from.token == 0) return wrong("tokens of the subject are counted from 1");
      if (from.token > subject.tokens() && !subject.open())
        return wrong("\"" + subject.str() + "\" has " + std::to_string(subject.tokens()) +
                     (subject.tokens() == 1 ? " token" : " tokens"));
      out.sources.push_back(std::move(from));
      continue;
    }
    from.token = 0;
    if (segment.starts_with('@')) {
      from.element = true;
      segment.remove_prefix(1);
    }
    auto pointer = json_pointer::parse(segment);
    if (!pointer)
      return wrong("expected a JSON pointer such as /user/id, or the number of a subject's token");
    from.pointer = std::move(*pointer);
    out.sources.push_back(std::move(from));
  }
  return out;
}

result<value_template> value_template::parse(std::string_view text, const subject_pattern& subject,
                                             const mapping_tables& tables) {
  value_template out;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) out.parts_.emplace_back(std::exchange(literal, {}));
  };
  while (!text.empty()) {
    if (text.starts_with("{{") || text.starts_with("}}")) {
      literal += text.front();
      text.remove_prefix(2);
    } else if (text.front() == '}') {
      return error{errc::malformed, "has a } without its {; a brace as such is written twice"};
    } else if (text.front() == '{') {
      const auto end = text.find('}');
      if (end == text.npos)
        return error{errc::malformed, "has a { without its }; a brace as such is written twice"};
      auto found = parse_placeholder(text.substr(1, end - 1), subject, tables);
      if (!found) return found.error();
      flush();
      out.parts_.emplace_back(std::move(*found));
      text.remove_prefix(end + 1);
    } else {
      literal += text.front();
      text.remove_prefix(1);
    }
  }
  flush();
  if (out.parts_.empty()) out.parts_.emplace_back(std::string());
  return out;
}

result<json_value> value_template::fill(const placeholder& from, const mapping_input& in) {
  json_value value;
  for (const auto& each : from.sources) {
    value = find(each, in);
    if (value && value.kind != json_kind::null) break;
  }
  for (const auto& step : from.transforms) {
    if (!value || (value.kind == json_kind::null && !step->judges_null())) break;
    auto next = step->apply(std::move(value));
    if (!next) return error{next.error().code, braced(from.text) + " " + next.error().message};
    value = std::move(*next);
  }
  return value;
}

result<json_value> value_template::render(const mapping_input& in) const {
  if (parts_.size() == 1 && std::holds_alternative<placeholder>(parts_.front()))
    return fill(std::get<placeholder>(parts_.front()), in);
  json_value out{json_kind::string, {}};
  for (const auto& each : parts_) {
    if (const auto* literal = std::get_if<std::string>(&each)) {
      out.text += *literal;
      continue;
    }
    auto value = fill(std::get<placeholder>(each), in);
    if (!value) return value.error();
    if (!*value || value->kind == json_kind::null) return json_value{};
    out.text += value->text;
  }
  return out;
}

}  // namespace starling::net
