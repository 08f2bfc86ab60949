/// A value or an error the caller can act on. (std::expected is C++23.)
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "net/base/error.hpp"

namespace starling {

/// What went wrong, for the peer: `code` decides the HTTP status, `message` names what, where and
/// what would be right. Never contains tokens or bodies.
struct error {
  errc code = errc::internal;
  std::string message;
};

inline error malformed(std::string message) { return {errc::malformed, std::move(message)}; }

template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::move(value)) {}                    // NOLINT: implicit by design
  result(starling::error failure) : state_(std::move(failure)) {}  // NOLINT

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const starling::error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, starling::error> state_;
};

/// A result without a value.
template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  result(starling::error failure) : failed_(true), failure_(std::move(failure)) {}  // NOLINT

  bool ok() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return ok(); }
  const starling::error& error() const { return failure_; }

 private:
  bool failed_ = false;
  starling::error failure_;
};

}  // namespace starling
