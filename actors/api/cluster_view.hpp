/// Questions and commands to the whole cluster: this node's own answer and those of the others.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/api/back_on.hpp"
#include "actors/api/node_answers.hpp"
#include "actors/api/node_codec.hpp"
#include "actors/base/locator.hpp"
#include "actors/base/node_directory.hpp"

namespace starling::actors {

/// Answers of a question to all nodes. Every answer says who gave one and who did not.
template <class Answer>
struct cluster_answer {
  struct part {
    std::string node;
    Answer body;
  };
  std::vector<part> parts;  ///< this node's first
  std::vector<std::string> missing;

  std::vector<std::string> replied() const {
    std::vector<std::string> out;
    for (const auto& part : parts) out.push_back(part.node);
    return out;
  }
};

/// Asks in values (see node_protocol). The questions are called on the thread of `loop`, and so is
/// their `done`.
class cluster_view final : public session_locator {
 public:
  cluster_view(node_context& node, node_directory& nodes, node_answers& here)
      : node_(node), nodes_(nodes), here_(here) {}

  /// All nodes' answers.
  template <class Question>
  void ask_all(net::io_loop& loop, Question asked,
               std::function<void(cluster_answer<typename Question::answer>)> done) const;
  /// One node's answer, this one's included. Errors: the node's own; not_found, timeout,
  /// unavailable.
  template <class Question>
  void ask(net::io_loop& loop, const std::string& node, Question asked,
           cluster::completion<typename Question::answer> done) const;
  /// The answer of the node that holds the session.
  template <class Question>
  void ask_home_of(net::io_loop& loop, const session_id& id, Question asked,
                   cluster::completion<typename Question::answer> done) const {
    if (const auto home = home_of(id))
      ask(loop, *home, std::move(asked), std::move(done));
    else
      done(home.error());
  }

  /// The node ends: nothing is asked any more, see node_answers.
  bool closed() const noexcept { return here_.closed(); }

  // session_locator
  void deliver(event item, std::function<void(result<void>)> done) override;

 private:
  using replies = std::vector<cluster::node_reply>;

  /// Errors: not_found (no node has such sessions), unavailable.
  result<std::string> home_of(const session_id& id) const;
  void ask_others(std::string packed, std::size_t expected,
                  std::function<void(replies)> done) const;
  void ask_other(const std::string& node, std::string packed,
                 cluster::completion<std::string> done) const;
  /// What is no answer at all is counted.
  template <class Question>
  static result<typename Question::answer> read(const std::string& node, std::string_view bytes);
  static error unreadable(const std::string& node, std::size_t bytes, const error& why);

  node_context& node_;
  node_directory& nodes_;
  node_answers& here_;
};

template <class Question>
result<typename Question::answer> cluster_view::read(const std::string& node,
                                                     std::string_view bytes) {
  auto out = decode_answer<Question>(bytes);
  if (!out) return unreadable(node, bytes.size(), out.error());
  return std::move(*out);
}

template <class Question>
void cluster_view::ask_all(
    net::io_loop& loop, Question asked,
    std::function<void(cluster_answer<typename Question::answer>)> done) const {
  using answer = typename Question::answer;
  struct asking {
    cluster_answer<answer> out;
    std::vector<std::string> expected;
    std::function<void(cluster_answer<answer>)> done;
    node_answers& here;
    int halves = 2;

    void half_done() {
      if (--halves > 0 || here.closed()) return;
      std::stable_partition(out.parts.begin(), out.parts.end(),
                            [this](const auto& part) { return part.node == expected.front(); });
      for (const auto& node : expected)
        if (std::none_of(out.parts.begin(), out.parts.end(),
                         [&](const auto& part) { return part.node == node; }))
          out.missing.push_back(node);
      done(std::move(out));
    }
  };
  if (closed()) return;
  auto state = std::make_shared<asking>(asking{{}, {}, {}, here_});
  state->expected = nodes_.others(steady_clock::now());
  const auto others = state->expected.size();
  state->expected.insert(state->expected.begin(), node_.options.id.str());
  state->done = std::move(done);
  ask_others(encode(question(asked)), others, back_on(loop, [state](replies given) {
               for (auto& reply : given) {
                 auto body = read<Question>(reply.from.str(), reply.payload);
                 if (body) state->out.parts.push_back({reply.from.str(), std::move(*body)});
               }
               state->half_done();
             }));
  here_.answer(loop, asked, [state](result<answer> mine) {
    if (mine) state->out.parts.push_back({state->expected.front(), std::move(*mine)});
    state->half_done();
  });
}

template <class Question>
void cluster_view::ask(net::io_loop& loop, const std::string& node, Question asked,
                       cluster::completion<typename Question::answer> done) const {
  using answer = typename Question::answer;
  if (closed()) return;
  if (node == node_.options.id.str()) return here_.answer(loop, asked, std::move(done));
  ask_other(node, encode(question(std::move(asked))),
            back_on(loop, [this, node, done = std::move(done)](result<std::string> reply) {
              if (closed()) return;
              done(reply ? read<Question>(node, *reply) : result<answer>(reply.error()));
            }));
}

}  // namespace starling::actors
