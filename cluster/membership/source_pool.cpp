#include "cluster/membership/source_pool.hpp"

#include <algorithm>
#include <utility>

#include "net/base/log.hpp"
#include "net/base/thread_name.hpp"

namespace starling::cluster {

std::string_view to_string(source_result result) noexcept {
  switch (result) {
    case source_result::ok: return "ok";
    case source_result::failed: return "failed";
    case source_result::timeout: return "timeout";
    case source_result::overload: return "overload";
  }
  return "?";
}

source_pool::source_pool(source_pool_options options, const maker& make)
    : options_(std::move(options)) {
  state_.detail = "not asked yet";
  for (std::size_t i = 0; i < options_.threads; ++i) askers_.push_back(make());
}

source_pool::~source_pool() { source_pool::stop(); }

void source_pool::start(membership_listener&) {
  {
    const std::lock_guard hold(mutex_);
    running_ = true;
  }
  for (const auto& asker : askers_) threads_.emplace_back([this, &asker] { run(*asker); });
}

void source_pool::stop() {
  {
    const std::lock_guard hold(mutex_);
    running_ = false;
    queue_.clear();
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void source_pool::rooms_of_user(tenant_id tenant, std::string user, completion<names> done) {
  ask({membership_query::kind::rooms_of_user, std::move(tenant), std::move(user)}, std::move(done));
}

void source_pool::users_of_room(tenant_id tenant, std::string room, completion<names> done) {
  ask({membership_query::kind::users_of_room, std::move(tenant), std::move(room)}, std::move(done));
}

void source_pool::ask(membership_query query, completion<names> done) {
  {
    const std::lock_guard hold(mutex_);
    if (!running_) return;
    if (queue_.size() < options_.max_waiting) {
      queue_.push_back({std::move(query), std::move(done), steady_clock::now()});
      changed_.notify_one();
      return;
    }
  }
  count(source_result::overload, steady_clock::now());
  done(error{errc::rate_limited, "too many questions wait for the source " + options_.name});
}

void source_pool::run(membership_asker& asker) {
  name_this_thread("ask-" + options_.name);
  for (;;) {
    waiting next;
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [this] { return !running_ || !queue_.empty(); });
      if (!running_) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    const auto deadline = next.since + options_.timeout;
    if (steady_clock::now() >= deadline)
      finish(next, error{errc::timeout, "the question waited too long for its turn"});
    else
      finish(next, asker.ask(next.query, deadline));
  }
}

void source_pool::finish(waiting& of, result<names> answer) {
  if (answer) {
    drop_invalid(of.query, *answer);
    count(source_result::ok, of.since);
    found(true, "answers");
  } else {
    count(answer.error().code == errc::timeout ? source_result::timeout : source_result::failed,
          of.since);
    found(false, answer.error().message);
  }
  {
    const std::lock_guard hold(mutex_);
    if (!running_) return;
  }
  of.done(std::move(answer));
}

void source_pool::count(source_result result, steady_time since) {
  const std::lock_guard hold(mutex_);
  ++state_.requests[static_cast<std::size_t>(result)];
  const auto ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(steady_clock::now() - since).count();
  const auto bucket = std::ranges::lower_bound(latency_bounds, ns) - latency_bounds.begin();
  ++state_.by_latency[static_cast<std::size_t>(bucket)];
  state_.latency_sum_ns += static_cast<std::uint64_t>(ns);
}

void source_pool::drop_invalid(const membership_query& query, names& answer) {
  const bool rooms = query.asked == membership_query::kind::rooms_of_user;
  const auto bad = std::erase_if(answer, [&](const std::string& name) {
    return !(rooms ? valid_room(name) : valid_user(name));
  });
  if (bad > 0)
    log::warn("a membership source gave names that are none; they are left out",
              {{"source", options_.name}, {"of", rooms ? "rooms" : "users"}, {"count", bad}});
}

void source_pool::found(bool ok, const std::string& detail) {
  bool changed = false;
  {
    const std::lock_guard hold(mutex_);
    changed = state_.ok != ok;
    state_.ok = ok;
    state_.detail = detail;
  }
  if (changed && ok) log::info("a membership source is back", {{"source", options_.name}});
  if (changed && !ok)
    log::warn("a membership source is away", {{"source", options_.name}, {"why", detail}});
}

source_state source_pool::state() const {
  const std::lock_guard hold(mutex_);
  return state_;
}

}  // namespace starling::cluster
