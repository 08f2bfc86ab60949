/// What a session of long-poll has to say, what it has said, and what its client is known to have.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "net/base/cursor.hpp"
#include "net/base/frame.hpp"

namespace starling::net::poll {

/// The records of a session in order, in three parts: had (the client has shown a cursor beyond
/// them; some are kept for who asks again with an older one), told (in an answer that may have been
/// lost), and untold.
///
/// What is not stored carries the cursor of what came before it, so a cursor does not say whether
/// its client has had it: such a record goes with the answer it was first told in.
///
/// Pure; one thread. JSON of answers: net/PROTOCOL.md.
class poll_mailbox {
 public:
  /// from: where the session began. Records that were had are kept up to these amounts.
  explicit poll_mailbox(std::string client_id, const cursor& from, std::size_t most_kept = 256,
                        std::size_t most_kept_bytes = 256 * 1024);

  /// Takes the records of a frame of poll_format(). Returns their bytes.
  std::size_t add(frame sent);
  /// Everything up to here has been said, or was not for this session.
  void moved_to(const cursor& position);
  /// Forgets the untold events; notices stay. Returns how many.
  struct dropped {
    std::size_t events = 0;
    std::size_t bytes = 0;
  };
  dropped drop_events();

  /// A client comes that stands at `at` (none: where the last answer left it). False when the
  /// session cannot go on from there: the cursor is of another life of the store, or older than
  /// what is kept.
  bool go_on_from(const std::optional<cursor>& at);
  /// Is there anything to say?
  bool has_news() const noexcept { return hello_ || goodbye_ || untold_.records > 0; }
  bool said_goodbye() const noexcept { return goodbye_told_; }
  /// An answer with all news; they are told then. counted: called for each event that is told for
  /// the first time, with the time it was accepted at.
  std::string answer(const std::function<void(std::int64_t accepted_ns)>& counted);
  /// An answer without any.
  std::string empty_answer() const;

  /// For a client that comes when the session is over and may stand before `answer()`.
  const cursor& told() const noexcept { return told_; }
  const std::string& goodbye() const noexcept { return goodbye_json_; }
  std::uint64_t retry_ms() const noexcept { return retry_ms_; }

  std::size_t untold_records() const noexcept { return untold_.records; }
  std::size_t untold_bytes() const noexcept { return untold_.bytes; }
  /// Bytes of all events and notices so far, and of those that the client is known to have.
  std::uint64_t all_bytes() const noexcept { return all_bytes_; }
  std::uint64_t had_bytes() const noexcept { return all_bytes_ - untold_.bytes - told_bytes_; }

 private:
  struct record {
    frame bytes;  ///< holds `json`
    std::string_view json;
    cursor at;
    std::int64_t accepted_ns = 0;  ///< 0: no event
    bool counted = false;
    std::size_t size() const noexcept { return json.size(); }
  };
  struct amount {
    std::size_t records = 0;
    std::size_t bytes = 0;
  };
  std::size_t told_records() const noexcept { return records_.size() - untold_.records; }
  void all_told_are_had();
  void skip_untold_up_to(const cursor& at);
  void tell_again_after(const cursor& at);
  void trim();
  std::string compose(std::size_t first, bool with_hello) const;

  const std::string client_id_;
  const std::size_t most_kept_;
  const std::size_t most_kept_bytes_;
  std::deque<record> records_;  ///< had, told, untold
  amount had_;                  ///< of records_
  amount untold_;
  std::uint64_t all_bytes_ = 0;
  std::size_t told_bytes_ = 0;  ///< told and not yet had
  cursor floor_;                ///< before the first of records_
  cursor position_;
  cursor told_;  ///< the cursor of the last answer
  std::string hello_json_;
  std::string goodbye_json_;
  cursor goodbye_at_;
  std::uint64_t retry_ms_ = 0;
  bool hello_ = false;    ///< untold
  bool goodbye_ = false;  ///< untold
  bool goodbye_told_ = false;
};

}  // namespace starling::net::poll
