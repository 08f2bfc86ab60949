#include "actors/api/event_index.hpp"

#include <utility>

namespace starling::actors {

void event_index::find(const channel& channel, epoch_id epoch, std::string id, done then) {
  sequence known = 0;
  {
    const std::lock_guard guard(mutex_);
    if (channels_.size() >= max_channels && !channels_.contains(channel))
      std::erase_if(channels_, [](const auto& each) { return !each.second.reading; });
    auto& of = channels_[channel];
    if (of.reading) {
      of.waiting.push_back({std::move(id), std::move(then)});
      return;
    }
    if (of.epoch != epoch) of = {.epoch = epoch};
    of.reading = true;
    of.asked.push_back({std::move(id), std::move(then)});
    known = of.up_to;
  }
  read(channel, known);
}

void event_index::read(const channel& channel, sequence known) {
  // The last one known once more: a page that is empty then says that it is gone.
  const auto after = known == 0 ? 0 : known - 1;
  engine_.history_of(channel.tenant)
      .read(channel, after, ~sequence{0}, page_events,
            [this, channel](result<cluster::log_page> page) { on_page(channel, std::move(page)); });
}

void event_index::on_page(const channel& channel, result<cluster::log_page> page) {
  std::vector<std::pair<done, result<std::optional<sequence>>>> answers;
  std::optional<sequence> go_on;
  {
    const std::lock_guard guard(mutex_);
    auto& of = channels_.at(channel);
    const bool gone = page && page->events.empty() && of.up_to != 0;
    const bool more = page && page->more && !page->events.empty();
    if (page) learn(of, std::move(*page));
    if (gone || more) {
      go_on = of.up_to;
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
      if (of.reading) go_on = of.up_to;
    }
  }
  for (auto& [then, answer] : answers) then(std::move(answer));
  if (go_on) read(channel, *go_on);
}

void event_index::learn(known_channel& of, cluster::log_page&& page) {
  if (page.events.empty()) {
    of.ids.clear();
    of.order.clear();
    of.up_to = 0;
    return;
  }
  for (auto& stored : page.events) {
    of.up_to = stored.seq;
    if (of.ids.emplace(stored.event.id, stored.seq).second)
      of.order.emplace_back(stored.seq, std::move(stored.event.id));
  }
  // What history has let go of cannot be resumed from.
  while (!of.order.empty() && page.oldest > of.order.front().first) {
    of.ids.erase(of.order.front().second);
    of.order.pop_front();
  }
}

}  // namespace starling::actors
