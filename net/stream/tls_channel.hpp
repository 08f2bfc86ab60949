/// A transport's bytes over TLS: one write in flight, made of all that was queued.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <utility>

#include "net/io/tls_stream.hpp"
#include "net/stream/stream_base.hpp"

namespace starling::net {

/// `Protocol` derives from stream_base.
template <class Protocol>
class tls_channel final : public Protocol {
 public:
  template <class... Args>
  tls_channel(std::unique_ptr<tls_stream> stream, Args&&... args)
      : Protocol(std::forward<Args>(args)...),
        io_(std::make_shared<io>(io{std::move(stream), {}})) {}
  ~tls_channel() override { close_channel(); }

 private:
  static constexpr std::size_t max_frames = 64;
  static constexpr std::size_t enough_bytes = 64 * 1024;

  /// Operations of the TLS stream touch it until they complete, so each holds a share.
  struct io {
    std::unique_ptr<tls_stream> stream;
    std::string out;
  };

  void write_queued() override {
    if (frames_in_flight_ > 0) return this->kernel_is_full();
    std::array<iovec, max_frames> parts;
    const auto count = this->queued().gather(parts);
    io_->out.clear();
    while (frames_in_flight_ < count && io_->out.size() < enough_bytes) {
      const auto& part = parts[frames_in_flight_++];
      io_->out.append(static_cast<const char*>(part.iov_base), part.iov_len);
    }
    boost::asio::async_write(*io_->stream, boost::asio::buffer(io_->out),
                             [this, held = io_, alive = this->life()](
                                 const boost::system::error_code& wrong, std::size_t bytes) {
                               if (alive.expired() || this->over()) return;
                               frames_in_flight_ = 0;
                               this->written(bytes);
                               if (this->queued().empty() && held->out.capacity() > 1024)
                                 std::string().swap(held->out);
                               if (wrong) return this->lost();
                               this->flush();
                             });
  }
  std::size_t frames_begun() const noexcept override { return frames_in_flight_; }

  void arm_read() override {
    // All streams of a thread read into it, each right before it looks.
    static thread_local std::array<char, 4096> in;
    const auto size = std::min(this->read_size(), in.size());
    io_->stream->async_read_some(boost::asio::buffer(in.data(), size),
                                 [this, held = io_, alive = this->life()](
                                     const boost::system::error_code& wrong, std::size_t bytes) {
                                   if (alive.expired() || this->over()) return;
                                   if (wrong) return this->peer_left();
                                   this->input({in.data(), bytes});
                                 });
  }

  void end_output() override {
    io_->stream->async_shutdown(
        [this, held = io_, alive = this->life()](const boost::system::error_code&) {
          if (!alive.expired() && !this->over()) this->peer_left();
        });
  }

  void close_channel() noexcept override {
    boost::system::error_code ignored;  // the descriptor is freed in any case
    io_->stream->next_layer().close(ignored);
  }

  /// With the overhead of TLS: rather too many than too few.
  std::size_t unacknowledged() noexcept override {
    return unacknowledged_bytes(io_->stream->next_layer());
  }

  std::shared_ptr<io> io_;
  std::size_t frames_in_flight_ = 0;
};

}  // namespace starling::net
