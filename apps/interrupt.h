/// Ctrl-C and SIGTERM as a question that long runs ask.
#pragma once

namespace vitral::apps {

/// From now on the first SIGINT or SIGTERM only makes interrupted() true; the second ends the process at once.
void catch_interrupts();
bool interrupted();

/// What a run that stopped cleanly after an interrupt exits with.
inline constexpr int kInterruptedExit = 130;

}  // namespace vitral::apps
