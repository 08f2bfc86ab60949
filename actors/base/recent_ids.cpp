#include "actors/base/recent_ids.hpp"

namespace starling::actors {

bool recent_ids::first(const event& event, steady_time now) {
  if (!event.id_given) return true;
  while (!by_age_.empty() && (now - by_age_.front().first >= window_ || by_age_.size() >= most)) {
    known_.erase(known_.find(*by_age_.front().second));
    by_age_.pop_front();
  }
  // No name holds a line break.
  std::string key = event.channel.tenant.str();
  key += '\n';
  key += static_cast<char>(event.channel.kind);
  key += event.channel.name;
  key += '\n';
  key += event.id;
  const auto [at, fresh] = known_.insert(std::move(key));
  if (fresh) by_age_.emplace_back(now, &*at);
  return fresh;
}

}  // namespace starling::actors
