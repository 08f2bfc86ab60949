#include "actors/api/event_index.hpp"

#include <utility>

namespace starling::actors {

void event_index::find(const channel& where, epoch_id epoch, std::string id, done then) {
  sequence after = 0;
  {
    const std::lock_guard guard(mutex_);
    if (channels_.size() >= max_channels && !channels_.contains(where))
      std::erase_if(channels_, [](const auto& each) { return !each.second.reading; });
    auto& of = channels_[where];
    if (of.reading) {
      of.waiting.push_back({std::move(id), std::move(then)});
      return;
    }
    if (of.epoch != epoch) of = {.epoch = epoch};
    of.reading = true;
    of.asked.push_back({std::move(id), std::move(then)});
    after = of.through;
  }
  read(where, after);
}

void event_index::read(const channel& where, sequence after) {
  engine_.history_of(where.tenant)
      .read(where, after, ~sequence{0}, page_events,
            [this, where](result<cluster::log_page> page) { on_page(where, std::move(page)); });
}

void event_index::on_page(const channel& where, result<cluster::log_page> page) {
  std::vector<std::pair<done, result<std::optional<sequence>>>> answers;
  std::optional<sequence> go_on;
  {
    const std::lock_guard guard(mutex_);
    auto& of = channels_.at(where);
    const bool more = page && page->more && !page->events.empty();
    if (page) learn(of, std::move(*page));
    if (more) {
      go_on = of.through;
    } else {
      for (auto& one : std::exchange(of.asked, {})) {
        if (!page) {
          answers.emplace_back(std::move(one.then), page.error());
          continue;
        }
        const auto at = of.ids.find(one.id);
        answers.emplace_back(std::move(one.then),
                             at == of.ids.end() ? std::nullopt : std::optional(at->second));
      }
      of.asked = std::exchange(of.waiting, {});
      of.reading = !of.asked.empty();
      if (of.reading) go_on = of.through;
    }
  }
  for (auto& [then, answer] : answers) then(std::move(answer));
  if (go_on) read(where, *go_on);
}

void event_index::learn(known_channel& of, cluster::log_page&& page) {
  for (auto& stored : page.events) {
    of.through = stored.seq;
    if (of.ids.emplace(stored.what.id, stored.seq).second)
      of.order.emplace_back(stored.seq, std::move(stored.what.id));
  }
  // What history has let go of cannot be resumed from.
  while (!of.order.empty() && page.oldest > of.order.front().first) {
    of.ids.erase(of.order.front().second);
    of.order.pop_front();
  }
}

}  // namespace starling::actors
