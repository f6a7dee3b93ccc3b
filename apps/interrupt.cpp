#include "apps/interrupt.h"

#include <signal.h>

#include <initializer_list>

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
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

bool interrupted() {
  return signalled != 0;
}

}  // namespace vitral::apps
