/// W3C Trace Context: which trace a request or an event belongs to.
#pragma once

#include <string>
#include <string_view>

namespace starling {

/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case, neither id all zeros; later versions may say more
/// after it (128 bytes at most), `ff` is none.
bool valid_traceparent(std::string_view text) noexcept;
/// One of a trace that begins here, into `out` (which keeps its capacity). Any thread.
void make_traceparent(std::string& out);
/// The trace id of one that is valid; empty otherwise.
std::string_view trace_id_of(std::string_view traceparent) noexcept;

}  // namespace starling
