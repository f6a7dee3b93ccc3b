#include "apps/interrupt.h"

#include <signal.h>

namespace vitral::apps {
namespace {

// A signal handler can reach nothing but a global.
volatile sig_atomic_t signalled = 0;

void note_signal(int) {
  signalled = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return signalled != 0;
}

}  // namespace vitral::apps
