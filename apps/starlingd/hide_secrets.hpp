/// Keeps what is secret on the command line out of the list of processes.
#pragma once

namespace starling::app {

/// Overwrites passwords in URLs, and the values of secret keys, in the arguments as others see them
/// (`ps`, /proc/PID/cmdline): with `x`, as long as they were. Call it when they have been read. Who
/// looks before that sees them all the same: a file or the environment hides better.
void hide_secrets(int argc, char** argv) noexcept;

}  // namespace starling::app
